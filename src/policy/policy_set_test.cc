#include "policy/policy_set.h"

#include "policy/authorization.h"
#include "policy/testkit_test.h"

namespace policy {
namespace {

corev1::Policy named(std::string_view name) {
  corev1::Policy policy;
  policy.mutable_metadata()->set_name(std::string(name));
  return policy;
}

TEST(PolicySetTest, IsNotChangedByItsSuccessors) {
  const PolicySet empty;
  const PolicySet one = empty.with(named("aa"));
  const PolicySet two = one.with(named("bb"));
  const PolicySet without = two.without("aa");
  EXPECT_EQ(empty.size(), 0u);
  EXPECT_EQ(one.size(), 1u);
  EXPECT_EQ(two.size(), 2u);
  EXPECT_EQ(without.size(), 1u);
  EXPECT_EQ(without.find("aa"), nullptr);
  EXPECT_EQ(one.find("aa"), two.find("aa"));
  EXPECT_NE(one.with(named("aa")).find("aa"), one.find("aa"));
  EXPECT_EQ(empty.without("zz").size(), 0u);
}

TEST(AuthorizationTest, DependsOnNamedPoliciesAndTheirParents) {
  const auto block = Authorization::compile(
      from_yaml<corev1::User>("spec: {authorization: {policies: [aa.bb.cc, dd]}}"));
  for (const char* name : {"aa.bb.cc", "bb.cc", "cc", "dd"})
    EXPECT_TRUE(block->depends_on(name)) << name;
  for (const char* name : {"aa", "aa.bb", "c", ""}) EXPECT_FALSE(block->depends_on(name)) << name;
}

TEST(AuthorizationTest, IsAbsentWhenEmpty) {
  EXPECT_EQ(Authorization::compile(from_yaml<corev1::User>("spec: {authorization: {}}")), nullptr);
  EXPECT_EQ(RuleList::make(nullptr, {}), nullptr);
}

TEST(RuleListTest, HasEveryPolicyOnce) {
  const auto rule = "{effect: ALLOW, condition: {matchAny: true}}";
  auto parent = from_yaml<corev1::Policy>("spec: {rules: [" + std::string(rule) + "]}");
  parent.mutable_metadata()->set_name("pp");
  const PolicySet set = PolicySet().with(parent).with(named("aa.pp")).with(named("bb.pp"));
  const auto list = RuleList::make(Authorization::compile(from_yaml<corev1::User>(
                                       "spec: {authorization: {policies: [aa.pp, bb.pp, pp]}}")),
                                   set);
  EXPECT_EQ(list->entries().size(), 1u);
  EXPECT_TRUE(list->dangling().empty());
}

TEST(AuthorizationCacheTest, CompilesEachVersionOnce) {
  AuthorizationCache cache(2);
  auto user = from_yaml<corev1::User>(
      "metadata: {uid: u1, resourceVersion: v1}\nspec: {authorization: {policies: [aa]}}");
  const auto first = cache.get(user);
  EXPECT_EQ(cache.get(user), first);
  user.mutable_metadata()->set_resourceversion("v2");
  user.mutable_spec()->mutable_authorization()->add_policies("bb");
  const auto second = cache.get(user);
  EXPECT_EQ(second->names().size(), 2u);
  user.mutable_spec()->clear_authorization();
  EXPECT_EQ(cache.get(user), nullptr);
}

}  // namespace
}  // namespace policy
