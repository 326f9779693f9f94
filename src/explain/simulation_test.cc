#include "explain/simulation.h"

#include <gtest/gtest.h>

#include "resource/builtin.h"
#include "resource/validate_testkit_test.h"

namespace explain {
namespace {

using extv1::Explanation;

constexpr base::WallTime kNow{std::chrono::seconds(1'767'268'800)};  // 2026-01-01T12:00:00Z

constexpr std::string_view kResources = R"(
kind: Policy
metadata: {name: day}
spec:
  rules:
    - {name: office, effect: ALLOW, condition: {match: now().getHours() < 18}}
---
kind: Group
metadata: {name: dev}
spec: {authorization: {policies: [day]}}
---
kind: User
metadata: {name: alice}
spec: {type: HUMAN, groups: [dev]}
---
kind: User
metadata: {name: bob}
spec: {type: HUMAN}
---
kind: Service
metadata: {name: web}
spec: {mode: HTTP, isPublic: true, config: {upstream: {url: http://127.0.0.1:9}}}
---
kind: Service
metadata: {name: calls}
spec:
  mode: GRPC
  isPublic: true
  config: {upstream: {url: http://127.0.0.1:9}}
  authorization:
    inlinePolicies:
      - spec:
          rules: [{effect: ALLOW, condition: {match: ctx.request.grpc.method == "Get"}}]
)";

class SimulationTest : public testing::Test {
 protected:
  SimulationTest() {
    for (auto& message : resource::builtin_objects("example.com", kNow))
      resources.add(std::move(message));
    resources.add(kResources);
  }

  base::Result<Explanation> ask(std::string_view yaml) {
    extv1::Hypothetical request;
    const auto read = resource::decode_into(yaml, request);
    EXPECT_TRUE(read) << read.error().message;
    return Simulation(resources).run(request, kNow);
  }
  std::string code(std::string_view yaml) {
    const auto out = ask(yaml);
    return out ? out->code() : out.error().reason + ": " + out.error().message;
  }

  resource::FakeReferences resources;
};

TEST_F(SimulationTest, FindsAServiceByNameAndByHost) {
  for (const std::string_view name : {"web", "web.default", "web.example.com"}) {
    const auto out = ask("{service: " + std::string(name) + ", identity: {user: alice}}");
    ASSERT_TRUE(out) << name;
    EXPECT_EQ(out->asked().service(), "web.default");
    EXPECT_EQ(out->asked().host(), "web.example.com");
    EXPECT_EQ(out->decision(), Explanation::ALLOW);
    EXPECT_TRUE(out->ishypothetical());
  }
  const auto full = ask("{service: web.default.example.com, identity: {user: alice}}");
  ASSERT_TRUE(full);
  EXPECT_EQ(full->asked().host(), "web.default.example.com");
  EXPECT_EQ(code("{service: wep, identity: {user: alice}}"),
            "not_found: the Service \"wep\" does not exist; did you mean \"web\"?");
  EXPECT_EQ(code("{service: web, identity: {user: alic}}"),
            "not_found: the User \"alic\" does not exist; did you mean \"alice\"?");
}

TEST_F(SimulationTest, UsesTheTimeThatItIsTold) {
  EXPECT_EQ(code("{service: web, identity: {user: alice}, time: 2026-01-01T20:00:00Z}"),
            "no_policy_match");
}

TEST_F(SimulationTest, GroupsReplaceThoseOfTheUser) {
  EXPECT_EQ(code("{service: web, identity: {user: bob}}"), "no_policy_match");
  EXPECT_EQ(code("{service: web, identity: {user: bob, groups: [dev]}}"), "policy_allow");
  EXPECT_EQ(code("{service: web, identity: {user: bob, groups: [def]}}"),
            "not_found: the Group \"def\" does not exist; did you mean \"dev\"?");
}

TEST_F(SimulationTest, SessionAndDeviceAreLaidOverWhatIsMadeUp) {
  EXPECT_EQ(code("{service: web, identity: {user: alice, session: {spec: {state: PENDING}}}}"),
            "session_not_active");
  EXPECT_EQ(code("{service: web, identity: {user: alice, device: {status: {isLocked: true}}}}"),
            "device_locked");
}

TEST_F(SimulationTest, RulesOfTheSessionAndOfTheDeviceBothTakePart) {
  const auto rule = [](const char* effect) {
    return std::string(
               "{spec: {authorization: {inlinePolicies: [{spec: {rules: [{priority: -1, effect: ") +
           effect + ", condition: {matchAny: true}}]}}]}}}";
  };
  const auto ask_with = [&](const char* session, const char* device) {
    return code("{service: web, identity: {user: alice, session: " + rule(session) +
                ", device: " + rule(device) + "}}");
  };
  EXPECT_EQ(ask_with("ALLOW", "DENY"), "policy_deny");
  EXPECT_EQ(ask_with("DENY", "ALLOW"), "policy_deny");
  EXPECT_EQ(ask_with("ALLOW", "ALLOW"), "policy_allow");
}

TEST_F(SimulationTest, ReadsCallsAsTheGatewayDoes) {
  const std::string call = "{service: calls, identity: {user: bob}, request: {path: ";
  EXPECT_EQ(code(call + "/pkg.Service/Get}}"), "policy_allow");
  EXPECT_EQ(code(call + "/pkg.Service/Set}}"), "no_policy_match");
  EXPECT_EQ(code(call + "/Get}}").substr(0, 20), "grpc_path_malformed:");
}

TEST_F(SimulationTest, RefusesWhatTheGatewayRefuses) {
  const std::string request = "{service: web, identity: {user: alice}, request: ";
  EXPECT_EQ(code(request + "{path: \"/a b\"}}").substr(0, 12), "path_control");
  EXPECT_EQ(code(request + "{method: TRACE}}").substr(0, 19), "method_not_allowed:");
  EXPECT_EQ(code(request + "{headers: {\"a b\": x}}}").substr(0, 21), "field_name_malformed:");
  EXPECT_EQ(code(request + "{clientIP: 10.0.0}}"),
            "client_ip_malformed: \"10.0.0\" is not the address of a client");
  EXPECT_EQ(code(request + "{protocol: HTTP/1.1, clientIP: \"2001:db8::1\"}}"), "policy_allow");
  EXPECT_EQ(code(request + "{protocol: HTTP/3}}"),
            "protocol_unknown: \"HTTP/3\" is no protocol of a request; one of HTTP/1.0, HTTP/1.1, "
            "HTTP/2");
  EXPECT_EQ(code(request + "{headers: {a: 1}}}").substr(0, 17), "header_malformed:");
  const auto out = ask(request + "{path: \"/a/../b//c?x=1\"}}");
  ASSERT_TRUE(out);
  EXPECT_EQ(out->asked().path(), "/b/c");
}

TEST_F(SimulationTest, RefusesHeadsThatTheGatewayRefuses) {
  const std::string request = "{service: web, identity: {user: alice}, request: ";
  EXPECT_EQ(code(request + "{headers: {authorization: [a, b]}}}").substr(0, 16),
            "duplicate_field:");
  EXPECT_EQ(code(request + "{headers: {connection: close}}}").substr(0, 27),
            "connection_field_forbidden:");
  EXPECT_EQ(code(request + "{protocol: HTTP/1.1, headers: {upgrade: websocket}}}"), "policy_allow");
  EXPECT_EQ(code(request + "{protocol: HTTP/1.1, headers: {authorization: [a, b]}}}").substr(0, 16),
            "duplicate_field:");
  EXPECT_EQ(code(request + "{headers: {host: other.example.com}}}").substr(0, 19),
            "authority_conflict:");
  EXPECT_EQ(code(request + "{headers: {X-Role: a, x-role: b}}}").substr(0, 17),
            "header_ambiguous:");
  EXPECT_EQ(code(request + "{headers: {x-role: [a, b]}}}"), "policy_allow");
  EXPECT_EQ(code(request + "{protocol: HTTP/3}}").substr(0, 17), "protocol_unknown:");
}

TEST_F(SimulationTest, KnowsOnlyTimesThatAClockCanSay) {
  for (const char* time : {"9999-01-01T00:00:00Z", "0001-01-01T00:00:00Z"})
    EXPECT_EQ(code("{service: web, identity: {user: alice}, time: " + std::string(time) + "}")
                  .substr(0, 18),
              "time_out_of_range:");
  EXPECT_EQ(code("{service: web, identity: {user: alice}, time: 2250-01-01T00:00:00Z}"),
            "policy_allow");
}

TEST_F(SimulationTest, ChoosesTheConfigOfAnAnonymousServiceAsTheGatewayDoes) {
  resources.add(R"(
kind: Service
metadata: {name: open}
spec:
  mode: HTTP
  isPublic: true
  isAnonymous: true
  config: {upstream: {url: http://127.0.0.1:9}}
  dynamicConfig:
    configs: [{name: other, upstream: {url: http://127.0.0.1:8}}]
    rules:
      - {condition: {match: ctx.namespace.metadata.name == "default"}, configName: other}
)");
  const auto out = ask("{service: open}");
  ASSERT_TRUE(out);
  EXPECT_EQ(out->code(), "anonymous");
  EXPECT_EQ(out->config().name(), "default");
}

TEST_F(SimulationTest, TriggersTakePart) {
  auto trigger = std::make_unique<corev1::PolicyTrigger>();
  ASSERT_TRUE(resource::decode_into(R"(
metadata: {name: freeze}
status:
  ownerRef: {kind: Config, name: freeze}
  preCondition: {condition: {match: ctx.request.http.method == "POST"}}
  inlinePolicies:
    - {name: frozen, spec: {rules: [{effect: DENY, priority: -1, condition: {matchAny: true}}]}}
)",
                                    *trigger));
  resources.add(std::move(trigger));
  EXPECT_EQ(code("{service: web, identity: {user: alice}}"), "policy_allow");
  const auto out = ask("{service: web, identity: {user: alice}, request: {method: POST}}");
  ASSERT_TRUE(out);
  EXPECT_EQ(out->code(), "policy_deny");
  EXPECT_EQ(out->steps(0).rule().source().ownername(), "freeze");
}

TEST_F(SimulationTest, SomebodyHasToAsk) { EXPECT_EQ(code("{service: web}"), "token_missing"); }

}  // namespace
}  // namespace explain
