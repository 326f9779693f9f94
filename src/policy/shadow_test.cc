#include <algorithm>

#include "policy/random_world_test.h"
#include "policy/rego_run.h"
#include "policy/residual.h"

namespace policy {
namespace {

using Reason = corev1::AccessLog::Entry::Common::Reason;

// Policies in a Service whose annotation is `marks`; `policies` is a list in YAML.
class ShadowTest : public testing::Test {
 protected:
  const Decision& decide(const std::string& marks, const std::string& policies) {
    world.service = from_yaml<corev1::Service>(
        "metadata: {name: api.default, uid: svc-1, annotations: {octelium-ext-shadow: '" + marks +
        "'}}\nspec: {mode: HTTP, isPublic: true, authorization: {inlinePolicies: " + policies +
        "}}");
    if (marks.empty()) world.service.mutable_metadata()->clear_annotations();
    decided.emplace(world);
    return decided->decision;
  }

  static constexpr const char* kAllowAndDeny = R"([
    {name: base, spec: {rules: [{name: all, effect: ALLOW, condition: {matchAny: true}}]}},
    {name: trial, spec: {rules: [
      {name: gets, effect: DENY, condition: {match: 'ctx.request.http.method == "GET"'}},
      {name: late, effect: DENY, priority: 1, condition: {matchAny: true}}]}}])";

  World world;
  std::optional<Decided> decided;
};

TEST_F(ShadowTest, IsEvaluatedAndNotEnforced) {
  for (const char* marks : {"trial", "trial/gets", " trial/gets , trial/late ", "base/all,trial"}) {
    const Decision& decision = decide(marks, kAllowAndDeny);
    EXPECT_EQ(decision.allowed, !std::string_view(marks).starts_with("base")) << marks;
    ASSERT_NE(decision.shadow.rule, nullptr) << marks;
    EXPECT_EQ(decision.shadow.rule->name, "gets");
    EXPECT_EQ(decision.shadow.policy->name(), "trial");
    EXPECT_FALSE(decision.shadow.allowed);
    EXPECT_EQ(decision.shadow.code, "policy_deny");
  }
  EXPECT_FALSE(decide("", kAllowAndDeny).allowed);
}

TEST_F(ShadowTest, SaysNothingWhereAnotherRuleDecidesFirst) {
  const Decision& decision = decide("trial/late", kAllowAndDeny);
  EXPECT_EQ(decision.rule->name, "gets");
  EXPECT_EQ(decision.shadow.rule, nullptr);
}

TEST_F(ShadowTest, MayAllowWhatIsDenied) {
  const Decision& decision = decide("*", kAllowAndDeny);
  EXPECT_EQ(decision.code, "no_policy_match");
  world.view.method = "POST";
  const Decision& other = decide("*", kAllowAndDeny);
  EXPECT_FALSE(other.allowed);
  EXPECT_TRUE(other.shadow.allowed);
  EXPECT_EQ(other.shadow.code, "policy_allow");
}

TEST_F(ShadowTest, AnErrorOfItsOwnDeniesNobodyAndHidesNothing) {
  const Decision& decision = decide("trial", R"([
    {name: trial, spec: {rules: [{name: bad, effect: DENY, priority: -1, condition: {match: 'ctx.request.http.path > 5'}}]}},
    {name: base, spec: {rules: [{name: worse, effect: ALLOW, condition: {match: '1 / ctx.groups.size() == 0 && ctx.user.metadata.name > 7'}}]}}])");
  EXPECT_EQ(decision.code, "policy_error");
  EXPECT_EQ(decision.rule->name, "worse");
  EXPECT_EQ(decision.detail, "1:54: no such overload");
  EXPECT_EQ(decision.shadow.code, "policy_error");
  EXPECT_EQ(decision.shadow.rule->name, "bad");
}

TEST_F(ShadowTest, HoldsNobodysBody) {
  const std::string policies = R"([
    {name: trial, spec: {rules: [{name: adults, effect: DENY, condition: {match: 'ctx.request.http.bodyMap.age < 18'}}]}},
    {name: base, spec: {rules: [{effect: ALLOW, condition: {matchAny: true}}]}}])";
  world.view.content_length = 11;
  EXPECT_EQ(decide("trial", policies).shadow.code, "body_not_read");
  EXPECT_TRUE(decided->decision.allowed);
  EXPECT_TRUE(decided->decision.shadow.allowed);
  EXPECT_FALSE(decided->rules.reads_body());
  world.set_body(R"({"age": 17})");
  EXPECT_EQ(decide("trial", policies).shadow.code, "policy_deny");
  EXPECT_TRUE(decided->decision.allowed);
  world.set_body("{");
  EXPECT_EQ(decide("trial", policies).shadow.code, "policy_body_invalid");
  EXPECT_TRUE(decided->decision.allowed);
}

TEST_F(ShadowTest, HoldsNobodysBodyForItsPolicysEnforcementRules) {
  const std::string enforcement =
      "enforcementRules: [{effect: IGNORE, condition: {match: ctx.request.http.bodyMap.age < 18}}]";
  const std::string policies =
      R"([
    {name: trial, spec: {)" +
      enforcement + R"(, rules: [{name: all, effect: DENY, condition: {matchAny: true}}]}},
    {name: base, spec: {rules: [{effect: ALLOW, condition: {matchAny: true}}]}}])";
  world.view.content_length = 11;
  EXPECT_EQ(decide("trial", policies).shadow.code, "body_not_read");
  EXPECT_FALSE(decided->rules.reads_body());
  const auto residual =
      Residual::make(world.subject(), Access::kAuthenticated, decided->rules, &decided->subject);
  EXPECT_FALSE(residual->reads_body());
  RequestContext context = world.context();
  EXPECT_EQ(residual->decide(context).shadow.code, "body_not_read");
  EXPECT_EQ(decide("", policies).code, "policy_deny");
  EXPECT_TRUE(decided->rules.reads_body());
  world.set_body(R"({"age": 17})");
  EXPECT_EQ(decide("trial", policies).shadow.rule, nullptr);
}

