#include "policy/residual.h"

#include <random>

#include "policy/recorder.h"
#include "policy/testkit_test.h"

namespace policy {
namespace {

using Spec = corev1::Policy::Spec;

// Of the identity, the request, the clock, attrs; that hold, do not, miss something, fail.
constexpr std::string_view kExpressions[] = {
    R"("dev" in ctx.user.spec.groups)",
    R"(ctx.user.spec.groups.hasAll("dev", "sec"))",
    R"(ctx.session.status.type == "CLIENTLESS")",
    R"(ctx.groups.exists(g, g.metadata.name == "ops"))",
    R"(ctx.user.spec.attrs.level > 2)",
    R"(ctx.user.spec.attrs.nothing == 1)",
    R"(ctx.user.metadata.name > 5)",
    R"(has(ctx.device))",
    R"(ctx.service.spec.port == 8080.0 && ctx.namespace.metadata.name == "default")",
    R"(ctx.request.http.method == "GET")",
    R"(ctx.request.http.method in ["POST", "PUT"])",
    R"(ctx.request.http.path.startsWith("/v1"))",
    R"(ctx.request.http.headers["x-team"] == "blue")",
    R"(ctx.request.http.headers["x-missing"] == "blue")",
    R"(ctx.request.http.path > 5)",
    R"(ctx.request.http.bodyMap.age > 18)",
    R"(ctx.request.http.path == ctx.user.metadata.name || ctx.user.metadata.name > 5)",
    R"(ctx.user.metadata.name == "alice" && ctx.request.http.path != "/")",
    R"(ctx["user"].metadata.name == "alice")",
    R"(now() > timestamp("2026-03-04T12:00:00Z"))",
    R"(attrs.k == "v")",
    R"(attrs.k == ctx.request.http.method)",
    "true",
    "1 / int(ctx.user.spec.attrs.level - 3.0) == 1",
};

class Generator {
 public:
  explicit Generator(std::uint32_t seed) : random_(seed) {}

  int upto(int n) { return static_cast<int>(random_() % static_cast<std::uint32_t>(n)); }

  void condition(corev1::Condition& out, int depth) {
    const int kind = upto(depth > 2 ? 5 : 9);
    if (kind == 0) return out.set_matchany(upto(3) > 0);
    if (kind < 4) return out.set_match(expression());
    if (kind == 4) return out.set_not_(expression());
    if (kind > 8) return;  // empty
    auto* of = kind == 5   ? out.mutable_none()->mutable_of()
               : kind == 6 ? out.mutable_any()->mutable_of()
                           : out.mutable_all()->mutable_of();
    for (int i = 1 + upto(3); i > 0; --i) condition(*of->Add(), depth + 1);
  }

  void spec(Spec& out) {
    (*out.mutable_attrs()->mutable_fields())["k"].set_string_value(upto(2) == 0 ? "v" : "GET");
    for (int i = upto(4); i > 0; --i) {
      Spec::Rule& rule = *out.add_rules();
      rule.set_name("r" + std::to_string(i));
      rule.set_effect(upto(2) == 0 ? Spec::Rule::ALLOW : Spec::Rule::DENY);
      rule.set_priority(upto(3) - 1);
      condition(*rule.mutable_condition(), 0);
    }
    for (int i = upto(6) - 3; i > 0; --i) {
      Spec::EnforcementRule& rule = *out.add_enforcementrules();
      rule.set_effect(upto(3) == 0 ? Spec::EnforcementRule::ENFORCE
                                   : Spec::EnforcementRule::IGNORE);
      condition(*rule.mutable_condition(), 0);
    }
    out.set_isdisabled(upto(20) == 0);
  }

  template <typename Owner>
  void owner(Owner& out) {
    auto& authorization = *out.mutable_spec()->mutable_authorization();
    for (int i = upto(4) - 1; i > 0; --i) spec(*authorization.add_inlinepolicies()->mutable_spec());
    if (upto(3) == 0) authorization.add_policies(kNames[upto(std::size(kNames) - (upto(40) > 0))]);
  }

