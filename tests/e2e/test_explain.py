"""`octeliumctl explain` and `octeliumctl test`: why a request was, or would be, allowed or denied, on the guide's example 09
with each of its conditions violated in turn."""
import json
import subprocess

import pytest

from api import Api
from testkit import BIN, ROOT, Gateway, service, wait_for
from upstreams import Upstream

EXAMPLE = (ROOT / "examples/guide/09-access-control.yaml").read_text().replace("  mode: HTTP\n", "  mode: HTTP\n  isPublic: true\n")
GOOD = {"user": "erin", "method": "POST", "path": "/users/1", "header": "this-value",
        "body": '{"age": 30, "email": "erin@example.com"}'}
GROUPS = '✗ match ctx.user.spec.groups.hasAll("dev", "ops")'
METHOD = '✗ match ctx.request.http.method in ["POST", "PUT"]'
PATH = '✗ match ctx.request.http.path.startsWith("/users")'
HEADER = '✗ match ctx.request.http.headers["x-custom-header"] == "this-value"'
AGE = "✗ ctx.request.http.bodyMap.age > 18 = false"
EMAIL = '✗ ctx.request.http.bodyMap.email.endsWith("@example.com") = false'
# What is violated, the part that is to be named, its value when recorded, and when made up.
BROKEN = {
    "groups": ({"user": "frank"}, GROUPS, 'ctx.user.spec.groups = ["dev"]', None),
    "method": ({"method": "PATCH"}, METHOD, 'ctx.request.http.method = "PATCH"', None),
    "path": ({"path": "/groups"}, PATH, 'ctx.request.http.path = "/groups"', None),
    "header": ({"header": "another-value"}, HEADER, 'ctx.request.http.headers["x-custom-header"] = "another-value"', None),
    "no header": ({"header": None}, HEADER, 'ctx.request.http.headers["x-custom-header"] = no value: no such key', None),
    "age": ({"body": '{"age": 18, "email": "erin@example.com"}'}, AGE,
            "ctx.request.http.bodyMap.age = double, not shown: from the body", "ctx.request.http.bodyMap.age = 18"),
    "email": ({"body": '{"age": 30, "email": "erin@example.org"}'}, EMAIL,
              "ctx.request.http.bodyMap.email = string of 16 bytes, not shown: from the body",
              'ctx.request.http.bodyMap.email = "erin@example.org"'),
}


# The same in Rego.
SCRIPT = """package octelium.condition

match if {
  every group in ["dev", "ops"] { group in input.ctx.user.spec.groups }
  input.ctx.request.http.method in ["POST", "PUT"]
  startswith(input.ctx.request.http.path, "/users")
  input.ctx.request.http.headers["x-custom-header"] == "this-value"
  adult
  endswith(input.ctx.request.http.bodyMap.email, "@example.com")
}

adult if input.ctx.request.http.bodyMap.age > 18
"""
BROKEN_SCRIPT = {
    "groups": ('line 4: every group in ["dev", "ops"] { group in input.ctx.user.spec.groups } = false', 'input.ctx.user.spec.groups = ["dev"]', None),
    "method": ('line 5: input.ctx.request.http.method in ["POST", "PUT"] = false', 'input.ctx.request.http.method = "PATCH"', None),
    "path": ('line 6: startswith(input.ctx.request.http.path, "/users") = false', 'input.ctx.request.http.path = "/groups"', None),
    "header": ('line 7: input.ctx.request.http.headers["x-custom-header"] == "this-value" = false',
               'input.ctx.request.http.headers["x-custom-header"] = "another-value"', None),
    "no header": ('line 7: input.ctx.request.http.headers["x-custom-header"] == "this-value" = no value',
                  'input.ctx.request.http.headers["x-custom-header"] = no value', None),
    "age": ("line 12: input.ctx.request.http.bodyMap.age > 18 = false",
            "input.ctx.request.http.bodyMap.age = number, not shown: from the body", "input.ctx.request.http.bodyMap.age = 18"),
    "email": ('line 9: endswith(input.ctx.request.http.bodyMap.email, "@example.com") = false',
              "input.ctx.request.http.bodyMap.email = string of 16 bytes, not shown: from the body",
              'input.ctx.request.http.bodyMap.email = "erin@example.org"'),
}


