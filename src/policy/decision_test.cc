#include "policy/decision.h"

#include "policy/testkit_test.h"

namespace policy {
namespace {

using Reason = corev1::AccessLog::Entry::Common::Reason;

constexpr std::string_view kAllow = "{effect: ALLOW, condition: {matchAny: true}}";

// "A0" is ALLOW at priority 0 on matchAny, "D-1" DENY at -1; separated by spaces.
corev1::Policy::Spec spec_of(std::string_view rules) {
  corev1::Policy::Spec spec;
  while (!rules.empty()) {
    const std::string word(rules.substr(0, rules.find(' ')));
    rules.remove_prefix(std::min(word.size() + 1, rules.size()));
    auto& rule = *spec.add_rules();
    rule.set_effect(word[0] == 'A' ? corev1::Policy::Spec::Rule::ALLOW
                                   : corev1::Policy::Spec::Rule::DENY);
    rule.set_priority(std::stoi(word.substr(1)));
    rule.mutable_condition()->set_matchany(true);
  }
  return spec;
}

corev1::Policy policy_of(std::string_view name, const corev1::Policy::Spec& spec) {
  corev1::Policy policy;
  policy.mutable_metadata()->set_name(std::string(name));
  policy.mutable_metadata()->set_uid("uid-" + std::string(name));
  *policy.mutable_spec() = spec;
  return policy;
}

class DecisionTest : public testing::Test {
 protected:
  template <typename Owner>
  void add_inline(Owner& owner, const corev1::Policy::Spec& spec, std::string_view name = {}) {
    auto& policy = *owner.mutable_spec()->mutable_authorization()->add_inlinepolicies();
    policy.set_name(std::string(name));
    *policy.mutable_spec() = spec;
  }
  template <typename Owner>
  void add_inline(Owner& owner, std::string_view rules) {
    add_inline(owner, spec_of(rules));
  }
  // `yaml` is the policy's spec.
  template <typename Owner>
  void add_yaml(Owner& owner, std::string_view yaml) {
    add_inline(owner, from_yaml<corev1::Policy::Spec>(yaml));
  }
  void attach(std::string_view name) {
    world.service.mutable_spec()->mutable_authorization()->add_policies(std::string(name));
  }
  void add_policy(std::string_view name, std::string_view yaml) {
    world.policies.push_back(policy_of(name, from_yaml<corev1::Policy::Spec>(yaml)));
  }
  bool allowed() { return Decided(world)->allowed; }
  ReasonType reason() { return Decided(world)->type; }
  std::string code() { return std::string(Decided(world)->code); }

