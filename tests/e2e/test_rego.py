"""Rego conditions (`opa.inline`): decided, refused with a place, bounded, and never in the way of other requests."""
import threading
import time

import pytest

from testkit import service

HEAD = "package octelium.condition\nimport rego.v1\n"
# Never true, and not to be found out within the deadline.
ENDLESS = "match if { some x in numbers.range(1, 30000); some y in numbers.range(1, 30000); x + y < 0 }\n"
GREEDY = "match if { count([x | some x in numbers.range(1, 100000000)]) > 0 }\n"


def rego(name, upstream, body, effect="ALLOW", head=HEAD):
    rule = {"effect": effect, "condition": {"opa": {"inline": head + body}}}
    return service(name, upstream.url, authorization={"inlinePolicies": [{"spec": {"rules": [rule]}}]})


@pytest.fixture(scope="module")
def token(gateway):
    gateway.user("rego-user", groups=())
    return gateway.token("rego-user")


def test_a_script_decides(gateway, token, upstream):
    body = ('match if {\n  input.ctx.user.metadata.name == "rego-user"\n  startswith(input.ctx.request.http.path, "/v1")\n'
            '  input.ctx.request.http.headers["x-team"] == "blue"\n}\n')
    gateway.apply(rego("rego-path", upstream, body))
    team = [("X-Team", "blue")]
    assert gateway.get("rego-path", "/v1/a", token=token, headers=team).status == 200
    for path, headers in (("/v2/a", team), ("/v1/a", [("X-Team", "red")]), ("/v1/a", [])):
        answer = gateway.get("rego-path", path, token=token, headers=headers)
        assert answer.status == 403
        assert gateway.entry_of(answer)["ext"]["reason"] == "no_policy_match"


def test_a_script_reads_the_body(gateway, token, upstream):
    gateway.apply(rego("rego-body", upstream, "match if input.ctx.request.http.bodyMap.age > 18\n"))
    assert gateway.request("rego-body", "POST", body=b'{"age": 19}', token=token).status == 200
    assert gateway.request("rego-body", "POST", body=b'{"age": 17}', token=token).status == 403


def test_what_does_not_compile_is_refused_with_its_place(gateway, upstream):
    for body, said in (("match { 2 > 1 }\n", "3:7: `if` keyword is required"),
                       ('match if {\n  http.send({"url": "x"})\n}\n', "4:3: http.send is not available"),
                       ("match if { cuont(input) }\n", '3:12: there is no builtin or function cuont here; did you mean "count"?')):
        refused = gateway.apply(rego("rego-refused", upstream, body), check=False)
        assert refused.returncode != 0
        assert said in refused.stderr + refused.stdout


def test_a_failing_builtin_denies(gateway, token, upstream):
    gateway.apply(rego("rego-error", upstream, "match if to_number(input.ctx.user.metadata.name) > 1\n"))
    answer = gateway.get("rego-error", token=token)
    assert answer.status == 403
    assert gateway.entry_of(answer)["ext"]["reason"] == "policy_error"


def test_an_endless_script_is_ended_and_delays_nobody(gateway, token, upstream):
    gateway.apply(rego("rego-endless", upstream, ENDLESS), rego("rego-quick", upstream, "match := true\n"))
    assert gateway.get("rego-quick", token=token).status == 200
    done = {}

    def ask():
        started = time.monotonic()
        answer = gateway.get("rego-endless", token=token)
        done.update(answer=answer, took=time.monotonic() - started)

    asking = threading.Thread(target=ask)
    asking.start()
    slowest = 0.0
    while asking.is_alive():
        started = time.monotonic()
        assert gateway.get("rego-quick", token=token).status == 200
        slowest = max(slowest, time.monotonic() - started)
    asking.join()
    assert done["answer"].status == 403
    assert gateway.entry_of(done["answer"])["ext"]["reason"] == "policy_error"
    assert 1.5 < done["took"] < 6
    assert slowest < 0.5, "the one worker waited for the script"


def test_memory_stays_bounded(gateway, token, upstream):
    gateway.apply(rego("rego-greedy", upstream, GREEDY))
    assert gateway.get("rego-greedy", token=token).status == 403
    before = gateway.rss_kib()
    for _ in range(20):
        assert gateway.get("rego-greedy", token=token).status == 403
    assert gateway.rss_kib() - before < 128 * 1024


def test_a_client_that_leaves_early_does_no_harm(gateway, token, upstream):
    gateway.apply(rego("rego-left", upstream, ENDLESS))
    for _ in range(3):
        sock = gateway.connect("rego-left")
        sock.sendall(f"GET / HTTP/1.1\r\nHost: {gateway.host('rego-left')}\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
        sock.close()
    time.sleep(0.2)
    gateway.apply(rego("rego-after", upstream, "match := true\n"))
    assert gateway.get("rego-after", token=token).status == 200