  void world(World& out) {
    owner(out.service);
    owner(out.name_space);
    owner(out.user);
    owner(out.dev);
    owner(out.ops);
    owner(out.session);
    owner(out.cluster);
    for (std::size_t i = 0; i + 1 < std::size(kNames); ++i) {
      corev1::Policy policy;
      policy.mutable_metadata()->set_name(kNames[i]);
      spec(*policy.mutable_spec());
      out.policies.push_back(policy);
    }
    if (upto(8) == 0) {
      out.service.mutable_spec()->set_isanonymous(true);
      out.service.mutable_spec()->mutable_authorization()->set_enableanonymous(true);
      out.make_anonymous();
    }
  }

  void request(World& out) {
    out.view.method = upto(2) == 0 ? "GET" : "POST";
    out.view.path = upto(2) == 0 ? "/v1/items" : "/";
    if (upto(2) == 0) out.set_body(upto(2) == 0 ? R"({"age": 19})" : "[");
    out.now += std::chrono::hours(upto(2) * 13);
  }

 private:
  static constexpr const char* kNames[] = {"pa", "child.pa", "pc", "gone"};

  std::string expression() {
    return std::string(kExpressions[static_cast<std::size_t>(upto(std::size(kExpressions)))]);
  }

  std::mt19937 random_;
};

class Silent final : public Recorder {
 public:
  void on_check(std::string_view, bool) override {}
  void begin_policy(const CompiledPolicy&) override {}
  void end_policy(bool) override {}
  void begin_rule(const Rule&, const CompiledPolicy&) override {}
  void end_rule(Condition::Outcome, std::string_view) override {}
  void begin_condition(std::string_view, std::string_view) override {}
  void on_cost(std::uint64_t) override {}
  void on_value(std::uint32_t, std::uint32_t, std::uint32_t, const cel::Value&) override {}
  void end_condition(Condition::Outcome, std::string_view) override {}
};

std::string text_of(const Decision& decision) {
  return std::string(decision.code) + (decision.allowed ? " allowed " : " denied ") +
         (decision.rule == nullptr ? "" : decision.rule->name) + " " + std::string(decision.detail);
}

std::shared_ptr<const Residual> residual_of(World& world, const Decided& decided) {
  return Residual::make(world.subject(), access_of(world.service), decided.rules, &decided.subject);
}

TEST(Residual, DecidesAsTheRulesDo) {
  std::map<std::string_view, int> codes;
  std::size_t dropped = 0;
  for (std::uint32_t seed = 0; seed < 3000; ++seed) {
    Generator generator(seed);
    World world;
    generator.world(world);
    const Decided decided(world);
    const auto residual = residual_of(world, decided);
    ASSERT_NE(residual, nullptr);
    const Access access = access_of(world.service);
    dropped += residual->size() == 0;
    for (int i = 0; i < 6; ++i) {
      World asking = world;
      generator.request(asking);
      const Subject subject = world.subject();
      RequestContext plain(asking.request(), subject, asking.now);
      RequestContext remembered(asking.request(), subject, asking.now);
      RequestContext watched(asking.request(), subject, asking.now);
      Silent silent;
      watched.set_recorder(&silent);
      const Decision expected = decide(plain, access, decided.rules, &decided.subject);
      const Decision got =
          decide(remembered, access, decided.rules, &decided.subject, residual.get());
      const Decision seen =
          decide(watched, access, decided.rules, &decided.subject, residual.get());
      EXPECT_EQ(text_of(got), text_of(expected)) << seed;
      EXPECT_EQ(got.rule, expected.rule) << seed;
      EXPECT_EQ(got.policy, expected.policy) << seed;
      EXPECT_EQ(text_of(seen), text_of(expected)) << seed;
      ++codes[expected.code];
    }
    if (testing::Test::HasFailure()) break;
  }
  for (const char* code : {"policy_allow", "policy_deny", "policy_error", "policy_body_invalid",
                           "no_policy_match", "policy_dangling"})
    EXPECT_GT(codes[code], 20) << code;
  EXPECT_GT(dropped, 20u);
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
