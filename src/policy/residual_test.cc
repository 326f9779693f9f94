#include "policy/residual.h"

#include "policy/random_world_test.h"
#include "policy/silent_recorder_test.h"
#include "policy/testkit_test.h"

namespace policy {
namespace {

using Spec = corev1::Policy::Spec;

std::string text_of(const Decision& decision) {
  return std::string(decision.code) + (decision.allowed ? " allowed " : " denied ") +
         (decision.rule == nullptr ? "" : decision.rule->name) + " " +
         std::string(decision.detail) + " " + std::string(decision.shadow.code) +
         (decision.shadow.allowed ? " allowed" : "");
}

std::string enforced(const Decision& decision) {
  Decision out = decision;
  out.shadow = {};
  return text_of(out);
}

// The body is held only for rules that read it: where a Residual says that none does, the decision
// must be what it is with the body.
std::string enforced_without_body(World& asking, Access access, const Decided& decided,
                                  const Residual& residual) {
  World without = asking;
  if (!residual.reads_body()) without.view.body.reset();
  RequestContext context(without.request(), asking.subject(), without.now);
  return enforced(decide(context, access, decided.rules, &decided.subject, &residual));
}

std::shared_ptr<const Residual> residual_of(World& world, const Decided& decided) {
  return Residual::make(world.subject(), access_of(world.service), decided.rules, &decided.subject,
                        std::chrono::hours(1));
}

TEST(Residual, DecidesAsTheRulesDo) {
  std::map<std::string_view, int> codes;
  std::size_t dropped = 0;
  std::size_t shadows = 0;
  std::size_t bodies_spared = 0;
  for (std::uint32_t seed = 0; seed < 3000; ++seed) {
    RandomWorld generator(seed);
    World world;
    generator.world(world);
    const Decided decided(world);
    const auto residual = residual_of(world, decided);
    ASSERT_NE(residual, nullptr);
    // One that there was no time for leaves everything to be asked.
    const auto late = Residual::make(world.subject(), access_of(world.service), decided.rules,
                                     &decided.subject, std::chrono::nanoseconds(-1));
    const Access access = access_of(world.service);
    dropped += residual->size() == 0;
    for (int i = 0; i < 6; ++i) {
      World asking = world;
      generator.request(asking);
      const Subject subject = world.subject();
      RequestContext plain(asking.request(), subject, asking.now);
      RequestContext remembered(asking.request(), subject, asking.now);
      RequestContext watched(asking.request(), subject, asking.now);
      SilentRecorder silent;
      watched.set_recorder(&silent);
      const Decision expected = decide(plain, access, decided.rules, &decided.subject);
      const Decision got =
          decide(remembered, access, decided.rules, &decided.subject, residual.get());
      const Decision seen =
          decide(watched, access, decided.rules, &decided.subject, residual.get());
      EXPECT_EQ(text_of(got), text_of(expected)) << seed;
      EXPECT_EQ(got.rule, expected.rule) << seed;
      RequestContext unhurried(asking.request(), subject, asking.now);
      const Decision unreduced =
          decide(unhurried, access, decided.rules, &decided.subject, late.get());
      EXPECT_EQ(text_of(unreduced), text_of(expected)) << seed;
      EXPECT_EQ(unreduced.rule, expected.rule) << seed;
      EXPECT_EQ(got.shadow.rule, expected.shadow.rule) << seed;
      EXPECT_EQ(got.policy, expected.policy) << seed;
      EXPECT_EQ(text_of(seen), text_of(expected)) << seed;
      EXPECT_EQ(enforced_without_body(asking, access, decided, *residual), enforced(expected))
          << seed;
      ++codes[expected.code];
      shadows += expected.shadow.rule != nullptr;
      bodies_spared += asking.view.body && decided.rules.reads_body() && !residual->reads_body();
    }
    if (testing::Test::HasFailure()) break;
  }
  for (const char* code : {"policy_allow", "policy_deny", "policy_error", "policy_body_invalid",
                           "no_policy_match", "policy_dangling"})
    EXPECT_GT(codes[code], 20) << code;
  EXPECT_GT(dropped, 20u);
  EXPECT_GT(shadows, 300u);
  EXPECT_GT(bodies_spared, 100u);
}

class ResidualTest : public testing::Test {
 protected:
  // `rules` is a list in YAML of what is in an inline policy of the Service.
  std::shared_ptr<const Residual> make(const std::string& rules) {
    auto& authorization = *world.service.mutable_spec()->mutable_authorization();
    authorization.Clear();
    *authorization.add_inlinepolicies()->mutable_spec() = from_yaml<Spec>("rules: " + rules);
    decided.emplace(world);
    return residual_of(world, *decided);
  }

