"""dynamicConfig: rules that choose a config by path, header and identity, and rules that compute one."""
import concurrent.futures
import os

import pytest

from testkit import Gateway, scaled, service, wait_for
from upstreams import Nobody, Upstream

MANY = 300  # more upstreams than one Service may have computed configs of


@pytest.fixture(scope="module")
def default():
    server = Upstream()
    yield server
    server.close()


@pytest.fixture(scope="module")
def other():
    server = Upstream()
    yield server
    server.close()


@pytest.fixture(scope="module")
def gateway(default, other):
    resolve = {"default.test:80": default.address}
    resolve.update({f"{name}.up.test:80": other.address for name in ("alice", "carol", "beta", "tenant")})
    resolve.update({f"up-{n}.test:80": other.address for n in range(MANY)})
    nobody = Nobody()
    resolve["anonymous.up.test:80"] = nobody.address
    with Gateway(resolve=resolve) as started:
        started.user("alice", groups=["dev"], policies=["allow-all"])
        started.user("carol", policies=["allow-all"], attrs={"tenant": "tenant", "quota": 7})
        started.user("bob")
        yield started
    nobody.close()


@pytest.fixture(autouse=True)
def nothing_seen(default, other):
    default.take()
    other.take()


def rule(match=None, **target):
    return {"condition": {"match": match} if match else {"matchAny": True}, **target}


def dynamic(name, *rules, configs=(), **spec):
    spec.setdefault("config", {"upstream": {"url": "http://default.test"}})
    return service(name, dynamicConfig={"rules": list(rules), "configs": list(configs)}, **spec)


@pytest.fixture
def applied(gateway):
    """Applies Services and deletes them after the test."""
    names = []

    def apply(document):
        gateway.apply(document)
        names.append(document["metadata"]["name"])
        return names[-1]

    yield apply
    for name in set(names):
        gateway.run("delete", "service", name)


def metric(gateway, name):
    return gateway.metrics()[name]


def extension(gateway, answer):
    return gateway.entry_of(answer)["ext"]


# --- rules that name a config

def test_the_first_rule_that_matches_names_the_config(gateway, applied, default, other):
    name = applied(dynamic(
        "named",
        rule("ctx.user.metadata.name > 5", configName="beta"),  # fails: passed over
        rule('ctx.request.http.path.startsWith("/beta/")', configName="beta"),
        rule('ctx.request.http.headers["x-channel"] == "beta"', configName="beta"),
        rule('"dev" in ctx.user.spec.groups', configName="dev"),
        configs=[{"name": "beta", "upstream": {"url": "http://beta.up.test"}},
                 {"name": "dev", "parent": "default",
                  "http": {"header": {"addRequestHeaders": [{"key": "X-Team", "value": "dev"}]}}}]))
    failures = metric(gateway, "dynamic_config_rule_failures_total")
    by_path = gateway.get(name, "/beta/x", token=gateway.token("carol"))
    assert other.one().header("host") == "beta.up.test"
    assert extension(gateway, by_path)["config"] == "beta"
    assert extension(gateway, by_path)["configProblem"].startswith("rules[0].condition: 1:")
    assert metric(gateway, "dynamic_config_rule_failures_total") == failures + 1
    gateway.get(name, headers={"X-Channel": "beta"}, token=gateway.token("carol"))
    assert other.one().header("host") == "beta.up.test"
    by_identity = gateway.get(name, token=gateway.token("alice"))
    assert default.one().header("x-team") == "dev"
    assert extension(gateway, by_identity)["config"] == "dev"
    neither = gateway.get(name, token=gateway.token("carol"))
    assert default.one().header("x-team") is None
    assert extension(gateway, neither)["config"] == "default"


# --- rules that compute one

