"""Rego conditions (`opa.inline`): decided, refused with a place, bounded, and never in the way of other requests."""
import threading
import time

import pytest

from testkit import Flood, Gateway, scaled, service, wait_for

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


@pytest.fixture(scope="module")
def bystander(gateway):
    """A token of somebody who has nothing else under way."""
    gateway.user("rego-bystander", groups=())
    return gateway.token("rego-bystander")


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
                       ("match if { cuont(input) }\n", '3:12: there is no builtin or function cuont here; did you mean "count"?'),
                       ('match if {\n  input.ctx.usr.spec.type == "HUMAN"\n}\n', '4:3: unknown field "usr" of input.ctx; did you mean "user"?')):
        refused = gateway.apply(rego("rego-refused", upstream, body), check=False)
        assert refused.returncode != 0
        assert said in refused.stderr + refused.stdout


def test_a_failing_builtin_denies(gateway, token, upstream):
    gateway.apply(rego("rego-error", upstream, "match if to_number(input.ctx.user.metadata.name) > 1\n"))
    answer = gateway.get("rego-error", token=token)
    assert answer.status == 403
    assert gateway.entry_of(answer)["ext"]["reason"] == "policy_error"


@pytest.fixture(scope="module")
def endless(gateway, upstream):
    gateway.apply(rego("rego-endless", upstream, ENDLESS))
    return "rego-endless"


def test_an_endless_script_is_ended_and_is_not_the_workers_work(gateway, token, endless):
    busy, started = gateway.cpu_seconds("worker"), time.monotonic()
    answer = gateway.get(endless, token=token)
    busy, took = gateway.cpu_seconds("worker") - busy, time.monotonic() - started
    assert answer.status == 403
    assert gateway.entry_of(answer)["ext"]["reason"] == "policy_error"
    assert 1.5 < took < 10
    assert busy < 0.5, "the one worker ran the script"


def test_an_endless_script_delays_nobody(gateway, token, bystander, upstream, endless):
    gateway.apply(rego("rego-quick", upstream, "match := true\n"))
    before = gateway.settled_metrics()["requests_total"]
    answers = []
    asking = threading.Thread(target=lambda: answers.append(gateway.get(endless, token=token)))
    asking.start()
    wait_for(lambda: gateway.metrics()["requests_total"] == before + 1, 20, "the script is asked")
    quick = 0
    while asking.is_alive():
        assert gateway.get("rego-quick", token=bystander).status == 200
        quick += 1
    asking.join()
    assert [answer.status for answer in answers] == [403]
    assert quick > 5, "the one worker waited for the script"


def test_memory_stays_bounded(gateway, token, upstream):
    gateway.apply(rego("rego-greedy", upstream, GREEDY))
    assert gateway.get("rego-greedy", token=token).status == 403
    before = gateway.rss_kib()
    for _ in range(20):
        assert gateway.get("rego-greedy", token=token).status == 403
    assert gateway.rss_kib() - before < 128 * 1024


def test_a_client_that_leaves_early_does_no_harm(gateway, token, upstream):
    gateway.apply(rego("rego-left", upstream, ENDLESS))
    before = gateway.settled_metrics()["requests_total"]
    for _ in range(3):
        sock = gateway.connect("rego-left")
        sock.sendall(f"GET / HTTP/1.1\r\nHost: {gateway.host('rego-left')}\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
        sock.close()
    wait_for(lambda: gateway.metrics()["requests_total"] == before + 3, 20, "the requests have begun")
    gateway.apply(rego("rego-after", upstream, "match := true\n"))
    assert gateway.get("rego-after", token=token).status == 200


# Some ten milliseconds.
SLOW = f"match if {{ some x in numbers.range(1, {scaled(100_000, 20_000)}); x == {scaled(100_000, 20_000)} }}\n"


def time_of(gateway, answer):
    """When the gateway had the request, and when the answer had been given."""
    common = gateway.entry_of(answer)["entry"]["common"]
    return common["startedAt"], common["endedAt"]


def check_that_a_flood_delays_only_itself(gateway, flooded, tokens, others, token):
    """Everything in front of whoever comes next, in one queue, would be more than a hundred decisions."""
    with gateway.connect(others) as sock, Flood(gateway, flooded, tokens) as flood:
        of_others = [gateway.get(others, token=token, sock=sock) for _ in range(3)]
        answers = flood.answers()
    assert [answer.status for answer in of_others] == [200] * 3
    decided = [answer for answer in answers if answer.status == 200]
    refused = [answer for answer in answers if answer.status == 503]
    assert len(decided) + len(refused) == len(tokens)
    assert len(decided) >= 100 and refused
    # By the gateway's own clock, since the client may be held up, too.
    ends = [time_of(gateway, answer)[1] for answer in decided]
    times = [time_of(gateway, answer) for answer in of_others]
    meanwhile = [end for begin, until in times for end in ends if begin <= end <= until]
    assert len(meanwhile) < 32, "others waited for the flood"
    assert max(ends) > times[-1][1], "the flood was over before"
    assert {gateway.entry_of(answer)["ext"]["reason"] for answer in refused} == {"policy_busy"}


def test_a_user_who_floods_a_slow_policy_delays_no_other(gateway, bystander, upstream):
    """All Sessions of a User together: neither a second one nor more connections get them more."""
    gateway.user("rego-flood", groups=())
    tokens = [gateway.token("rego-flood"), gateway.credential("rego-flood", "access-token", "second")["accessToken"]["accessToken"]]
    gateway.apply(rego("rego-flooded", upstream, SLOW), rego("rego-other", upstream, SLOW))
    check_that_a_flood_delays_only_itself(gateway, "rego-flooded", tokens * 90, "rego-other", bystander)
    check_that_a_flood_delays_only_itself(gateway, "rego-flooded", tokens * 90, "rego-flooded", bystander)


def test_strangers_who_flood_a_slow_policy_delay_no_other_service(gateway, bystander, upstream):
    anonymous = rego("rego-strangers", upstream, SLOW)
    anonymous["spec"].update(isAnonymous=True)
    anonymous["spec"]["authorization"].update(enableAnonymous=True)
    gateway.apply(anonymous, rego("rego-known", upstream, SLOW))
    check_that_a_flood_delays_only_itself(gateway, "rego-strangers", [None] * 180, "rego-known", bystander)


def test_the_end_does_not_wait_for_what_waits(upstream):
    """Decisions that nobody will get an answer from; all of them would take a minute."""
    with Gateway("--drain-timeout-ms", "200") as gateway:
        gateway.user("rego-user", groups=())
        token = gateway.token("rego-user")
        gateway.apply(rego("rego-endless", upstream, ENDLESS))
        before = gateway.settled_metrics()["requests_total"]
        with Flood(gateway, "rego-endless", [token] * 30):
            wait_for(lambda: gateway.metrics()["requests_total"] == before + 30, 20, "all requests have begun")
            gateway.stop(timeout=15)