  World world;
  std::optional<Decided> decided;
};

TEST_F(ResidualTest, DropsWhatCannotMatch) {
  const auto residual = make(R"([
    {effect: DENY, condition: {match: 'ctx.user.metadata.name == "bob"'}},
    {effect: ALLOW, condition: {all: {of: [{match: '"sec" in ctx.user.spec.groups'},
                                           {match: 'ctx.request.http.bodyMap.a == 1'}]}}},
    {effect: ALLOW, condition: {match: 'ctx.request.http.method == "GET"'}}])");
  EXPECT_EQ(residual->size(), 1u);
  EXPECT_FALSE(residual->reads_body());
  EXPECT_TRUE(decided->rules.reads_body());
}

TEST_F(ResidualTest, EndsAtWhatIsCertain) {
  EXPECT_EQ(make(R"([
    {effect: ALLOW, condition: {match: 'ctx.request.http.method == "GET"'}},
    {effect: ALLOW, priority: 1, condition: {match: '"dev" in ctx.user.spec.groups'}},
    {effect: ALLOW, priority: 2, condition: {match: 'ctx.request.http.method == "PUT"'}}])")
                ->size(),
            2u);
  EXPECT_EQ(make(R"([
    {effect: DENY, condition: {match: 'ctx.user.metadata.name > 1'}},
    {effect: ALLOW, condition: {match: 'ctx.request.http.method == "PUT"'}}])")
                ->size(),
            1u);
}

TEST_F(ResidualTest, KeepsTheConditionsThatNothingIsKnownOf) {
  EXPECT_EQ(make("[{effect: ALLOW, condition: {match: 'ctx.request.http.method == \"GET\"'}}]")
                ->own_conditions(),
            0u);
  EXPECT_EQ(make("[{effect: ALLOW, condition: {match: 'now() > timestamp(0)'}}]")->own_conditions(),
            0u);
}

TEST_F(ResidualTest, AsksTheClockEachTime) {
  const auto residual =
      make("[{effect: ALLOW, condition: {match: 'now() < timestamp(\"2026-03-05T00:00:00Z\")'}}]");
  RequestContext before = world.context();
  EXPECT_TRUE(residual->decide(before).allowed);
  world.now += std::chrono::hours(24);
  RequestContext after = world.context();
  EXPECT_FALSE(residual->decide(after).allowed);
}

TEST_F(ResidualTest, IsNotMadeOfTooManyRules) {
  std::vector<corev1::Group>& groups = world.extra_groups;
  for (std::size_t i = 0; i <= Residual::kMaxRules / 100; ++i) {
    corev1::Group group = world.dev;
    group.mutable_metadata()->set_uid("g-" + std::to_string(i));
    Spec& spec =
        *group.mutable_spec()->mutable_authorization()->add_inlinepolicies()->mutable_spec();
    for (int j = 0; j < 100; ++j) {
      auto& rule = *spec.add_rules();
      rule.set_effect(Spec::Rule::ALLOW);
      rule.mutable_condition()->set_matchany(true);
    }
    groups.push_back(group);
  }
  EXPECT_EQ(make("[]"), nullptr);
  EXPECT_TRUE(decided->decision.allowed);
}

}  // namespace
}  // namespace policy
