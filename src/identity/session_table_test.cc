#include "identity/session_table.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "identity/fixture_test.h"

namespace identity {
namespace {

using resource::Kind;

class SessionTableTest : public IdentityTest {
 protected:
  SessionTable::Ref live(const SessionTokens& tokens) {
    return table_.lookup(tokens.session->metadata().uid());
  }
};

TEST_F(SessionTableTest, HoldsASessionWithItsUserGroupsAndCredential) {
  corev1::Group group;
  group.mutable_metadata()->set_name("dev");
  add(group);
  const auto user = add_user("alice");
  change<corev1::User>(Kind::kUser, "alice", [](corev1::User& u) {
    u.mutable_spec()->add_groups("nowhere");
    u.mutable_spec()->add_groups("dev");
  });
  add_credential("cred", *user);
  const auto tokens = login(secret_of("cred"));
  ASSERT_TRUE(tokens);

  const auto session = live(*tokens);
  ASSERT_TRUE(session);
  EXPECT_EQ(session->user->metadata().name(), "alice");
  ASSERT_EQ(session->groups.size(), 1u);
  EXPECT_EQ(session->groups[0]->metadata().name(), "dev");
  EXPECT_EQ(session->credential->metadata().name(), "cred");
  EXPECT_EQ(session->device, nullptr);
  EXPECT_EQ(session->state, corev1::Session::Spec::ACTIVE);
  EXPECT_EQ(session->type, corev1::Session::Status::CLIENT);
  EXPECT_EQ(session->access_expires_at, now() + 4 * 3600);
  EXPECT_EQ(session->refresh_expires_at, now() + 14 * 86400);
  EXPECT_EQ(session->expires_at, now() + 90 * 86400);
}

TEST_F(SessionTableTest, AChangeMarksTheOldOneAndOnlyThatOne) {
  const auto alice = login_as("alice");
  const auto bob = login_as("bob");
  const auto alice_before = live(alice);
  const auto bob_before = live(bob);
  const auto epoch = table_.epoch();

  change<corev1::User>(Kind::kUser, "alice",
                       [](corev1::User& u) { u.mutable_spec()->set_isdisabled(true); });
  EXPECT_GT(table_.epoch(), epoch);
  EXPECT_FALSE(alice_before->is_current());
  EXPECT_TRUE(bob_before->is_current());
  EXPECT_EQ(live(bob), bob_before);
  EXPECT_TRUE(live(alice)->is_user_disabled);
  EXPECT_TRUE(live(alice)->is_current());
}

TEST_F(SessionTableTest, FollowsGroupsAsTheyComeAndGo) {
  const auto tokens = login_as("alice");
  change<corev1::User>(Kind::kUser, "alice",
                       [](corev1::User& u) { u.mutable_spec()->add_groups("dev"); });
  EXPECT_TRUE(live(tokens)->groups.empty());

  corev1::Group group;
  group.mutable_metadata()->set_name("dev");
  const auto added = add(group);
  EXPECT_EQ(live(tokens)->groups.size(), 1u);
  ASSERT_TRUE(store_.remove(Kind::kGroup, added->metadata().uid()));
  catch_up();
  EXPECT_TRUE(live(tokens)->groups.empty());
}

TEST_F(SessionTableTest, ADeletedUserOrDeviceTakesTheSessionWithIt) {
  const auto tokens = login_as("alice");
  const std::string uid = tokens.session->metadata().uid();
  corev1::Device device;
  device.mutable_metadata()->set_name("linux-1");
  device.mutable_spec()->set_state(corev1::Device::Spec::PENDING);
  const auto added = add(device);
  change<corev1::Session>(
      Kind::kSession, tokens.session->metadata().name(),
      [&](corev1::Session& s) { *s.mutable_status()->mutable_deviceref() = reference_to(*added); });
  ASSERT_TRUE(live(tokens));
  EXPECT_FALSE(live(tokens)->is_device_active);
  EXPECT_EQ(live(tokens)->device->metadata().name(), "linux-1");

  ASSERT_TRUE(store_.remove(Kind::kDevice, added->metadata().uid()));
  catch_up();
  EXPECT_FALSE(table_.lookup(uid));
  EXPECT_EQ(table_.size(), 1u) << "it is refused, not deleted";

  const auto user = store_.get(Kind::kUser, "alice");
  ASSERT_TRUE(store_.remove(Kind::kUser, resource::metadata_of(**user).uid()));
  catch_up();
  EXPECT_FALSE(table_.lookup(uid));
  EXPECT_FALSE(table_.has_user(resource::metadata_of(**user).uid()));
}

TEST_F(SessionTableTest, LoadingGivesTheSameAsFollowing) {
  const auto alice = login_as("alice");
  const auto bob = login_as("bob");
  ASSERT_TRUE(store_.remove(Kind::kSession, bob.session->metadata().uid()));
  catch_up();

  SessionTable fresh;
  EXPECT_EQ(fresh.load(store_), applied_);
  EXPECT_EQ(fresh.size(), 1u);
  ASSERT_TRUE(fresh.lookup(alice.session->metadata().uid()));
  EXPECT_EQ(fresh.lookup(alice.session->metadata().uid())->token_id, live(alice)->token_id);
  EXPECT_FALSE(fresh.lookup(bob.session->metadata().uid()));
}

TEST_F(SessionTableTest, LoadingAgainForgetsWhatIsGone) {
  const auto alice = login_as("alice");
  const auto before = live(alice);
  ASSERT_TRUE(store_.remove(Kind::kSession, alice.session->metadata().uid()));
  ASSERT_TRUE(table_.load(store_));
  EXPECT_FALSE(before->is_current());
  EXPECT_FALSE(live(alice));
}

TEST_F(SessionTableTest, LookupsOfNonsenseFindNothing) {
  login_as("alice");
  EXPECT_FALSE(table_.lookup(""));
  EXPECT_FALSE(table_.lookup("not a uid"));
  EXPECT_FALSE(table_.lookup(Uid{}));
}

TEST_F(SessionTableTest, ReadersNeverSeeAnOldSessionOnceItIsMarked) {
  const auto tokens = login_as("alice");
  const Uid uid = *parse_uid(tokens.session->metadata().uid());
  std::atomic<bool> done{false};
  std::atomic<int> wrong{0};
  std::thread reader([&] {
    auto held = table_.lookup(uid);
    while (!done.load()) {
      if (held->is_current()) continue;
      auto next = table_.lookup(uid);
      if (next == held) ++wrong;
      held = std::move(next);
    }
  });
  for (int i = 0; i < 500; ++i) {
    change<corev1::User>(Kind::kUser, "alice",
                         [i](corev1::User& u) { u.mutable_spec()->set_email(std::to_string(i)); });
  }
  done = true;
  reader.join();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace identity