// What a shadow cannot be asked for on the loop is no reason not to answer.
TEST_F(ShadowTest, ThatTakesLongLeavesTheDecision) {
  const std::string slow =
      R"({opa: {inline: "package octelium.condition\nmatch if { some i in numbers.range(1, 100000); i == 99999 }"}})";
  const std::string base =
      "{name: base, spec: {rules: [{effect: ALLOW, condition: {matchAny: true}}]}}";
  for (const std::string& trial :
       {"{rules: [{name: slow, effect: DENY, condition: " + slow + "}]}",
        "{enforcementRules: [{effect: IGNORE, condition: " + slow +
            "}], rules: [{name: slow, effect: DENY, condition: {matchAny: true}}]}"}) {
    decide("trial", "[{name: trial, spec: " + trial + "}, " + base + "]");
    const auto residual =
        Residual::make(world.subject(), Access::kAuthenticated, decided->rules, &decided->subject);
    for (const Residual* remembered : {static_cast<const Residual*>(nullptr), residual.get()}) {
      RequestContext context = world.context();
      context.set_on_loop(true);
      const Decision decision = policy::decide(context, Access::kAuthenticated, decided->rules,
                                               &decided->subject, remembered);
      EXPECT_TRUE(context.wants_thread());
      EXPECT_TRUE(decision.allowed);
      EXPECT_EQ(decision.code, "policy_allow");
      EXPECT_EQ(decision.shadow.code, kPolicyOffload);
      EXPECT_TRUE(decision.shadow.allowed);
      EXPECT_EQ(context.rego().spent().count(), 0);
    }
    // In force, it is.
    decide("", "[{name: trial, spec: " + trial + "}, " + base + "]");
    RequestContext context = world.context();
    context.set_on_loop(true);
    EXPECT_EQ(
        policy::decide(context, Access::kAuthenticated, decided->rules, &decided->subject).code,
        kPolicyOffload);
  }
}

TEST_F(ShadowTest, OfAPolicyIsMarkedOnThePolicy) {
  world.policies.push_back(from_yaml<corev1::Policy>(R"(
metadata: {name: trial, annotations: {octelium-ext-shadow: no-gets}}
spec:
  rules:
    - {name: no-gets, effect: DENY, condition: {match: 'ctx.request.http.method == "GET"'}}
    - {name: all, effect: ALLOW, condition: {matchAny: true}})"));
  world.service.mutable_spec()->mutable_authorization()->add_policies("trial");
  const Decided decided(world);
  EXPECT_TRUE(decided->allowed);
  EXPECT_EQ(decided->shadow.rule->name, "no-gets");
  EXPECT_FALSE(decided->shadow.policy->is_inline());
}

template <typename Predicate>
void remove_rules(corev1::Policy::Spec& spec, Predicate predicate) {
  auto& rules = *spec.mutable_rules();
  rules.erase(std::remove_if(rules.begin(), rules.end(), predicate), rules.end());
}

// What is enforced is what would be without the marked rules; what is noted is what would be
// without the marks.
TEST(Shadow, EqualsTheDecisionsWithoutMarksAndWithoutMarkedRules) {
  std::size_t noted = 0;
  for (std::uint32_t seed = 0; seed < 3000; ++seed) {
    RandomWorld random(seed);
    World marked;
    random.world(marked);
    random.request(marked);
    if (!marked.view.body) marked.view.content_length = 0;
    World unmarked = marked;
    World without = marked;
    const auto each_owner = [](World& world, auto visit) {
      visit(world.service);
      visit(world.name_space);
      visit(world.user);
      visit(world.dev);
      visit(world.ops);
      visit(world.session);
      visit(world.cluster);
      if (world.device) visit(*world.device);
    };
    each_owner(unmarked, [](auto& owner) { owner.mutable_metadata()->clear_annotations(); });
    for (auto& trigger : unmarked.triggers) trigger.mutable_metadata()->clear_annotations();
    for (auto& policy : unmarked.policies) policy.mutable_metadata()->clear_annotations();
    each_owner(without, [](auto& owner) {
      const resource::ShadowMarks marks(owner.metadata());
      for (auto& policy : *owner.mutable_spec()->mutable_authorization()->mutable_inlinepolicies())
        remove_rules(*policy.mutable_spec(),
                     [&](const auto& rule) { return marks.covers(policy.name(), rule.name()); });
    });
    for (auto& trigger : without.triggers)
      if (!trigger.metadata().annotations().empty())
        trigger.mutable_status()->clear_inlinepolicies();
    for (auto& policy : without.policies) {
      const resource::ShadowMarks marks(policy.metadata());
      remove_rules(*policy.mutable_spec(),
                   [&](const auto& rule) { return marks.covers(rule.name()); });
    }
    const Decided got(marked);
    const Decided enforced(without);
    const Decided would(unmarked);
    EXPECT_EQ(got->code, enforced->code) << seed;
    EXPECT_EQ(got->allowed, enforced->allowed) << seed;
    EXPECT_EQ(got->detail, enforced->detail) << seed;
    if (got->shadow.rule != nullptr) {
      ++noted;
      EXPECT_EQ(got->shadow.code, would->code) << seed;
      EXPECT_EQ(got->shadow.allowed, would->allowed) << seed;
    } else {
      EXPECT_EQ(got->code, would->code) << seed;
    }
    if (testing::Test::HasFailure()) return;
  }
  EXPECT_GT(noted, 50u);
}

}  // namespace
}  // namespace policy