def test_each_user_has_an_upstream_of_their_own(gateway, applied, default, other):
    name = applied(dynamic("per-user", rule(eval='{"upstream": {"url": "http://" + ctx.user.metadata.name + ".up.test"}}'),
                           http={"header": {"addRequestHeaders": [{"key": "X-Default", "value": "1"}]}}))
    compiled = metric(gateway, "computed_configs_compiled_total")
    for user in ("alice", "carol", "alice", "carol"):
        answer = gateway.get(name, "/a?b=c", token=gateway.token(user))
        assert answer.status == 200
        seen = other.one()
        assert (seen.path, seen.header("host")) == ("/a?b=c", f"{user}.up.test")
        assert seen.header("x-default") is None, "nothing is inherited without a parent"
        entry = gateway.entry_of(answer)
        assert entry["ext"]["config"] == "rules[0].eval"
        assert entry["ext"]["upstream"] == f"{user}.up.test"
    assert metric(gateway, "computed_configs_compiled_total") == compiled + 2
    assert gateway.get(name, token=gateway.token("bob")).status == 403
    assert default.take() == []


def test_rego_computes_a_config(gateway, applied, default, other):
    name = applied(dynamic("rego", rule(opa="""
package octelium.eval

result := {"upstream": {"url": concat("", ["http://", input.ctx.user.metadata.name, ".up.test"])}} if {
    input.ctx.request.http.path != "/default"
}
""")))
    for user in ("alice", "carol", "alice"):
        answer = gateway.get(name, "/a", token=gateway.token(user))
        assert answer.status == 200
        assert other.one().header("host") == f"{user}.up.test"
        assert extension(gateway, answer)["config"] == "rules[0].opa"
    answer = gateway.get(name, "/default", token=gateway.token("alice"))
    assert default.one().header("host") == "default.test"
    assert extension(gateway, answer)["configProblem"].startswith("rules[0].opa: ")


def test_headers_are_computed_and_the_parent_is_merged_in(gateway, applied, default):
    gateway.secret("dc-token", "ONE")
    name = applied(dynamic(
        "headers",
        rule(eval='{"name": "tenant", "parent": "base", "http": {"header": {"addRequestHeaders": ['
                  '{"key": "X-Tenant", "value": ctx.user.spec.attrs.tenant},'
                  '{"key": "X-Quota", "value": string(int(ctx.user.spec.attrs.quota) * 2)}]}}}'),
        configs=[{"name": "base", "upstream": {"url": "http://default.test"},
                  "http": {"auth": {"bearer": {"fromSecret": "dc-token"}},
                           "header": {"addRequestHeaders": [{"key": "X-Base", "value": "b"}]}}}]))
    try:
        answer = gateway.get(name, token=gateway.token("carol"))
        seen = default.one()
        assert {key: seen.all(key) for key in ("X-Tenant", "X-Quota", "X-Base", "Authorization")} == {
            "X-Tenant": ["tenant"], "X-Quota": ["14"], "X-Base": ["b"], "Authorization": ["Bearer ONE"]}
        assert extension(gateway, answer)["config"] == "rules[0].eval:tenant"
        # A rotated Secret is used by the next request.
        gateway.run("update", "secret", "dc-token", "--value", "TWO")
        rotated = gateway.get(name, token=gateway.token("carol"))
        assert default.one().all("authorization") == ["Bearer TWO"]
        gateway.entry_of(rotated)  # so that the log has all of it
        assert "Bearer ONE" not in gateway.access_log.read_text()
    finally:
        gateway.run("delete", "secret", "dc-token")
    # Without the Secret the credential is missing: nothing is sent.
    answer = gateway.get(name, token=gateway.token("carol"))
    assert answer.status == 502
    assert extension(gateway, answer)["reason"] == "computed_config_invalid"
    assert 'the Secret "dc-token" does not exist' in extension(gateway, answer)["detail"]
    assert default.take() == []


def test_a_changed_service_counts_from_the_next_request(gateway, applied, default):
    def document(value):
        return dynamic("changes", rule(eval='{"parent": "default"}'),
                       http={"header": {"addRequestHeaders": [{"key": "X-Version", "value": value}]}})

    for version in ("1", "2", "3"):
        name = applied(document(version))
        gateway.get(name, token=gateway.token("alice"))
        assert default.one().header("x-version") == version


