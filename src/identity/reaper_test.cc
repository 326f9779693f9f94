#include "identity/reaper.h"

#include <gtest/gtest.h>

#include "identity/fixture_test.h"

namespace identity {
namespace {

using resource::Kind;

class ReaperTest : public IdentityTest {
 protected:
  Reaper::Swept sweep() {
    const Environment env = environment();
    Reaper reaper(env);
    const auto swept = reaper.sweep();
    catch_up();
    return swept;
  }
};

TEST_F(ReaperTest, LeavesWhatIsGood) {
  login_as("alice");
  const auto swept = sweep();
  EXPECT_EQ(swept.sessions + swept.credentials, 0u);
  EXPECT_EQ(table_.size(), 1u);
}

TEST_F(ReaperTest, DeletesSessionsThatAreOver) {
  const auto by_end = login_as("by-end");
  login_as("by-window");
  login_as("good");
  change<corev1::Session>(
      Kind::kSession, by_end.session->metadata().name(),
      [&](corev1::Session& s) { s.mutable_spec()->mutable_expiresat()->set_seconds(now() + 10); });
  clock_.advance(std::chrono::seconds(10));
  EXPECT_EQ(sweep().sessions, 1u);
  clock_.advance(std::chrono::days(14));
  EXPECT_EQ(sweep().sessions, 2u);
  EXPECT_EQ(table_.size(), 0u);
}

TEST_F(ReaperTest, DeletesSessionsOfMissingUsersAndDevices) {
  const auto orphan = login_as("orphan");
  const auto lost = login_as("lost");
  change<corev1::Session>(Kind::kSession, lost.session->metadata().name(), [](corev1::Session& s) {
    s.mutable_status()->mutable_deviceref()->set_uid(base::make_uuid_v4());
  });
  ASSERT_TRUE(store_.remove(Kind::kUser, orphan.session->status().userref().uid()));
  catch_up();
  EXPECT_EQ(sweep().sessions, 2u);
}

TEST_F(ReaperTest, DeletesExpiredCredentialsAndLeavesTheirSessions) {
  const auto tokens = login_as("alice");
  change<corev1::Credential>(Kind::kCredential, "alice-cred", [&](corev1::Credential& c) {
    c.mutable_spec()->mutable_expiresat()->set_seconds(now());
  });
  EXPECT_EQ(sweep().credentials, 1u);
  EXPECT_FALSE(store_.get(Kind::kCredential, "alice-cred"));
  EXPECT_EQ(status_of(tokens.access_token), TokenStatus::kGood);
}

}  // namespace
}  // namespace identity