def headers_of(row):
    return [("X-Custom-Header", row["header"])] if row["header"] is not None else []


def send(gateway, name="my-api", **changes):
    row = {**GOOD, **changes}
    return gateway.request(name, row["method"], row["path"], headers_of(row), row["body"], token=gateway.token(row["user"]))


def explain(gateway, *words, **options):
    return gateway.run("explain", *words, **options).stdout


def make_up(gateway, *more, name="my-api", **changes):
    row = {**GOOD, **changes}
    words = ["--service", name, "--as", row["user"], "--method", row["method"], "--path", row["path"], "--body", row["body"]]
    for header, value in headers_of(row):
        words += ["--header", f"{header}: {value}"]
    return explain(gateway, *words, *more)


@pytest.fixture(scope="module")
def gateway(authority):
    upstream = Upstream(tls=authority.server("api.example.com"))
    with Gateway("--explain-sample", "1", resolve={"api.example.com:443": upstream.address},
                 upstream_ca=authority.file) as started:
        started.user("erin", groups=["dev", "ops"])
        started.user("frank", groups=["dev"])
        started.user("reader", policies=["octelium-api-read-only"])
        started.user("admin", policies=["octelium-api-full-access"])
        started.apply(EXAMPLE)
        rules = [{"effect": "ALLOW", "condition": {"opa": {"inline": SCRIPT}}}]
        started.apply(service("in-rego", "https://api.example.com", http={"enableRequestBuffering": True},
                              authorization={"inlinePolicies": [{"spec": {"rules": rules}}]}))
        yield started
    upstream.close()


@pytest.mark.parametrize("which", BROKEN)
def test_a_denied_request_says_which_condition_did_not_hold(gateway, which):
    changes, part, value, _ = BROKEN[which]
    answer = send(gateway, **changes)
    assert answer.status == 403
    text = explain(gateway, answer.id)
    assert text.startswith("DENIED  no_policy_match\n")
    assert f"id {answer.id}" in text
    assert "inline policy of Service my-api.default: does not match" in text
    assert part in text and value in text
    # Of the five, only this one: those before hold, those after were not asked.
    assert text.count("✗ match") == 1


@pytest.mark.parametrize("which", BROKEN)
def test_a_made_up_request_says_the_same(gateway, which):
    changes, part, value, shown = BROKEN[which]
    text = make_up(gateway, **changes)
    assert text.startswith("DENIED  no_policy_match\n")
    assert part in text and (shown or value) in text
    assert text.count("✗ match") == 1


def send_until_told(gateway, status, **changes):
    """A worker gives the statements of a script 200 us, which a busy machine may take away."""
    def told():
        answer = send(gateway, name="in-rego", **changes)
        assert answer.status == status
        text = explain(gateway, answer.id)
        return None if "cannot be told" in text else text
    return wait_for(told)


@pytest.mark.parametrize("which", BROKEN_SCRIPT)
def test_a_script_says_which_statement_did_not_hold(gateway, which):
    part, value, shown = BROKEN_SCRIPT[which]
    changes = BROKEN[which][0]
    text = send_until_told(gateway, 403, **changes)
    assert f"✗ {part}\n" in text and f"  {value}\n" in text
    # Only this one, and who asks for it.
    assert text.count("✗ line") == (2 if which == "age" else 1)
    made_up = make_up(gateway, name="in-rego", **changes)
    assert f"✗ {part}\n" in made_up and f"  {shown or value}\n" in made_up


def test_a_script_that_matches_says_why(gateway):
    text = send_until_told(gateway, 200)
    assert text.count("✓ line") == 7 and "✗" not in text
    assert "erin@example.com" not in text


@pytest.mark.parametrize("name", ["my-api", "in-rego"])
def test_values_do_not_reach_the_terminal_as_orders_to_it(gateway, name):
    text = make_up(gateway, name=name, body='{"age": 30, "email": "a\\u001b[2J\\u007f\\u009b\\u00a9"}')
    assert 'email = "a' in text and "©" in text
    assert not {c for c in text if ord(c) < 32 and c != "\n" or 127 <= ord(c) < 160}


