#pragma once

#include <chrono>
#include <cstdint>

#include "resource/kind.h"

namespace identity {

namespace corev1 = resource::corev1;

// What a new Session of a User gets: the User's own setting, else the ClusterConfig's for Users of
// its type, else the built-in one.
struct SessionSettings {
  std::chrono::seconds client_duration{};
  std::chrono::seconds clientless_duration{};
  // As messages, since they are kept in the Session's record.
  resource::metav1::Duration access_token_duration;
  resource::metav1::Duration refresh_token_duration;
  std::uint32_t max_per_user = 0;
  corev1::Session::Spec::State default_state = corev1::Session::Spec::ACTIVE;
};

SessionSettings session_settings(const corev1::User& user, const corev1::ClusterConfig& config);

}  // namespace identity
