"""The examples of the user guide, as they stand in examples/guide: applied unchanged they behave as the guide says,
and those that need what this gateway does not do are refused with a sentence that names the field."""
import contextlib
import os
import subprocess
import sys

import pytest

from testkit import BIN, ROOT, Gateway
from upstreams import Upstream

GUIDE = ROOT / "examples/guide"


def text_of(name):
    return (GUIDE / f"{name}.yaml").read_text()


@pytest.fixture(scope="module")
def plain():
    server = Upstream()
    yield server
    server.close()


@pytest.fixture(scope="module")
def secure(authority):
    """Recording TLS upstreams by the names that the guide uses."""
    names = ["generativelanguage.googleapis.com", "apiv1.example.com", "apiv2.example.com", "api.example.com"]
    servers = {name: Upstream(tls=authority.server(name)) for name in names}
    yield servers
    for server in servers.values():
        server.close()


@pytest.fixture(scope="module")
def gateway(plain, secure, authority):
    resolve = {"my-api.default.svc:8080": plain.address}
    resolve.update({f"{name}:443": server.address for name, server in secure.items()})
    with Gateway(resolve=resolve, upstream_ca=authority.file) as started:
        started.user("alice", groups=["dev", "ops"], policies=["allow-all"])
        started.user("carol", groups=["prod"], policies=["allow-all"])
        started.user("erin", groups=["dev", "ops"])  # nothing is granted to her but by the Service
        started.user("frank", groups=["dev"])
        started.user("bob")
        yield started


@pytest.fixture(autouse=True)
def nothing_seen(plain, secure):
    plain.take()
    for server in secure.values():
        server.take()


@contextlib.contextmanager
def applied(gateway, text, name):
    gateway.apply(text)
    try:
        yield
    finally:
        gateway.run("delete", "service", name)


def test_01_a_service_in_front_of_an_upstream(gateway, plain):
    with applied(gateway, text_of("01-direct-upstream"), "my-api"):
        answer = gateway.get("my-api", "/a/b?c=d", token=gateway.token("alice"))
        assert answer.status == 200
        seen = plain.one()
        assert (seen.method, seen.path) == ("GET", "/a/b?c=d")
        assert seen.header("host") == "my-api.default.svc:8080"
        assert seen.header("authorization") is None
        assert gateway.get("my-api").status == 401
        assert gateway.get("my-api", token=gateway.token("bob")).status == 403
        assert plain.take() == []


@pytest.mark.parametrize("name", ["03-secretless-bearer", "03-secretless-bearer-as-printed"])
def test_03_the_upstream_gets_the_secret_and_the_client_never_sees_it(gateway, secure, name):
    upstream = secure["generativelanguage.googleapis.com"]
    gateway.secret("gemini-api-key", "KEY-1")
    try:
        with applied(gateway, text_of(name), "my-gemini"):
            answer = gateway.get("my-gemini", "/v1beta/models", token=gateway.token("alice"))
            assert answer.status == 200
            seen = upstream.one()
            assert seen.all("authorization") == ["Bearer KEY-1"]
            assert seen.header("host") == "generativelanguage.googleapis.com"
            # A rotated Secret is used by the next request.
            gateway.run("update", "secret", "gemini-api-key", "--value", "KEY-2")
            gateway.get("my-gemini", "/", token=gateway.token("alice"))
            assert upstream.one().all("authorization") == ["Bearer KEY-2"]
            gateway.entry_of(answer)
            assert "KEY-" not in gateway.access_log.read_text()
    finally:
        gateway.run("delete", "secret", "gemini-api-key")


def test_05_the_path_chooses_the_upstream(gateway, secure):
    with applied(gateway, text_of("05-dynamic-by-path"), "my-api"):
        token = gateway.token("alice")
        for version in ("v1", "v2"):
            answer = gateway.get("my-api", f"/{version}/users?page=1", token=token)
            assert answer.status == 200
            assert secure[f"api{version}.example.com"].one().path == "/users?page=1"
            assert gateway.entry_of(answer)["ext"]["config"] == version
        # No rule matches and there is no config of its own: there is no upstream.
        answer = gateway.get("my-api", "/other", token=token)
        assert answer.status == 502
        assert gateway.entry_of(answer)["ext"]["reason"] == "no_upstream"


def test_06_the_group_chooses_the_upstream(gateway, secure):
    with applied(gateway, text_of("06-dynamic-by-identity"), "my-api"):
        assert gateway.get("my-api", "/v1/users", token=gateway.token("carol")).status == 200
        assert secure["apiv1.example.com"].one().path == "/users"
        assert gateway.get("my-api", "/v2/users", token=gateway.token("alice")).status == 200
        assert secure["apiv2.example.com"].one().path == "/users"