def test_a_made_up_request_has_the_host_that_people_use(gateway):
    came = json.loads(explain(gateway, send(gateway, method="GET").id, "-o", "json"))
    asked = [json.loads(explain(gateway, "--service", name, "--as", "erin", "-o", "json"))["asked"]["host"]
             for name in ("my-api", "my-api.default", f"my-api.default.{gateway.domain}")]
    assert asked == [came["asked"]["host"]] * 2 + [f"my-api.default.{gateway.domain}"]


def test_an_allowed_request_says_which_rule_and_config(gateway):
    answer = send(gateway)
    assert answer.status == 200
    for text in explain(gateway, answer.id), make_up(gateway):
        assert text.startswith("ALLOWED  policy_allow\n")
        assert "matches, and decides" in text
        assert text.count("✓ match") == 5
        assert "config   default" in text
    assert "erin@example.com" not in explain(gateway, answer.id)


def test_json_has_everything(gateway):
    answer = send(gateway, method="GET")
    explanation = json.loads(explain(gateway, answer.id, "-o", "json"))
    assert explanation["requestID"] == answer.id
    assert (explanation["decision"], explanation["code"]) == ("DENY", "no_policy_match")
    assert explanation["asked"]["user"] == "erin"
    condition = explanation["steps"][0]["rule"]["condition"]
    failed = condition["of"][-1]
    assert failed["outcome"] == "NO_MATCH" and int(failed["cost"]) > 0
    assert {part["text"]: part["value"] for part in failed["parts"]}["ctx.request.http.method"] == '"GET"'
    assert [part["text"] for part in failed["parts"] if part.get("isCause")] == [failed["text"]]


def test_a_body_from_a_file_and_facts_about_the_session(gateway, tmp_path):
    body = tmp_path / "body.json"
    body.write_text('{"age": 17, "email": "x"}')
    text = make_up(gateway, body=f"@{body}")
    assert "ctx.request.http.bodyMap.age = 17" in text
    session = tmp_path / "session.yaml"
    session.write_text("spec: {state: REJECTED}\n")
    assert "✗ session_not_active" in make_up(gateway, "--session", session)
    assert 'ctx.user.spec.groups = ["dev"]' in make_up(gateway, "--group", "dev")
    session.write_text("spec: {stat: REJECTED}\n")
    failed = gateway.run("explain", "--service", "my-api", "--as", "erin", "--session", session, check=False)
    assert failed.returncode == 1 and 'did you mean "state"?' in failed.stderr


@pytest.mark.parametrize("words, message", [
    (["--service", "my-apo", "--as", "erin"], 'the Service "my-apo" does not exist; did you mean "my-api"?'),
    (["--service", "my-api", "--as", "erim"], 'the User "erim" does not exist; did you mean "erin"?'),
    (["--service", "my-api", "--as", "erin", "--path", "/a/%2e%2e%2f"], "path_escape_forbidden"),
    (["--service", "my-api"], "--as says which User asks"),
    (["--service", "my-api", "--as", "erin", "--header", "x"], "--header is 'name: value'"),
    ([], "either the id of a request"),
    (["nonsense"], "unknown id"),
    (["nonsense", "--method", "GET"], "either the id of a request"),
    (["nonsense", "--anonymous"], "either the id of a request"),
    (["--service", "my-api", "--as", "erin", "--client-ip", "10.0.0"], '"10.0.0" is not the address of a client'),
])
def test_mistakes_are_told(gateway, words, message):
    done = gateway.run("explain", *words, check=False)
    assert done.returncode == 1
    assert message in done.stderr


def test_services_without_anybody(gateway):
    gateway.apply(service("open", "http://127.0.0.1:9", isAnonymous=True), service("hidden", "http://127.0.0.1:9", isPublic=False))
    assert explain(gateway, "--service", "open", "--anonymous").startswith("ALLOWED  anonymous\n")
    assert explain(gateway, "--service", "my-api", "--as", "").startswith("DENIED  token_missing")
    assert explain(gateway, "--service", f"open.{gateway.domain}", "--anonymous").startswith("ALLOWED")
    assert explain(gateway, "--service", "hidden", "--as", "erin").startswith("DENIED  service_not_public")


