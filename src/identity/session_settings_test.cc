#include "identity/session_settings.h"

#include <gtest/gtest.h>

#include "resource/duration.h"

namespace identity {
namespace {

using namespace std::chrono_literals;
using corev1::ClusterConfig;
using corev1::Session;
using corev1::User;

User user_of(User::Spec::Type type) {
  User user;
  user.mutable_spec()->set_type(type);
  return user;
}

TEST(SessionSettings, BuiltInOnes) {
  const auto human = session_settings(user_of(User::Spec::HUMAN), {});
  EXPECT_EQ(human.client_duration, 21h);
  EXPECT_EQ(human.clientless_duration, 21h);
  EXPECT_EQ(resource::length_of(human.access_token_duration), 4h);
  EXPECT_EQ(resource::length_of(human.refresh_token_duration), 21h);
  EXPECT_EQ(human.max_per_user, 16u);
  EXPECT_EQ(human.default_state, Session::Spec::ACTIVE);
  const auto workload = session_settings(user_of(User::Spec::WORKLOAD), {});
  EXPECT_EQ(workload.client_duration, 90 * 24h);
  EXPECT_EQ(resource::length_of(workload.refresh_token_duration), 14 * 24h);
  EXPECT_EQ(workload.max_per_user, 128u);
}

TEST(SessionSettings, TheUserWinsOverTheClusterFieldByField) {
  ClusterConfig config;
  auto& workload = *config.mutable_spec()->mutable_session()->mutable_workload();
  workload.mutable_clientduration()->set_hours(5);
  workload.mutable_accesstokenduration()->set_hours(2);
  workload.set_maxperuser(7);
  workload.set_defaultstate(Session::Spec::PENDING);
  config.mutable_spec()->mutable_session()->mutable_human()->set_maxperuser(3);
  User user = user_of(User::Spec::WORKLOAD);
  user.mutable_spec()->mutable_session()->mutable_accesstokenduration()->set_minutes(45);
  user.mutable_spec()->mutable_session()->set_defaultstate(Session::Spec::ACTIVE);

  const auto settings = session_settings(user, config);
  EXPECT_EQ(settings.client_duration, 5h);
  EXPECT_EQ(settings.clientless_duration, 90 * 24h);
  EXPECT_EQ(resource::length_of(settings.access_token_duration), 45min);
  EXPECT_EQ(settings.max_per_user, 7u);
  EXPECT_EQ(settings.default_state, Session::Spec::ACTIVE);
}

TEST(SessionSettings, ShortTokenDurationsAreIgnoredAndTheOrderOfTheTwoIsKept) {
  User user = user_of(User::Spec::WORKLOAD);
  auto& session = *user.mutable_spec()->mutable_session();
  session.mutable_accesstokenduration()->set_minutes(29);
  session.mutable_refreshtokenduration()->set_minutes(31);
  session.set_maxperuser(4'000'000'000u);
  const auto settings = session_settings(user, {});
  EXPECT_EQ(resource::length_of(settings.access_token_duration), 4h);
  EXPECT_EQ(resource::length_of(settings.refresh_token_duration), 4h);
  EXPECT_EQ(settings.max_per_user, 10'000u);
}

}  // namespace
}  // namespace identity
