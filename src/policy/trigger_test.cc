#include "policy/trigger.h"

#include "policy/residual.h"
#include "policy/testkit_test.h"

namespace policy {
namespace {

using Outcome = Precondition::Outcome;

struct Case {
  const char* precondition;
  Outcome outcome;
  Outcome known;  // without a request
};

constexpr Case kCases[] = {
    {"{}", Outcome::kNo, Outcome::kNo},
    {"matchAny: true", Outcome::kYes, Outcome::kYes},
    {"matchAny: false", Outcome::kNo, Outcome::kNo},
    {"notBefore: 2026-03-04T00:00:00Z", Outcome::kYes, Outcome::kUnknown},
    {"notBefore: 2026-03-04T00:00:00.000000001Z", Outcome::kNo, Outcome::kUnknown},
    {"notAfter: 2026-03-04T00:00:00Z", Outcome::kYes, Outcome::kUnknown},
    {"notAfter: 2026-03-03T23:59:59.999999999Z", Outcome::kNo, Outcome::kUnknown},
    {"sessionRef: {uid: s-1}", Outcome::kYes, Outcome::kYes},
    {"sessionRef: {uid: s-2}", Outcome::kNo, Outcome::kNo},
    {"sessionRef: {name: alice-abc123}", Outcome::kNo, Outcome::kNo},
    {"userRef: {uid: u-1}", Outcome::kYes, Outcome::kYes},
    {"userRef: {uid: u-2}", Outcome::kNo, Outcome::kNo},
    {"deviceRef: {uid: d-1}", Outcome::kNo, Outcome::kNo},
    {"serviceRef: {uid: svc-1}", Outcome::kYes, Outcome::kYes},
    {"serviceRef: {uid: svc-2}", Outcome::kNo, Outcome::kNo},
    {"namespaceRef: {uid: ns-1}", Outcome::kYes, Outcome::kYes},
    {"namespaceRef: {uid: ns-2}", Outcome::kNo, Outcome::kNo},
    {"groupRef: {uid: g-2}", Outcome::kYes, Outcome::kYes},
    {"groupRef: {uid: g-3}", Outcome::kNo, Outcome::kNo},
    {"condition: {match: 'ctx.user.metadata.name == \"alice\"'}", Outcome::kYes, Outcome::kYes},
    {"condition: {match: 'ctx.request.http.method == \"GET\"'}", Outcome::kYes, Outcome::kUnknown},
    {"condition: {match: 'ctx.user.metadata.name > 5'}", Outcome::kError, Outcome::kError},
    {"condition: {match: 'attrs.k == 1'}", Outcome::kError, Outcome::kError},
    {"any: {of: []}", Outcome::kNo, Outcome::kNo},
    {"all: {of: []}", Outcome::kNo, Outcome::kNo},
    {"any: {of: [{matchAny: false}, {userRef: {uid: u-1}}]}", Outcome::kYes, Outcome::kYes},
    {"any: {of: [{matchAny: false}]}", Outcome::kNo, Outcome::kNo},
    {"any: {of: [{condition: {match: 'ctx.user.metadata.name > 5'}}, {matchAny: true}]}",
     Outcome::kError, Outcome::kError},
    {"any: {of: [{matchAny: true}, {condition: {match: 'ctx.user.metadata.name > 5'}}]}",
     Outcome::kYes, Outcome::kYes},
    {"all: {of: [{matchAny: true}, {groupRef: {uid: g-1}}]}", Outcome::kYes, Outcome::kYes},
    {"all: {of: [{matchAny: true}, {matchAny: false}]}", Outcome::kNo, Outcome::kNo},
    {"all: {of: [{matchAny: false}, {condition: {match: 'ctx.user.metadata.name > 5'}}]}",
     Outcome::kNo, Outcome::kNo},
    {"all: {of: [{notBefore: 2026-01-01T00:00:00Z}, {any: {of: [{userRef: {uid: u-1}}]}}]}",
     Outcome::kYes, Outcome::kUnknown},
};

Precondition precondition_of(std::string_view yaml) {
  return Precondition::compile(from_yaml<Precondition::Message>(yaml));
}

TEST(Precondition, HoldsWhenItsPartsDo) {
  World world;
  for (const Case& each : kCases) {
    const Precondition precondition = precondition_of(each.precondition);
    RequestContext context = world.context();
    EXPECT_EQ(precondition.evaluate(context), each.outcome) << each.precondition;
    EXPECT_EQ(precondition.evaluate_identity(context), each.known) << each.precondition;
  }
}

TEST(Precondition, OfADevice) {
  World world;
  world.device = from_yaml<corev1::Device>("metadata: {name: d, uid: d-1}\nspec: {state: ACTIVE}");
  RequestContext context = world.context();
  EXPECT_EQ(precondition_of("deviceRef: {uid: d-1}").evaluate(context), Outcome::kYes);
}

TEST(Precondition, OfStrangersAndTimesThatAreNone) {
  World world;
  world.make_anonymous();
  RequestContext context = world.context();
  for (const char* yaml : {"userRef: {uid: u-1}", "sessionRef: {uid: s-1}", "groupRef: {uid: g-1}"})
    EXPECT_EQ(precondition_of(yaml).evaluate(context), Outcome::kNo) << yaml;
  Precondition::Message message;
  message.mutable_notafter()->set_seconds(std::int64_t{1} << 60);
  EXPECT_EQ(Precondition::compile(message).evaluate(context), Outcome::kNo);
}

TEST(Precondition, TooDeepNeverHolds) {
  Precondition::Message message;
  message.set_matchany(true);
  for (int depth = 1; depth <= kMaxConditionDepth + 1; ++depth) {
    Precondition::Message outer;
    *outer.mutable_any()->add_of() = message;
    message = outer;
    World world;
    RequestContext context = world.context();
    EXPECT_EQ(Precondition::compile(message).evaluate(context),
              depth <= kMaxConditionDepth ? Outcome::kYes : Outcome::kNo);
  }
}

class TriggerTest : public testing::Test {
 protected:
  corev1::PolicyTrigger& add(const std::string& status) {
    corev1::PolicyTrigger& trigger = world.triggers.emplace_back();
    *trigger.mutable_status() = from_yaml<corev1::PolicyTrigger::Status>(status);
    return trigger;
  }