def test_a_rule_whose_expression_fails_is_passed_over(gateway, applied, default, other):
    name = applied(dynamic(
        "passed-over",
        rule(eval='{"upstream": {"url": ctx.user.spec.attrs.url}}'),  # nobody has one
        rule(eval="ctx.user.spec.groups"),                            # no map
        rule('ctx.request.http.path == "/beta"', configName="beta"),
        configs=[{"name": "beta", "upstream": {"url": "http://beta.up.test"}}]))
    failures = metric(gateway, "dynamic_config_rule_failures_total")
    answer = gateway.get(name, "/beta", token=gateway.token("alice"))
    assert other.one().header("host") == "beta.up.test"
    assert extension(gateway, answer)["config"] == "beta"
    assert extension(gateway, answer)["configProblem"].startswith("rules[0].eval: 1:")
    assert metric(gateway, "dynamic_config_rule_failures_total") == failures + 2
    answer = gateway.get(name, token=gateway.token("alice"))
    assert default.one().header("host") == "default.test"
    assert extension(gateway, answer)["config"] == "default"


BAD = {
    "no scheme": ("nope", "rules[0].eval: upstream.url: No scheme set in the upstream URL"),
    "a path": ("http://evil.test/", "rules[0].eval: upstream.url: "),
    "user information": ("http://evil.test@", "rules[0].eval: upstream.url: "),
    "a line break": ("http://a.test%0d%0aX-Evil: 1", "rules[0].eval: upstream.url: "),
    "a fragment": ("http://evil.test%23", "rules[0].eval: upstream.url: "),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_url_is_refused_and_the_default_upstream_sees_nothing(gateway, applied, default, other, case):
    text, detail = BAD[case]
    name = applied(dynamic(
        "bad-url", rule(eval='{"upstream": {"url": ctx.request.http.queryParams["u"] + ".up.test"}}'),
        rule(configName="default")))
    refused = metric(gateway, "computed_configs_refused_total")
    for _ in range(2):  # compiled, then remembered
        answer = gateway.get(name, f"/?u={text.replace(' ', '%20')}", token=gateway.token("alice"))
        assert answer.status == 502 and b"evil" not in answer.body
        assert extension(gateway, answer)["reason"] == "computed_config_invalid"
        assert extension(gateway, answer)["detail"].startswith(detail)
    assert metric(gateway, "computed_configs_refused_total") == refused + 2
    assert default.take() == other.take() == []


def test_a_line_break_never_splits_a_head(gateway, applied, default):
    name = applied(dynamic(
        "splits", rule(eval='{"parent": "default", "http": {"header": {"addRequestHeaders": '
                            '[{"key": "X-Q", "value": ctx.request.http.queryParams["q"]}]}}}')))
    assert gateway.get(name, "/?q=fine", token=gateway.token("alice")).status == 200
    assert default.one().header("x-q") == "fine"
    answer = gateway.get(name, "/?q=a%0d%0aX-Evil:%201", token=gateway.token("alice"))
    assert answer.status == 502
    assert "has a control character" in extension(gateway, answer)["detail"]
    assert default.take() == []


@pytest.mark.parametrize("config, detail", [
    ({"upstraem": {"url": "http://default.test"}}, 'upstraem: unknown field; did you mean "upstream"?'),
    ({"http": {"plugins": [{"name": "p1"}]}}, "http.plugins: plugins are not supported by this gateway yet"),
    ({"parent": "nobody"}, 'parent: there is no config "nobody"'),
    ({"http": {"body": {"mode": "JSON"}}}, "http.body: works in spec.config only"),
    ({"upstream": {}}, "upstream: must have url or loadbalance"),
])
def test_a_computed_config_is_held_to_what_applied_ones_are(gateway, applied, default, config, detail):
    # From an attribute of the User: an expression that has it written out would be refused when it is applied.
    gateway.user("dave", policies=["allow-all"], attrs={"config": config})
    name = applied(dynamic("held-to", rule(eval="ctx.user.spec.attrs.config"), rule(configName="default")))
    answer = gateway.get(name, token=gateway.token("dave"))
    assert answer.status == 502
    assert extension(gateway, answer)["detail"].startswith(f"rules[0].eval: {detail}")
    assert default.take() == []


def test_no_config_leads_to_the_gateways_own_socket(gateway, applied):
    name = applied(dynamic("own-socket", rule(eval='{"upstream": {"url": ctx.request.http.headers["x-url"]}}')))
    socket = gateway.data / "api.sock"
    assert socket.is_socket()
    link = gateway.directory / "link.sock"
    os.symlink(socket, link)
    for path in (socket, link, f"/proc/self/root{socket}", socket.parent / ".." / socket.parent.name / socket.name):
        answer = gateway.get(name, headers={"X-Url": f"unix:{path}"}, token=gateway.token("alice"))
        assert answer.status == 502
        assert extension(gateway, answer)["detail"] == "rules[0].eval: the gateway's own socket is no upstream"


def test_without_an_upstream_there_is_none(gateway, applied):
    name = applied(dynamic("nowhere", rule(eval='{"http": {}}')))
    answer = gateway.get(name, token=gateway.token("alice"))
    assert answer.status == 502
    assert extension(gateway, answer)["reason"] == "no_upstream"


def test_an_answer_is_computed(gateway, applied):
    name = applied(dynamic("direct", rule(eval='{"http": {"response": {"direct": {"statusCode": 203, "contentType": '
                                               '"text/plain", "inline": "Hello " + ctx.user.metadata.name}}}}')))
    for user in ("alice", "carol"):
        answer = gateway.get(name, token=gateway.token(user))
        assert (answer.status, answer.body) == (203, f"Hello {user}".encode())


def test_an_expression_that_reads_the_body_has_it(gateway, applied, default, other):
    name = applied(dynamic("by-body", rule('ctx.request.http.method == "POST"', eval=
                           '{"upstream": {"url": "http://" + ctx.request.http.bodyMap.tenant + ".up.test"}}')))
    body = '{"tenant": "tenant"}'
    assert gateway.request(name, "POST", body=body, token=gateway.token("alice")).status == 200
    seen = other.one()
    assert (seen.header("host"), seen.body) == ("tenant.up.test", body.encode())
    assert gateway.get(name, token=gateway.token("alice")).status == 200
    default.one()


@pytest.mark.parametrize("authorization", [None, {"enableAnonymous": True, "policies": ["allow-all"]}])
def test_anonymous_services_have_computed_configs(gateway, applied, default, other, authorization):
    spec = {"isAnonymous": True, **({"authorization": authorization} if authorization else {})}
    name = applied(dynamic(
        "anonymous",
        rule("has(ctx.user)", configName="default"),
        rule('ctx.request.http.path == "/computed"',
             eval='{"upstream": {"url": "http://" + ctx.service.metadata.name.split(".")[0] + ".up.test"}}'),
        rule('ctx.request.http.path == "/named"', configName="beta"),
        configs=[{"name": "beta", "upstream": {"url": "http://beta.up.test"}}], **spec))
    # The Service is called "anonymous": nobody listens where that name leads, which is told as such.
    answer = gateway.get(name, "/computed")
    assert extension(gateway, answer)["config"] == "rules[1].eval"
    assert extension(gateway, answer)["upstream"] == "anonymous.up.test"
    assert answer.status == 502
    assert gateway.get(name, "/named").status == 200
    assert other.one().header("host") == "beta.up.test"
    assert gateway.get(name, "/").status == 200
    default.one()


@pytest.mark.parametrize("eval_, message", [
    ('{"upstream": {"url": ctx.user.metadata.nam}}',
     ['spec.dynamicConfig.rules[0].eval: 1:', 'did you mean "name"?', '{"upstream": {"url": ctx.user.metadata.nam}}', "^"]),
    ('{"upstream": ', ["spec.dynamicConfig.rules[0].eval: 1:", "^"]),
    ('"text"', ["spec.dynamicConfig.rules[0].eval: 1:1: ", "map"]),
    (" ", ["spec.dynamicConfig.rules[0].eval: the expression is empty"]),
    ('{"upstraem": {}}', ['spec.dynamicConfig.rules[0].eval: 1:2: unknown field "upstraem" of a config; did you mean "upstream"?']),
    ('{"http": {"plugins": []}}', ["spec.dynamicConfig.rules[0].eval: 1:11: http.plugins: plugins are not supported"]),
    ("attrs", ["spec.dynamicConfig.rules[0].eval: 1:1: ", 'unknown variable "attrs"']),
])
def test_what_does_not_compile_is_refused_with_its_place(gateway, eval_, message):
    done = gateway.apply(dynamic("refused", rule(eval=eval_)), check=False)
    assert done.returncode == 1
    for part in message:
        assert part in done.stdout + done.stderr


# --- what strangers can cause

def established(gateway):
    """Descriptors of the gateway that are sockets."""
    folder = f"/proc/{gateway.process.pid}/fd"
    count = 0
    for name in os.listdir(folder):
        try:
            count += os.readlink(f"{folder}/{name}").startswith("socket:")
        except FileNotFoundError:
            pass
    return count


def test_distinct_values_do_not_add_up():
    # A sanitizer would keep what was freed, and there would be nothing to measure.
    with Gateway(env={"ASAN_OPTIONS": "quarantine_size_mb=1"}) as gateway:
        gateway.user("alice", policies=["allow-all"])
        gateway.apply(dynamic(
            "distinct", rule(eval='{"http": {"response": {"direct": {"inline": ctx.request.http.headers["x-value"]}}}}')))
        token = gateway.token("alice")
        with gateway.connect("distinct") as sock:
            def send(count, start):
                for n in range(start, start + count):
                    value = f"{n}-" + "x" * 4000
                    answer = gateway.get("distinct", headers={"X-Value": value}, token=token, sock=sock)
                    assert answer.status == 200 and answer.body == value.encode()

            send(300, 0)
            assert metric(gateway, "computed_configs") <= 300
            before = gateway.rss_kib()
            compiled = metric(gateway, "computed_configs_compiled_total")
            more = scaled(2000, 300)
            send(more, 1000)
            assert metric(gateway, "computed_configs_compiled_total") == compiled + more
            assert gateway.rss_kib() < before + scaled(8 * 1024, 64 * 1024)


def test_connections_to_computed_upstreams_go_with_their_configs(gateway, applied, other):
    name = applied(dynamic("upstreams", rule(eval='{"upstream": {"url": "http://up-" + ctx.request.http.headers["x-n"] + ".test"}}')))
    token = gateway.token("alice")
    before = established(gateway)
    with gateway.connect(name) as sock:
        for n in range(MANY):
            assert gateway.get(name, headers={"X-N": str(n)}, token=token, sock=sock).status == 200
    assert len(other.take()) == MANY
    assert established(gateway) - before <= 256 + 5
    gateway.apply(service("upstreams", "http://default.test"))
    wait_for(lambda: established(gateway) - before <= 5, 10, "the connections are closed")


def test_many_at_once_for_new_and_old_configs(gateway, applied, other):
    name = applied(dynamic("at-once", rule(eval='{"upstream": {"url": "http://up-" + ctx.request.http.headers["x-n"] + ".test"}}')))
    token = gateway.token("alice")
    compiled = metric(gateway, "computed_configs_compiled_total")

    def send(n):
        answer = gateway.get(name, headers={"X-N": str(n % 10)}, token=token)
        return answer.status, next(value for key, value in answer.json()["headers"] if key.lower() == "host")

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        found = list(pool.map(send, range(100)))
    assert found == [(200, f"up-{n % 10}.test") for n in range(100)]
    assert metric(gateway, "computed_configs_compiled_total") == compiled + 10