def test_07_each_config_has_its_own_secret(gateway, secure):
    gateway.secret("access-token-1", "TOKEN-1")
    gateway.secret("access-token-2", "TOKEN-2")
    with applied(gateway, text_of("07-dynamic-secretless"), "my-api"):
        for number in ("1", "2"):
            path = f"/v{number}/things"
            assert gateway.get("my-api", path, token=gateway.token("alice")).status == 200
            seen = secure[f"apiv{number}.example.com"].one()
            assert (seen.path, seen.all("authorization")) == (path, [f"Bearer TOKEN-{number}"])


# Example 09 allows when all five conditions hold; each row breaks one of them.
GOOD = {"user": "erin", "method": "POST", "path": "/users/1", "header": "this-value",
        "body": '{"age": 30, "email": "erin@example.com"}'}
BROKEN = {
    "groups": {"user": "frank"},
    "method": {"method": "PATCH"},
    "path": {"path": "/groups"},
    "header": {"header": "another-value"},
    "no header": {"header": None},
    "age": {"body": '{"age": 18, "email": "erin@example.com"}'},
    "email": {"body": '{"age": 30, "email": "erin@example.org"}'},
}


def send_09(gateway, **changes):
    row = {**GOOD, **changes}
    headers = [("Content-Type", "application/json")]
    if row["header"] is not None:
        headers.append(("X-Custom-Header", row["header"]))
    return gateway.request("my-api", row["method"], row["path"], headers, row["body"], token=gateway.token(row["user"]))


@pytest.fixture(scope="module")
def example_09(gateway):
    """Applied unchanged it is a private Service; made public, it can be asked from outside."""
    text = text_of("09-access-control")
    gateway.apply(text)
    private = send_09(gateway)
    assert private.status == 404
    assert gateway.entry_of(private)["ext"]["reason"] == "service_not_public"
    gateway.apply(text.replace("  mode: HTTP\n", "  mode: HTTP\n  isPublic: true\n"))
    yield
    gateway.run("delete", "service", "my-api")


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_09_everything_holds(gateway, secure, example_09, method):
    answer = send_09(gateway, method=method)
    assert answer.status == 200
    seen = secure["api.example.com"].one()
    assert (seen.method, seen.path, seen.body.decode()) == (method, "/users/1", GOOD["body"])
    reason = gateway.entry_of(answer)["entry"]["common"]["reason"]
    assert reason["type"] == "POLICY_MATCH"
    assert reason["details"]["policyMatch"]["inlinePolicy"]["resourceRef"]["name"] == "my-api.default"


@pytest.mark.parametrize("which", BROKEN)
def test_09_one_condition_does_not_hold(gateway, secure, example_09, which):
    answer = send_09(gateway, **BROKEN[which])
    assert answer.status == 403
    entry = gateway.entry_of(answer)
    assert entry["entry"]["common"]["status"] == "DENIED"
    assert entry["entry"]["common"]["reason"]["type"] == "NO_POLICY_MATCH"
    assert entry["ext"]["reason"] == "no_policy_match"
    assert secure["api.example.com"].take() == []


@pytest.mark.parametrize("body", ["", "not json", "[1]", '{"age": 30}'])
def test_09_a_body_that_the_rule_cannot_read_is_denied(gateway, secure, example_09, body):
    answer = send_09(gateway, body=body)
    assert answer.status == 403
    assert gateway.entry_of(answer)["entry"]["common"]["status"] == "DENIED"
    assert secure["api.example.com"].take() == []


REFUSED = {
    "02-remote-upstream-by-user": "spec.config.upstream.user: upstreams served by connected Users are not supported",
    "04-managed-container": "spec.config.upstream.container: containers are not supported",
    "08-dynamic-containers": "spec.dynamicConfig.configs[0].upstream.container: containers are not supported",
    "10-lua": "spec.config.http.plugins: plugins are not supported",
    "10-lua-as-printed": "spec.config.http.plugins: plugins are not supported",
    "11-plugins": "spec.config.http.plugins: plugins are not supported",
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_the_gateway_cannot_do_is_refused(gateway, name):
    def versions():
        return {item["metadata"]["name"]: item["metadata"]["resourceVersion"]
                for item in gateway.get_json("service")["items"]}

    before = versions()
    done = gateway.apply(text_of(name), check=False)
    assert done.returncode == 1
    assert REFUSED[name] in done.stderr
    assert "<stdin>:" in done.stderr  # and where it stands
    assert versions() == before


def test_the_acceptance_check_passes():
    """The check that stands beside the checkout, where there is one."""
    smoke = ROOT.parent / "shared/acceptance/smoke.py"
    if not smoke.exists():
        pytest.skip("no ../shared beside this checkout")
    environment = {**os.environ, "PROJECT": str(ROOT), "GATEWAY_BIN": str(BIN)}
    done = subprocess.run([sys.executable, str(smoke)], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=50)
    assert done.returncode == 0, done.stdout + done.stderr
