"""Shadow rules: evaluated, logged and counted, never enforced (docs/adr/0008-shadow-policies.md)."""
import json

import pytest

from testkit import Flood, service


@pytest.fixture(scope="module")
def token(gateway):
    return gateway.token("alice")


def policy(name, marks, effect="DENY", rule="trial"):
    annotations = f"annotations: {{octelium-ext-shadow: '{marks}'}}, " if marks is not None else ""
    return (f"kind: Policy\nmetadata: {{{annotations}name: {name}}}\nspec:\n  rules:\n"
            f"    - {{name: {rule}, effect: {effect}, condition: {{match: 'ctx.request.http.path == \"/tried\"'}}}}\n")


def count(gateway, name):
    return gateway.metrics()[f"requests_shadow_{name}_total"]


def test_a_shadow_denies_nobody_until_its_mark_is_taken_away(gateway, token, upstream):
    gateway.apply(policy("tried", "trial"))
    gateway.apply(service("shadowed", upstream.url, authorization={"policies": ["tried"]}))
    before = count(gateway, "denied")
    answer = gateway.get("shadowed", "/tried", token=token)
    assert answer.status == 200
    entry = gateway.entry_of(answer)
    assert entry["entry"]["common"]["status"] == "ALLOWED"
    shadow = entry["ext"]["shadow"]
    assert shadow["status"] == "DENIED" and shadow["reason"] == "policy_deny" and shadow["ruleName"] == "trial"
    assert shadow["policyRef"]["name"] == "tried"
    assert count(gateway, "denied") == before + 1
    other = gateway.get("shadowed", "/other", token=token)
    assert other.status == 200 and "shadow" not in gateway.entry_of(other)["ext"]

    gateway.apply(policy("tried", None))
    assert gateway.get("shadowed", "/tried", token=token).status == 403


SLOW = ("package octelium.condition\nimport rego.v1\n"
        "match if { some x in numbers.range(1, 100000); x == 100000 }\n")


def test_a_slow_script_of_a_shadow_refuses_nobody(gateway, token, upstream):
    """It is asked on a thread, and where others wait for one it is not asked; the decision stands."""
    rule = {"name": "slow", "effect": "DENY", "condition": {"opa": {"inline": SLOW}}}
    allow = {"effect": "ALLOW", "condition": {"matchAny": True}}
    policies = [{"name": "slow", "spec": {"rules": [rule]}}, {"name": "base", "spec": {"rules": [allow]}}]
    gateway.apply(json.dumps({"kind": "Service", "metadata": {"name": "slow", "annotations": {"octelium-ext-shadow": "slow"}},
                              "spec": {"mode": "HTTP", "isPublic": True, "config": {"upstream": {"url": upstream.url}},
                                       "authorization": {"inlinePolicies": policies}}}))
    shadow = gateway.entry_of(gateway.get("slow", token=token))["ext"]["shadow"]
    assert (shadow["status"], shadow["reason"], shadow["ruleName"]) == ("DENIED", "policy_deny", "slow")
    with Flood(gateway, "slow", [token] * 64) as flood:
        answers = flood.answers()
    assert {answer.status for answer in answers} == {200}
    shadows = [gateway.entry_of(answer)["ext"]["shadow"] for answer in answers]
    assert {shadow["reason"] for shadow in shadows} == {"policy_deny", "policy_busy"}
    assert all(shadow["status"] == ("DENIED" if shadow["reason"] == "policy_deny" else "ALLOWED") for shadow in shadows)


def test_a_mark_survives_reading_and_writing_back(gateway):
    gateway.apply(policy("kept", "trial"))
    text = json.dumps(gateway.get_json("policy", "kept"))
    assert json.loads(text)["metadata"]["annotations"] == {"octelium-ext-shadow": "trial"}
    gateway.apply(text)
    assert gateway.get_json("policy", "kept")["metadata"]["annotations"] == {"octelium-ext-shadow": "trial"}


def test_a_mark_that_names_nothing_is_refused(gateway):
    refused = gateway.apply(policy("misspelt", "trail"), check=False)
    assert refused.returncode != 0
    assert 'did you mean "trial"?' in refused.stderr + refused.stdout


def test_a_session_takes_the_mark_of_its_credential(gateway, upstream):
    gateway.apply(service("credited", upstream.url))
    gateway.user("shadowed-bot", policies=["allow-all"])
    gateway.apply("kind: Credential\nmetadata: {name: shadowed-bot-token, annotations: {octelium-ext-shadow: trial}}\nspec:\n"
                  "  user: shadowed-bot\n  type: ACCESS_TOKEN\n  sessionType: CLIENTLESS\n  authorization:\n    inlinePolicies:\n"
                  "      - name: trial\n        spec: {rules: [{effect: DENY, condition: {matchAny: true}}]}\n")
    made = gateway.run("create", "cred", "--rotate", "shadowed-bot-token", "-o", "json").stdout
    token = json.loads(made)["accessToken"]["accessToken"]
    answer = gateway.get("credited", token=token)
    assert answer.status == 200
    assert gateway.entry_of(answer)["ext"]["shadow"]["inlinePolicy"] == "trial"
