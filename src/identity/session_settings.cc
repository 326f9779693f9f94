#include "identity/session_settings.h"

#include <algorithm>

#include "resource/duration.h"

namespace identity {
namespace {

using resource::length_of;
using resource::metav1::Duration;

constexpr std::chrono::minutes kShortestTokenDuration{30};
constexpr std::uint32_t kMostSessionsPerUser = 10'000;

Duration hours(std::uint32_t count) {
  Duration duration;
  duration.set_hours(count);
  return duration;
}

Duration days(std::uint32_t count) {
  Duration duration;
  duration.set_days(count);
  return duration;
}

struct Limits {
  Duration session;
  Duration access;
  Duration refresh;
  std::uint32_t max_per_user;
};

Limits built_in(corev1::User::Spec::Type type) {
  if (type == corev1::User::Spec::HUMAN) return {hours(21), hours(4), hours(21), 16};
  return {days(90), hours(4), days(14), 128};
}

std::chrono::seconds seconds_of(const Duration& duration) {
  return std::chrono::duration_cast<std::chrono::seconds>(length_of(duration));
}

// `Settings` is one of three messages that have the same fields and no common type.
template <typename Settings>
void override_with(const Settings& from, SessionSettings& to) {
  if (from.has_clientduration()) to.client_duration = seconds_of(from.clientduration());
  if (from.has_clientlessduration()) to.clientless_duration = seconds_of(from.clientlessduration());
  if (from.has_accesstokenduration() &&
      length_of(from.accesstokenduration()) >= kShortestTokenDuration)
    to.access_token_duration = from.accesstokenduration();
  if (from.has_refreshtokenduration() &&
      length_of(from.refreshtokenduration()) >= kShortestTokenDuration)
    to.refresh_token_duration = from.refreshtokenduration();
  if (from.maxperuser() > 0) to.max_per_user = from.maxperuser();
  if (from.defaultstate() == corev1::Session::Spec::ACTIVE ||
      from.defaultstate() == corev1::Session::Spec::PENDING)
    to.default_state = from.defaultstate();
}

}  // namespace

SessionSettings session_settings(const corev1::User& user, const corev1::ClusterConfig& config) {
  const Limits limits = built_in(user.spec().type());
  SessionSettings settings;
  settings.client_duration = settings.clientless_duration = seconds_of(limits.session);
  settings.access_token_duration = limits.access;
  settings.refresh_token_duration = limits.refresh;
  settings.max_per_user = limits.max_per_user;
  if (user.spec().type() == corev1::User::Spec::HUMAN) {
    override_with(config.spec().session().human(), settings);
  } else {
    override_with(config.spec().session().workload(), settings);
  }
  override_with(user.spec().session(), settings);

  settings.max_per_user = std::min(settings.max_per_user, kMostSessionsPerUser);
  if (length_of(settings.refresh_token_duration) < length_of(settings.access_token_duration))
    settings.refresh_token_duration = settings.access_token_duration;
  return settings;
}

}  // namespace identity