def test_only_those_whom_policy_lets(gateway, tmp_path):
    answer = send(gateway, method="GET")
    for user, allowed in (("erin", False), ("reader", False), ("admin", True)):
        token = gateway.credential(user, "auth-token", f"for-{user}", "client")["authenticationToken"]["authenticationToken"]
        env = gateway.env(home=tmp_path / user, token=token)
        done = gateway.run("explain", answer.id, env=env, check=False)
        assert (done.returncode == 0) == allowed, done.stderr
        if not allowed:
            assert "PermissionDenied" in done.stderr
    # As any call, it is in the access log.
    def outcomes():
        calls = gateway.entries(lambda entry: entry["entry"].get("info", {}).get("grpc", {}).get("method") == "Explain")
        return sorted((call["entry"]["common"]["userRef"]["name"], call["entry"]["common"]["status"]) for call in calls
                      if call["entry"]["common"]["userRef"]["name"] != "root")

    expected = [("admin", "ALLOWED"), ("erin", "DENIED"), ("reader", "DENIED")]
    wait_for(lambda: outcomes() == expected, 20, "lines of the calls")


def test_credentials_are_never_shown(gateway):
    names = ["Cookie", "X-Api-Key", "X-Csrf-Token", "X-Client-Secret", "X-Password", "Proxy-Authorization"]
    conditions = [f'ctx.request.http.headers["{name}"] == "no"' for name in names]
    conditions += ['ctx.request.http.headers["authorization"].startsWith("Basic")', 'ctx.request.http.uri == "/"',
                   'ctx.request.http.headers.exists(h, ctx.request.http.headers[h].contains("no one"))']  # tokens have no blanks
    rules = [{"effect": "ALLOW", "condition": {"match": condition}} for condition in conditions]
    gateway.apply(service("guarded", "http://127.0.0.1:9", authorization={"inlinePolicies": [{"spec": {"rules": rules}}]}))
    answer = gateway.request("guarded", path="/?a=hush-hush", headers=[(name, "hush-hush") for name in names],
                             token=gateway.token("erin"))
    assert answer.status == 403
    text = explain(gateway, answer.id)
    assert text.count("not shown: may hold a credential") >= len(names)
    for secret in ("hush", gateway.token("erin")[:20], gateway.token("erin")[-20:]):
        assert secret not in text
        assert secret not in explain(gateway, answer.id, "-o", "json")


def test_what_is_not_kept_is_said():
    with Gateway("--explain-ring", "2", "--explain-per-second", "1000", "--explain-sample", "0") as started:
        started.user("bob")
        started.user("alice", policies=["allow-all"])
        started.apply(service("some", http={"response": {"direct": {"inline": "x"}}}))
        denied = [started.get("some", token=started.token("bob")) for _ in range(3)]
        assert [answer.status for answer in denied] == [403] * 3
        gone = started.run("explain", denied[0].id, check=False)
        assert gone.returncode == 1 and "newer ones took its place" in gone.stderr
        assert explain(started, denied[2].id).startswith("DENIED")
        allowed = started.get("some", token=started.token("alice"))
        assert allowed.status == 200
        assert "no allowed ones are kept" in started.run("explain", allowed.id, check=False).stderr
        unauthenticated = started.get("some")
        assert unauthenticated.status == 401
        assert "before a decision" in started.run("explain", unauthenticated.id, check=False).stderr


def test_a_flood_of_denied_requests_is_not_all_explained():
    with Gateway("--explain-per-second", "10") as started:
        started.user("bob")
        started.apply(service("some", http={"response": {"direct": {"inline": "x"}}}))
        with started.connect("some") as sock:
            answers = [started.get("some", token=started.token("bob"), sock=sock) for _ in range(200)]
        with Api(started) as api:
            import extv1_pb2 as ext
            import extv1_pb2_grpc
            import grpc
            stub = extv1_pb2_grpc.ExplainServiceStub(api.channel)
            outcomes = []
            for answer in answers:
                try:
                    stub.Explain(ext.ExplainRequest(requestID=answer.id), metadata=[("x-octelium-auth", api.access_token)], timeout=20)
                    outcomes.append("kept")
                except grpc.RpcError as error:
                    outcomes.append("sampled out" if "sampled out" in error.details() else error.details())
        # One User's half of the burst of one second, and what came to it while they were sent.
        assert 5 <= outcomes.count("kept") <= 100
        assert set(outcomes) == {"kept", "sampled out"}


