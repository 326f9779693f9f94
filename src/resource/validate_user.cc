#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "resource/defaults.h"
#include "resource/duration.h"
#include "resource/name.h"
#include "resource/quoted.h"
#include "resource/validate_parts.h"

namespace resource {
namespace {

using Spec = corev1::User::Spec;

constexpr std::size_t kMaxEmailBytes = 150;
constexpr std::size_t kMaxMailboxBytes = 64;  // RFC 5321 §4.5.3.1.1
constexpr std::size_t kMaxInfoBytes = 256;
constexpr std::uint32_t kMaxSessionsOfUser = 10'000;
constexpr std::uint32_t kMaxSessionsOfType = 1000;

bool is_lower_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

// RFC 5322 dot-atom, without upper case and without quoted forms.
bool is_mailbox(std::string_view text) {
  constexpr std::string_view kOthers = "!#$%&'*+-/=?^_`{|}~.";
  return !text.empty() && text.size() <= kMaxMailboxBytes && text.front() != '.' &&
         text.back() != '.' && text.find("..") == std::string_view::npos &&
         std::ranges::all_of(text, [&](char c) {
           return is_lower_or_digit(c) || kOthers.find(c) != std::string_view::npos;
         });
}

bool is_mail_domain(std::string_view text) {
  while (true) {
    const auto dot = text.find('.');
    const auto label = text.substr(0, dot);
    if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-' ||
        !std::ranges::all_of(label, [](char c) { return is_lower_or_digit(c) || c == '-'; }))
      return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

bool is_email(std::string_view text) {
  const auto at = text.rfind('@');
  return at != std::string_view::npos && is_mailbox(text.substr(0, at)) &&
         is_mail_domain(text.substr(at + 1));
}

void check_email_is_free(Checker& check, const corev1::User& user) {
  const std::string index = email_index(user.spec().email());
  check.references().for_each(Kind::kUser, [&](const Message& message) {
    const auto& other = static_cast<const corev1::User&>(message);
    if (other.metadata().name() == user.metadata().name() || other.spec().email().empty() ||
        email_index(other.spec().email()) != index)
      return References::Visit::kContinue;
    const bool is_same = other.spec().email() == user.spec().email();
    check.fail("spec.email",
               fmt::format("{} is {} the User {}", quoted(user.spec().email()),
                           is_same ? "already the email of" : "too similar to the email of",
                           quoted(other.metadata().name())));
    return References::Visit::kStop;
  });
}

void check_email(Checker& check, const corev1::User& user) {
  const std::string& email = user.spec().email();
  if (email.empty()) return;
  if (user.spec().type() == Spec::WORKLOAD) {
    check.fail("spec.email", "a WORKLOAD User has no email");
    return;
  }
  if (!check.is_ascii("spec.email", email, kMaxEmailBytes)) return;
  if (std::ranges::any_of(email, [](char c) { return c >= 'A' && c <= 'Z'; })) {
    check.fail("spec.email", fmt::format("{} must be all lower case", quoted(email)));
  } else if (!is_email(email)) {
    check.fail("spec.email", fmt::format("{} is not an email address", quoted(email)));
  } else {
    check_email_is_free(check, user);
  }
}

void check_info(Checker& check, const Spec::Info& info) {
  check.fits("spec.info.locale", info.locale(), kMaxInfoBytes);
  check.fits("spec.info.phone", info.phone(), kMaxInfoBytes);
  check.fits("spec.info.firstName", info.firstname(), kMaxInfoBytes);
  check.fits("spec.info.middleName", info.middlename(), kMaxInfoBytes);
  check.fits("spec.info.lastName", info.lastname(), kMaxInfoBytes);
  check.fits("spec.info.website", info.website(), kMaxInfoBytes);
  check.fits("spec.info.country", info.country(), kMaxInfoBytes);
}

// Clients renew their tokens at half their life; shorter ones than this would not survive that.
constexpr std::chrono::minutes kShortestToken{30};

void check_token_duration(Checker& check, const std::string& path,
                          const metav1::Duration& duration) {
  if (check.is_duration(path, duration) && length_of(duration) < kShortestToken)
    check.fail(path, "is less than 30 minutes");
}

// `Settings` is one of three messages with the same fields and no common type.
template <typename Settings>
void check_settings(Checker& check, const std::string& path, const Settings& settings,
                    std::uint32_t max_per_user) {
  if (settings.has_clientduration())
    check.is_duration(path + ".clientDuration", settings.clientduration());
  if (settings.has_clientlessduration())
    check.is_duration(path + ".clientlessDuration", settings.clientlessduration());
  if (settings.has_accesstokenduration())
    check_token_duration(check, path + ".accessTokenDuration", settings.accesstokenduration());
  if (settings.has_refreshtokenduration())
    check_token_duration(check, path + ".refreshTokenDuration", settings.refreshtokenduration());
  if (settings.maxperuser() > max_per_user)
    check.fail(path + ".maxPerUser",
               fmt::format("{} is more than {}", settings.maxperuser(), max_per_user));
  using Session = corev1::Session::Spec;
  if (settings.defaultstate() != Session::STATE_UNKNOWN &&
      settings.defaultstate() != Session::ACTIVE && settings.defaultstate() != Session::PENDING)
    check.fail(path + ".defaultState", "must be ACTIVE or PENDING");
}

}  // namespace

void check_namespace(Checker& check, const corev1::Namespace& space,
                     const corev1::Namespace* stored) {
  const std::string& name = space.metadata().name();
  if (stored == nullptr && is_name(Kind::kNamespace, name)) {
    if (is_reserved_namespace(name))
      check.fail("metadata.name",
                 fmt::format("This name is reserved and cannot be used: {}; names that begin with "
                             "octelium, local or cordium are the cluster's",
                             name));
    if (check.references().exists(Kind::kService, full_name(Kind::kService, name)))
      check.fail("metadata.name",
                 fmt::format("the Service {} in the Namespace default has this name, and both "
                             "would answer on the same host",
                             quoted(name)));
  }
  check_authorization(check, space.spec().authorization());
  check.is_attrs("spec.attrs", space.spec().attrs());
}

void check_user(Checker& check, const corev1::User& user) {
  const Spec& spec = user.spec();
  if (spec.type() != Spec::HUMAN && spec.type() != Spec::WORKLOAD)
    check.fail("spec.type", "must be HUMAN or WORKLOAD");
  check_email(check, user);
  for (int i = 0; i < spec.groups_size(); ++i)
    check.is_name_of(indexed("spec.groups", i), Kind::kGroup, spec.groups(i));
  check_info(check, spec.info());
  check_settings(check, "spec.session", spec.session(), kMaxSessionsOfUser);
  check_authorization(check, spec.authorization());
  check.is_attrs("spec.attrs", spec.attrs());
}

void check_group(Checker& check, const corev1::Group& group) {
  check_authorization(check, group.spec().authorization());
  check.is_attrs("spec.attrs", group.spec().attrs());
}

void check_cluster_config(Checker& check, const corev1::ClusterConfig& config) {
  const auto& session = config.spec().session();
  check_settings(check, "spec.session.human", session.human(), kMaxSessionsOfType);
  check_settings(check, "spec.session.workload", session.workload(), kMaxSessionsOfType);
  check_authorization(check, config.spec().authorization());
}

}  // namespace resource
