#include "gateway/subject_cache.h"

#include "gateway/resource_yaml_test.h"

namespace gateway {
namespace {

// What a machine that is busy elsewhere does not exceed.
constexpr std::chrono::hours kAmple{1};

class SubjectCacheTest : public testing::Test {
 protected:
  SubjectCacheTest() {
    session_ = std::make_shared<identity::LiveSession>();
    session_->session = from_yaml<corev1::Session>("metadata: {name: s, uid: s-1}");
    session_->user = from_yaml<corev1::User>("metadata: {name: alice}\nspec: {groups: [dev]}");
  }

  std::shared_ptr<const ServicePolicy> service_policy(const corev1::Service& service) {
    auto out = std::make_shared<ServicePolicy>();
    out->rules.service = policy::RuleList::make(policy::Authorization::compile(service), {});
    return out;
  }
  std::shared_ptr<const policy::Residual> residual(
      const std::shared_ptr<const ServicePolicy>& policy) {
    entry_ = cache_.get(session_, cluster_);
    policy::Subject subject = entry_->subject();
    subject.service = service_.get();
    return cache_.residual(entry_.get(), policy, subject);
  }

  std::shared_ptr<corev1::Service> service_ = from_yaml<corev1::Service>(R"(
metadata: {name: api.default}
spec:
  authorization:
    inlinePolicies:
      - spec: {rules: [{effect: ALLOW, condition: {match: '"dev" in ctx.user.spec.groups'}}]}
)");
  std::shared_ptr<identity::LiveSession> session_;
  std::shared_ptr<const ClusterPolicy> cluster_ = std::make_shared<ClusterPolicy>();
  SubjectCache cache_{std::size_t{1} << 21, kAmple};
  std::shared_ptr<const SubjectCache::Entry> entry_;
};

TEST_F(SubjectCacheTest, RemembersAResidualForEachService) {
  const auto one = service_policy(*service_);
  const auto other = service_policy(*service_);
  const auto residual_of_one = residual(one);
  EXPECT_EQ(residual_of_one->size(), 1u);
  EXPECT_EQ(residual(one), residual_of_one);
  EXPECT_NE(residual(other), residual_of_one);
  EXPECT_EQ(entry_->residuals.size(), 2u);
  EXPECT_EQ(residual(one), residual_of_one);
}

TEST_F(SubjectCacheTest, ForgetsServicesThatAreGone) {
  auto gone = service_policy(*service_);
  const auto kept = service_policy(*service_);
  residual(gone);
  const auto remembered = residual(kept);
  gone.reset();
  cache_.sweep(false);
  EXPECT_EQ(entry_->residuals.size(), 2u);
  cache_.sweep(true);
  EXPECT_EQ(entry_->residuals.size(), 1u);
  EXPECT_EQ(residual(kept), remembered);
}

TEST_F(SubjectCacheTest, NeverTakesOneThatWasMadeForAServiceBeforeIt) {
  corev1::Service without = *service_;
  without.mutable_spec()->clear_authorization();
  for (int i = 0; i < 100; ++i) {  // addresses come again
    EXPECT_EQ(residual(service_policy(*service_))->size(), 1u);
    EXPECT_EQ(residual(service_policy(without))->size(), 0u);
  }
}

TEST_F(SubjectCacheTest, ASessionThatChangedIsDecidedAgain) {
  const auto policy = service_policy(*service_);
  EXPECT_EQ(residual(policy)->size(), 1u);
  auto changed = std::make_shared<identity::LiveSession>();
  changed->session = session_->session;
  changed->user = from_yaml<corev1::User>("metadata: {name: alice}\nspec: {groups: [ops]}");
  session_ = changed;
  EXPECT_EQ(residual(policy)->size(), 0u);
}

TEST_F(SubjectCacheTest, HoldsNoMoreServicesThanItsBound) {
  std::vector<std::shared_ptr<const ServicePolicy>> many;
  for (int i = 0; i < 3000; ++i) {
    many.push_back(service_policy(*service_));
    residual(many.back());
    ASSERT_LE(entry_->residuals.size(), 1024u);
  }
}

TEST_F(SubjectCacheTest, KeepsOnlySoMuchOfAllSessions) {
  corev1::Service large = *service_;
  auto& rules = *large.mutable_spec()->mutable_authorization()->mutable_inlinepolicies(0);
  for (int i = 0; i < 99; ++i) {
    auto& rule = *rules.mutable_spec()->add_rules();
    rule.set_effect(corev1::Policy::Spec::Rule::DENY);
    rule.mutable_condition()->set_match(R"(ctx.request.http.method == "GET")");
  }
  const auto policy = service_policy(large);
  const std::size_t each = residual(policy)->weight();
  EXPECT_GE(each, 100u);
  SubjectCache cache(10 * each, kAmple);
  std::vector<std::shared_ptr<const SubjectCache::Entry>> entries;
  for (int i = 0; i < 100; ++i) {
    const auto session = std::make_shared<identity::LiveSession>();
    session->session = session_->session;
    session->user = session_->user;
    entries.push_back(cache.get(session, cluster_));
    policy::Subject subject = entries.back()->subject();
    subject.service = service_.get();
    EXPECT_EQ(cache.residual(entries.back().get(), policy, subject)->weight(), each);
    std::size_t all = 0;
    for (const auto& entry : entries) all += entry->residuals.weight();
    ASSERT_LE(all, 10 * each);
  }
}

TEST_F(SubjectCacheTest, StrangersHaveTheirOwn) {
  auto policy = std::make_shared<ServicePolicy>();
  policy->access = policy::Access::kAnonymousWithPolicy;
  policy->rules = service_policy(*service_)->rules;
  policy::Subject subject;
  subject.service = service_.get();
  const auto residual = cache_.residual(nullptr, policy, subject);
  EXPECT_EQ(residual->size(), 0u);  // no user, no match
  EXPECT_EQ(cache_.residual(nullptr, policy, subject), residual);
}

}  // namespace
}  // namespace gateway