def test_nothing_is_kept_when_switched_off():
    with Gateway("--explain-ring", "0") as started:
        started.user("bob")
        started.apply(service("some", http={"response": {"direct": {"inline": "x"}}}))
        answer = started.get("some", token=started.token("bob"))
        assert "keeps none" in started.run("explain", answer.id, check=False).stderr


# --- octeliumctl test

def run_tests(*words):
    return subprocess.run([BIN / "octeliumctl", "test", *map(str, words)], capture_output=True, text=True, timeout=30)


def test_the_example_is_green():
    done = run_tests(ROOT / "examples/policy-test", "--coverage-min", "100")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "9 passed, 0 failed; 100 % of 1 rules matched at least once" in done.stdout
    assert "Service my-api.default inlinePolicies[0]/rules[0]: 2 matched, 6 not matched" in done.stdout


CASES = """
resources: [policies.yaml]
cases:
  - {name: allowed, service: some, as: alice, expect: {decision: ALLOW, policy: team, rule: members}}
  - name: at night
    service: some
    as: alice
    time: 2026-01-01T23:00:00Z
    expect: {decision: DENY, reason: policy_deny, rule: night}
"""
POLICIES = """
kind: Policy
metadata: {name: team}
spec:
  rules:
    - {name: members, effect: ALLOW, condition: {match: ctx.user.metadata.name == "alice"}}
    - {name: night, effect: DENY, condition: {match: now().getHours() >= 22}}
    - {name: last, effect: ALLOW, priority: 4, condition: {match: ctx.user.metadata.name == "bob"}}
---
kind: User
metadata: {name: alice}
spec: {type: HUMAN, authorization: {policies: [team]}}
---
kind: Service
metadata: {name: some}
spec: {mode: HTTP, isPublic: true, config: {upstream: {url: http://127.0.0.1:9}}}
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "team_test.yaml").write_text(CASES)
    (tmp_path / "policies.yaml").write_text(POLICIES)
    return tmp_path


def test_coverage_names_rules_that_were_never_asked(folder):
    done = run_tests(folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "team/members: 1 matched, 0 not matched" in done.stdout
    assert "team/night: 1 matched, 1 not matched" in done.stdout
    assert "team/last: NEVER ASKED" in done.stdout
    low = run_tests(folder, "--coverage-min", "67")
    assert low.returncode == 1 and "66 % of the rules matched at least once" in low.stderr
    nonsense = run_tests(folder, "--coverage-min", "101")
    assert nonsense.returncode == 1 and "--coverage-min" in nonsense.stderr and nonsense.stdout == ""


def test_a_case_that_fails_shows_why(folder):
    (folder / "team_test.yaml").write_text(CASES.replace("decision: ALLOW", "decision: DENY"))
    done = run_tests(folder)
    assert done.returncode == 1
    assert "FAIL  " in done.stdout and "decision: expected DENY, is ALLOW" in done.stdout
    assert 'ctx.user.metadata.name = "alice"' in done.stdout
    report = json.loads(run_tests(folder, "-o", "json").stdout)
    assert (report["passed"], report["failed"]) == (1, 1)
    assert report["cases"][0]["explanation"]["decision"] == "ALLOW"


@pytest.mark.parametrize("file, old, new, message", [
    ("team_test.yaml", "decision: ALLOW", "decison: ALLOW", 'team_test.yaml:4:56: cases[0].expect.decison: unknown field; did you mean "decision"?'),
    ("team_test.yaml", "as: alice,", "as: alic,", 'the User "alic" does not exist; did you mean "alice"?'),
    ("policies.yaml", "ctx.user.metadata.name", "ctx.user.metadata.nam", 'policies.yaml:6:57: spec.rules[0].condition.match'),
    ("policies.yaml", "policies: [team]", "policies: [tem]", "policies.yaml:12:"),
    ("policies.yaml", "isPublic: true", "isPublik: true", 'did you mean "isPublic"?'),
])
def test_mistakes_in_files_are_told_as_by_apply(folder, file, old, new, message):
    path = folder / file
    path.write_text(path.read_text().replace(old, new))
    done = run_tests(folder)
    assert done.returncode == 1
    assert message in done.stdout + done.stderr
