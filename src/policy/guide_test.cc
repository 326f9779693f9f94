#include <cstdlib>
#include <fstream>
#include <new>
#include <sstream>

#include "policy/check.h"
#include "policy/testkit_test.h"

namespace {

thread_local std::size_t allocations = 0;

}  // namespace

void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace policy {
namespace {

// The guide's example of access control: five conditions that must all hold.
class GuideExample : public testing::Test {
 protected:
  GuideExample() {
    *world.service.mutable_spec()->mutable_authorization() =
        from_yaml<corev1::Service::Spec::Authorization>(R"(
inlinePolicies:
  - spec:
      rules:
        - effect: ALLOW
          condition:
            all:
              of:
                - match: ctx.user.spec.groups.hasAll("dev", "ops")
                - match: ctx.request.http.method in ["POST", "PUT"]
                - match: ctx.request.http.path.startsWith("/users")
                - match: ctx.request.http.headers["x-custom-header"] == "this-value"
                - match: ctx.request.http.bodyMap.age > 18 && ctx.request.http.bodyMap.email.endsWith("@example.com")
)");
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
