#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/counted_new_test.h"
#include "policy/check.h"
#include "policy/testkit_test.h"
#include "resource/builtin.h"

namespace policy {
namespace {

resource::Decoded example(const std::filesystem::path& name) {
  std::ifstream file(std::filesystem::path(GATEWAY_SOURCE_DIR) / "examples/guide" / name);
  std::stringstream text;
  text << file.rdbuf();
  return resource::decode(text.str(), name.string());
}

// The guide's example of access control: five conditions that must all hold.
class GuideExample : public testing::Test {
 protected:
  GuideExample() {
    const auto file = example("09-access-control.yaml");
    EXPECT_EQ(file.documents.size(), 1u);
    *world.service.mutable_spec()->mutable_authorization() =
        static_cast<const corev1::Service&>(*file.documents.at(0).message).spec().authorization();
    world.view.method = "POST";
    world.view.path = "/users/7";
    world.headers.fields.emplace_back("X-Custom-Header", "this-value");
    world.set_body(R"({"age": 19, "email": "a@example.com"})");
  }

  std::string code() { return std::string(Decided(world)->code); }

  World world;
};

TEST_F(GuideExample, Compiles) {
  const auto problems = check(world.service);
  EXPECT_TRUE(problems.empty()) << problems[0].message;
}

TEST_F(GuideExample, AllowsWhenAllFiveHold) {
  EXPECT_EQ(code(), "policy_allow");
  world.view.method = "PUT";
  EXPECT_EQ(code(), "policy_allow");
}

TEST_F(GuideExample, NeedsBothGroups) {
  world.user.mutable_spec()->mutable_groups()->RemoveLast();
  EXPECT_EQ(code(), "no_policy_match");
}

TEST_F(GuideExample, NeedsTheMethod) {
  world.view.method = "GET";
  EXPECT_EQ(code(), "no_policy_match");
  world.view.method = "post";
  EXPECT_EQ(code(), "no_policy_match");
}

TEST_F(GuideExample, NeedsThePath) {
  world.view.path = "/Users";
  EXPECT_EQ(code(), "no_policy_match");
}

TEST_F(GuideExample, NeedsTheHeader) {
  world.headers.fields.back().second = "this-value ";
  EXPECT_EQ(code(), "no_policy_match");
  world.headers.fields.pop_back();
  EXPECT_EQ(code(), "no_policy_match");
}

TEST_F(GuideExample, NeedsTheBody) {
  for (const char* body :
       {R"({"age": 18, "email": "a@example.com"})", R"({"age": 19, "email": "a@example.org"})",
        R"({"email": "a@example.com"})", R"({"age": 19})", "{}", ""}) {
    world.set_body(body);
    EXPECT_EQ(code(), "no_policy_match") << body;
  }
  world.view.body.reset();
  EXPECT_EQ(code(), "no_policy_match");
  for (const char* body : {"{", "[]", R"({"age": 1, "age": 19, "email": "a@example.com"})"}) {
    world.set_body(body);
    EXPECT_EQ(code(), "policy_body_invalid") << body;
  }
  for (const char* body :
       {R"({"age": "19", "email": "a@example.com"})", R"({"age": 19, "email": 7})"}) {
    world.set_body(body);
    EXPECT_EQ(code(), "policy_error") << body;
  }
}

TEST_F(GuideExample, DecidesWithoutAllocatingUnlessItReadsTheBody) {
  auto& rule = *world.service.mutable_spec()
                    ->mutable_authorization()
                    ->mutable_inlinepolicies(0)
                    ->mutable_spec()
                    ->mutable_rules(0);
  rule.mutable_condition()->mutable_all()->mutable_of()->RemoveLast();
  Decided decided(world);
  ASSERT_TRUE(decided->allowed);
  const Subject subject = world.subject();
  const std::size_t before = allocations;
  for (int i = 0; i < 100; ++i) {
    RequestContext context(world.request(), subject, world.now);
    if (!decide(context, Access::kAuthenticated, decided.rules, &decided.subject).allowed) FAIL();
  }
  EXPECT_EQ(allocations, before);
}

TEST(Check, FindsEveryExpressionThatDoesNotCompile) {
  auto service = from_yaml<corev1::Service>(R"(
metadata: {name: api.default}
spec:
  authorization:
    inlinePolicies:
      - spec:
          rules:
            - {effect: ALLOW, condition: {match: ctx.user.spc.groups}}
          enforcementRules:
            - {effect: IGNORE, condition: {any: {of: [{match: 'true'}, {not: 1 +}]}}}
  dynamicConfig:
    configs: [{name: c1}]
    rules:
      - {condition: {match: ctx.request.http.heders.x}, configName: c1}
)");
  service.set_kind("Service");
  const auto problems = check(service);
  ASSERT_EQ(problems.size(), 3u);
  EXPECT_EQ(problems[0].path, "spec.authorization.inlinePolicies[0].spec.rules[0].condition.match");
  EXPECT_NE(problems[0].message.find("did you mean \"spec\"?"), std::string::npos);
  EXPECT_EQ(
      problems[1].path,
      "spec.authorization.inlinePolicies[0].spec.enforcementRules[0].condition.any.of[1].not");
  EXPECT_EQ(problems[2].path, "spec.dynamicConfig.rules[0].condition.match");
  EXPECT_NE(problems[2].message.find("did you mean \"headers\"?"), std::string::npos);
}

TEST(Check, AcceptsTheBuiltInObjects) {
  for (const auto& object : resource::builtin_objects("example.com", {})) {
    const auto problems = check(*object);
    EXPECT_TRUE(problems.empty()) << problems[0].path << ": " << problems[0].message;
  }
}

// Those whose routes are computed by a language that this gateway does not have are refused.
TEST(Check, AcceptsTheConditionsOfTheGuide) {
  for (const char* name :
       {"01-direct-upstream.yaml", "05-dynamic-by-path.yaml", "06-dynamic-by-identity.yaml",
        "07-dynamic-secretless.yaml", "09-access-control.yaml"}) {
    const auto file = example(name);
    EXPECT_FALSE(file.documents.empty()) << name;
    for (const auto& document : file.documents) {
      const auto problems = check(*document.message);
      EXPECT_TRUE(problems.empty())
          << name << ": " << problems[0].path << ": " << problems[0].message;
    }
  }
}

TEST(Check, LooksIntoPoliciesAndOtherOwners) {
  const auto policy = from_yaml<corev1::Policy>(
      "spec: {rules: [{effect: ALLOW, condition: {match: 'attrs.anything == now()'}},"
      " {effect: ALLOW, condition: {match: '1 +'}}]}");
  const auto problems = check(policy);
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems[0].path, "spec.rules[1].condition.match");
  const auto user = from_yaml<corev1::User>(
      "spec: {authorization: {inlinePolicies: [{spec: {rules: [{effect: ALLOW, condition: "
      "{}}]}}]}}");
  EXPECT_EQ(check(user).size(), 1u);
}

}  // namespace
}  // namespace policy