  World world;
};

TEST_F(TriggerTest, BringsItsPoliciesInForItsOwner) {
  add("ownerRef: {kind: Config, name: owner, uid: c-1}\npreCondition: {userRef: {uid: u-1}}\n"
      "inlinePolicies: [{name: p, spec: {rules: [{effect: ALLOW, condition: {matchAny: true}}]}}]");
  const Decided decided(world);
  EXPECT_EQ(decided->code, "policy_allow");
  corev1::AccessLog::Entry::Common::Reason reason;
  fill_reason(decided.decision, reason);
  const auto& inline_policy = reason.details().policymatch().inlinepolicy();
  EXPECT_EQ(inline_policy.resourceref().uid(), "c-1");
  EXPECT_EQ(inline_policy.name(), "p");
}

TEST_F(TriggerTest, NamesPoliciesAndTheirParents) {
  world.policies.push_back(from_yaml<corev1::Policy>(
      "metadata: {name: p}\nspec: {rules: [{effect: ALLOW, condition: {matchAny: true}}]}"));
  world.policies.push_back(from_yaml<corev1::Policy>("metadata: {name: c.p}\nspec: {}"));
  add("preCondition: {matchAny: true}\npolicies: [c.p]");
  EXPECT_EQ(Decided(world)->code, "policy_allow");
  add("preCondition: {matchAny: true}\npolicies: [gone]");
  EXPECT_EQ(Decided(world)->code, "policy_dangling");
  world.triggers.back().mutable_status()->mutable_precondition()->set_matchany(false);
  EXPECT_EQ(Decided(world)->code, "policy_allow");
  world.triggers.back().mutable_status()->mutable_precondition()->set_matchany(true);
  world.triggers.back().mutable_status()->set_isdisabled(true);
  EXPECT_EQ(Decided(world)->code, "policy_allow");
}

TEST_F(TriggerTest, ThatFailsIsPassedOver) {
  add("preCondition: {condition: {match: 'ctx.user.metadata.name > 5'}}\n"
      "inlinePolicies: [{spec: {rules: [{effect: ALLOW, condition: {matchAny: true}}]}}]");
  EXPECT_EQ(Decided(world)->code, "no_policy_match");
}

// Somebody else's trigger costs nothing once it is known to be that.
TEST_F(TriggerTest, OfSomebodyElseLeavesNothingBehind) {
  for (int i = 0; i < 100; ++i)
    add("preCondition: {userRef: {uid: somebody-else}}\n"
        "inlinePolicies: [{spec: {rules: [{effect: DENY, condition: {matchAny: true}}]}}]");
  const Decided decided(world);
  const auto residual = Residual::make(world.subject(), Access::kAuthenticated, decided.rules,
                                       &decided.subject, std::chrono::hours(1));
  EXPECT_EQ(residual->size(), 0u);
}

}  // namespace
}  // namespace policy