  World world;
};

TEST_F(DecisionTest, DeniesWhenNothingMatches) {
  EXPECT_FALSE(allowed());
  EXPECT_EQ(reason(), Reason::NO_POLICY_MATCH);
  EXPECT_EQ(code(), "no_policy_match");
}

TEST_F(DecisionTest, AsksByPriorityAndDenyFirst) {
  struct {
    const char* rules;
    bool allowed;
  } constexpr kCases[] = {
      {"A0", true},
      {"D0", false},
      {"A0 D0", false},
      {"A0 D0 A-1", true},
      {"A0 D0 A-1 D-1", false},
      {"A0 D0 A-1 D-1 A2", false},
      {"A0 D0 A-1 D-1 A-2", true},
      {"D2 A-2", true},
      {"A4 D4", false},
      {"D-4 A-4", false},
      {"D1 A0", true},
  };
  for (const auto& each : kCases) {
    world = World();
    add_inline(world.service, each.rules);
    EXPECT_EQ(allowed(), each.allowed) << each.rules;
  }
}

TEST_F(DecisionTest, TakesTheRulesOfEveryOwner) {
  add_inline(world.service, "A0");
  ASSERT_TRUE(allowed());
  const World base = world;
  const auto denied = [&](auto member) {
    world = base;
    member();
    return !allowed();
  };
  EXPECT_TRUE(denied([&] { add_inline(world.name_space, "D0"); }));
  EXPECT_TRUE(denied([&] { add_inline(world.user, "D0"); }));
  EXPECT_TRUE(denied([&] { add_inline(world.ops, "D0"); }));
  EXPECT_TRUE(denied([&] { add_inline(world.session, "D0"); }));
  EXPECT_TRUE(denied([&] { add_inline(world.cluster, "D0"); }));
  EXPECT_TRUE(denied([&] {
    world.device = from_yaml<corev1::Device>("metadata: {name: d1}\nspec: {state: ACTIVE}");
    add_inline(*world.device, "D0");
  }));
  EXPECT_FALSE(denied([&] { add_inline(world.user, "D1"); }));
}

TEST_F(DecisionTest, TakesTheRulesOfManyGroups) {
  for (int i = 0; i < 20; ++i) {
    corev1::Group group = world.dev;
    group.mutable_metadata()->set_uid("g-" + std::to_string(i + 10));
    add_inline(group, i == 19 ? "D-1 A3" : "A0");
    world.extra_groups.push_back(group);
  }
  EXPECT_FALSE(allowed());
}

TEST_F(DecisionTest, ReportsTheRuleAndItsPolicy) {
  add_inline(world.service,
             from_yaml<corev1::Policy::Spec>(
                 "rules: [{name: main, priority: -2, effect: ALLOW, condition: {matchAny: true}}]"),
             "local");
  const Decided decided(world);
  Reason reason;
  fill_reason(decided.decision, reason);
  const auto& match = reason.details().policymatch();
  EXPECT_EQ(decided->code, "policy_allow");
  EXPECT_EQ(reason.type(), Reason::POLICY_MATCH);
  EXPECT_EQ(match.rulename(), "main");
  EXPECT_EQ(match.priority(), -2);
  EXPECT_EQ(match.inlinepolicy().name(), "local");
  EXPECT_EQ(match.inlinepolicy().resourceref().kind(), "Service");
  EXPECT_EQ(match.inlinepolicy().resourceref().uid(), "svc-1");
  EXPECT_EQ(decided->policy->reference().json,
            R"({"apiVersion":"core/v1","kind":"Service","uid":"svc-1","name":"api.default"})");
}

TEST_F(DecisionTest, ReportsTheClusterConfigAsOwner) {
  add_inline(world.service, "A0");
  add_inline(world.cluster, "D0");
  const Decided decided(world);
  EXPECT_EQ(decided->code, "policy_deny");
  EXPECT_EQ(decided->policy->reference().message.kind(), "ClusterConfig");
}

TEST_F(DecisionTest, IncludesTheParentsOfAPolicy) {
  world.policies = {policy_of("c.p", {}), policy_of("p", spec_of("A0"))};
  attach("c.p");
  const Decided decided(world);
  ASSERT_TRUE(decided->allowed);
  Reason reason;
  fill_reason(decided.decision, reason);
  EXPECT_EQ(reason.details().policymatch().policy().policyref().name(), "p");
}

TEST_F(DecisionTest, KeepsParentsIndependentOfTheirChildren) {
  const std::string ignore = "enforcementRules: [{effect: IGNORE, condition: {matchAny: true}}]";
  attach("cc.pp");
  add_policy("cc.pp", ignore);
  add_policy("pp", "rules: [" + std::string(kAllow) + "]");
  EXPECT_TRUE(allowed());
  world.policies[0].mutable_spec()->set_isdisabled(true);
  EXPECT_TRUE(allowed());
  world.policies.pop_back();
  add_policy("pp", ignore + "\nrules: [" + std::string(kAllow) + "]");
  EXPECT_EQ(reason(), Reason::NO_POLICY_MATCH);
}

TEST_F(DecisionTest, GivesEveryPolicyItsOwnAttrs) {
  attach("cc.pp");
  add_policy("cc.pp", "attrs: {k: other}");
  add_policy("pp", R"(
attrs: {k: v}
rules: [{effect: ALLOW, condition: {match: 'attrs.k == "v"'}}]
)");
  EXPECT_TRUE(allowed());
  world.policies[1].mutable_spec()->clear_attrs();
  EXPECT_FALSE(allowed());
}

TEST_F(DecisionTest, FollowsEnforcementRules) {
  struct {
    const char* rules;
    bool allowed;
  } constexpr kCases[] = {
      {"[{effect: IGNORE, condition: {matchAny: true}}]", false},
      {"[{effect: IGNORE, condition: {matchAny: true}},"
       " {effect: ENFORCE, condition: {matchAny: true}}]",
       true},
      {"[{effect: ENFORCE, condition: {match: 'false'}}]", true},
      {"[{effect: IGNORE, condition: {match: 'attrs.k == \"v\"'}}]", false},
      {"[{effect: IGNORE, condition: {match: 'attrs.k == \"w\"'}}]", true},
      {"[{effect: IGNORE, condition: {match: 'ctx.user.metadata.name > 5'}}]", true},
      {"[{effect: ENFORCE, condition: {match: 'ctx.user.metadata.name > 5'}},"
       " {effect: IGNORE, condition: {matchAny: true}}]",
       false},
  };
  for (const auto& each : kCases) {
    world = World();
    add_yaml(world.service, "attrs: {k: v}\nrules: [" + std::string(kAllow) + ", " +
                                std::string(kAllow) + "]\nenforcementRules: " + each.rules);
    EXPECT_EQ(allowed(), each.allowed) << each.rules;
  }
}

TEST_F(DecisionTest, LeavesDisabledPoliciesOut) {
  add_yaml(world.service, "isDisabled: true\nrules: [" + std::string(kAllow) + "]");
  EXPECT_EQ(reason(), Reason::NO_POLICY_MATCH);
}

TEST_F(DecisionTest, DeniesWhenAPolicyIsMissing) {
  add_inline(world.service, "A-4");
  ASSERT_TRUE(allowed());
  world.user.mutable_spec()->mutable_authorization()->add_policies("gone");
  const Decided decided(world);
  EXPECT_FALSE(decided->allowed);
  EXPECT_EQ(decided->code, "policy_dangling");
  EXPECT_EQ(decided->detail, "gone");
  add_policy("gone", "{}");
  EXPECT_TRUE(allowed());
}

TEST_F(DecisionTest, DeniesWhenAConditionFails) {
  add_yaml(world.service, R"(
rules:
  - {effect: ALLOW, condition: {matchAny: true}}
  - {name: broken, effect: DENY, condition: {match: ctx.user.metadata.name > 5}}
)");
  const Decided decided(world);
  EXPECT_FALSE(decided->allowed);
  EXPECT_EQ(decided->code, "policy_error");
  EXPECT_EQ(decided->rule->name, "broken");
  EXPECT_NE(decided->detail.find("no such overload"), std::string_view::npos) << decided->detail;
}

TEST_F(DecisionTest, DoesNotReachRulesBehindTheFirstMatch) {
  add_yaml(world.service, R"(
rules:
  - {effect: DENY, condition: {match: ctx.user.metadata.name > 5}}
  - {effect: ALLOW, priority: -1, condition: {matchAny: true}}
)");
  EXPECT_TRUE(allowed());
}

TEST_F(DecisionTest, DamagedRulesDenyOrNeverMatch) {
  add_yaml(world.service, "rules: [{effect: ALLOW}]");
  EXPECT_EQ(code(), "no_policy_match");
  add_yaml(world.service, "rules: [{effect: ALLOW, condition: {match: ctx.usr}}]");
  EXPECT_EQ(code(), "policy_error");
}

TEST_F(DecisionTest, DeniesABodyThatRulesCannotRead) {
  add_yaml(world.service,
           "rules: [{effect: DENY, condition: {match: 'ctx.request.http.bodyMap.a == 1'}}, " +
               std::string(kAllow) + "]");
  world.set_body(R"({"a":2})");
  EXPECT_TRUE(allowed());
  world.set_body(R"({"a":1})");
  EXPECT_EQ(code(), "policy_deny");
  world.set_body(R"({"a":2,"a":1})");
  EXPECT_EQ(code(), "policy_body_invalid");
  world.view.body.reset();
  EXPECT_TRUE(allowed());
}

TEST_F(DecisionTest, FollowsTheBuiltInReadOnlyPolicy) {
  add_policy("http-read-only", R"(
enforcementRules:
  - effect: IGNORE
    condition: {not: 'ctx.service.spec.mode in ["HTTP", "WEB"]'}
rules:
  - name: allowed-methods
    effect: ALLOW
    priority: -1
    condition: {match: 'ctx.request.http.method in ["GET", "HEAD", "OPTIONS"]'}
  - {name: deny-otherwise, effect: DENY, condition: {matchAny: true}}
)");
  world.user.mutable_spec()->mutable_authorization()->add_policies("http-read-only");
  add_inline(world.service, "A0");
  EXPECT_TRUE(allowed());
  world.view.method = "POST";
  EXPECT_EQ(code(), "policy_deny");
  world.service.mutable_spec()->set_mode(corev1::Service::Spec::TCP);
  EXPECT_TRUE(allowed());
}

TEST_F(DecisionTest, ChecksTheSessionBeforeAnyPolicy) {
  using Session = corev1::Session;
  struct {
    void (*change)(World&);
    ReasonType expected;
  } const kCases[] = {
      {[](World& w) { w.session.mutable_spec()->set_state(Session::Spec::PENDING); },
       Reason::SESSION_NOT_ACTIVE},
      {[](World& w) { w.now += std::chrono::years(10); }, Reason::SESSION_EXPIRED},
      {[](World& w) { w.session.mutable_spec()->clear_expiresat(); }, Reason::SESSION_EXPIRED},
      {[](World& w) {
         w.session.mutable_status()
             ->mutable_authentication()
             ->mutable_accesstokenduration()
             ->set_days(62);
       },
       Reason::ACCESS_TOKEN_EXPIRED},
      {[](World& w) { w.session.mutable_status()->set_islocked(true); }, Reason::SESSION_LOCKED},
      {[](World& w) { w.user.mutable_status()->set_islocked(true); }, Reason::USER_LOCKED},
      {[](World& w) {
         w.session.mutable_status()->set_authenticatoraction(
             Session::Status::AUTHENTICATION_REQUIRED);
       },
       Reason::AUTHENTICATOR_AUTHENTICATION_REQUIRED},
      {[](World& w) {
         w.session.mutable_status()->set_authenticatoraction(
             Session::Status::REGISTRATION_REQUIRED);
       },
       Reason::AUTHENTICATOR_REGISTRATION_REQUIRED},
      {[](World& w) {
         w.device = from_yaml<corev1::Device>("metadata: {name: d1}\nspec: {state: PENDING}");
       },
       Reason::DEVICE_NOT_ACTIVE},
      {[](World& w) {
         w.device = from_yaml<corev1::Device>(
             "metadata: {name: d1}\nspec: {state: ACTIVE}\nstatus: {isLocked: true}");
       },
       Reason::DEVICE_LOCKED},
      {[](World& w) { w.user.mutable_spec()->set_isdisabled(true); }, Reason::USER_DEACTIVATED},
      {[](World& w) { w.service.mutable_spec()->set_ispublic(false); },
       Reason::SESSION_CLIENT_TYPE_INVALID},
      {[](World& w) {
         w.session.mutable_status()->add_scopes()->mutable_service()->mutable_filter()->add_names(
             "other");
       },
       Reason::SCOPE_UNAUTHORIZED},
  };
  for (const auto& each : kCases) {
    world = World();
    add_inline(world.service, "A-4");
    ASSERT_TRUE(allowed());
    each.change(world);
    EXPECT_FALSE(allowed());
    EXPECT_EQ(reason(), each.expected) << reason_type_name(reason());
  }
}

TEST_F(DecisionTest, LetsWhatIsOnlyRecommendedPass) {
  add_inline(world.service, "A0");
  world.session.mutable_status()->set_authenticatoraction(
      corev1::Session::Status::AUTHENTICATION_RECOMMENDED);
  world.session.mutable_status()->mutable_authentication()->mutable_accesstokenduration()->set_days(
      63);
  EXPECT_TRUE(allowed());
}

TEST_F(DecisionTest, ActionsThatItDoesNotKnowAreRequired) {
  add_inline(world.service, "A0");
  world.session.mutable_status()->set_authenticatoraction(
      static_cast<corev1::Session::Status::AuthenticatorAction>(5));
  EXPECT_FALSE(allowed());
  EXPECT_EQ(reason(), Reason::AUTHENTICATOR_AUTHENTICATION_REQUIRED);
}

TEST_F(DecisionTest, LetsClientsReachPrivateServices) {
  add_inline(world.service, "A0");
  world.service.mutable_spec()->set_ispublic(false);
  world.session.mutable_status()->set_type(corev1::Session::Status::CLIENT);
  EXPECT_TRUE(allowed());
}

TEST_F(DecisionTest, NamesTheStateOfAnInactiveSession) {
  world.session.mutable_spec()->set_state(corev1::Session::Spec::REJECTED);
  Reason reason;
  fill_reason(Decided(world).decision, reason);
  EXPECT_EQ(reason.details().sessionnotactive().state(), corev1::Session::Spec::REJECTED);
}

TEST_F(DecisionTest, AllowsEverythingOnAnonymousServices) {
  world.make_anonymous();
  world.service.mutable_spec()->set_isanonymous(true);
  const Decided decided(world);
  EXPECT_TRUE(decided->allowed);
  EXPECT_EQ(decided->code, "anonymous");
}

TEST_F(DecisionTest, AppliesPoliciesToAnonymousRequestsWhenAsked) {
  world.make_anonymous();
  world.service.mutable_spec()->set_isanonymous(true);
  world.service.mutable_spec()->mutable_authorization()->set_enableanonymous(true);
  EXPECT_EQ(reason(), Reason::NO_POLICY_MATCH);
  add_yaml(world.service, R"(
rules:
  - effect: ALLOW
    condition: {match: 'ctx.request.http.path.startsWith("/v1")'}
  - effect: DENY
    condition: {match: 'ctx.user.metadata.name == "alice" || has(ctx.session)'}
)");
  EXPECT_TRUE(allowed());
  world.view.path = "/v2/x";
  EXPECT_EQ(reason(), Reason::NO_POLICY_MATCH);
  world.view.path = "/v1/x";
  add_inline(world.cluster, "D0");
  EXPECT_EQ(code(), "policy_deny");
}

TEST_F(DecisionTest, KnowsWhenTheBodyIsNeeded) {
  add_inline(world.service, "A0");
  EXPECT_FALSE(Decided(world).rules.reads_body());
  add_yaml(world.name_space,
           "rules: [{effect: DENY, condition: {match: has(ctx.request.http.bodyMap)}}]");
  EXPECT_TRUE(Decided(world).rules.reads_body());
  EXPECT_FALSE(Decided(world).subject.reads_body);
  add_yaml(world.dev, "rules: [{effect: DENY, condition: {match: has(ctx.request.http.body)}}]");
  EXPECT_TRUE(Decided(world).subject.reads_body);
}

}  // namespace
}  // namespace policy
