#include <fmt/chrono.h>
#include <fmt/format.h>

#include "resource/quoted.h"
#include "resource/validate_parts.h"

namespace resource {
namespace {

using Spec = corev1::Credential::Spec;

constexpr std::uint32_t kMaxAuthentications = 1'000'000;
constexpr std::chrono::hours kLongestValidity = std::chrono::hours(24) * 2 * 365;
constexpr std::int32_t kNanosPerSecond = 1'000'000'000;
// 0001-01-01 and 9999-12-31, the range of RFC 3339 (timestamp.proto).
constexpr std::int64_t kFirstSecond = -62'135'596'800;
constexpr std::int64_t kLastSecond = 253'402'300'799;

bool is_timestamp(const google::protobuf::Timestamp& time) {
  return time.seconds() >= kFirstSecond && time.seconds() <= kLastSecond && time.nanos() >= 0 &&
         time.nanos() < kNanosPerSecond;
}

// In whole seconds, since years beyond 2262 do not fit into nanoseconds.
std::chrono::sys_seconds to_time(const google::protobuf::Timestamp& time) {
  return std::chrono::sys_seconds(std::chrono::seconds(time.seconds()));
}

std::string text_of(const google::protobuf::Timestamp& time) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}",
                     fmt::gmtime(static_cast<std::time_t>(time.seconds())));
}

// Whether it is a time after now.
bool is_in_the_future(Checker& check, const std::string& path,
                      const google::protobuf::Timestamp& time) {
  if (!is_timestamp(time)) return check.fail(path, "is not a time");
  const auto now = std::chrono::floor<std::chrono::seconds>(check.now());
  return to_time(time) > now ||
         check.fail(path, fmt::format("{} is not in the future", text_of(time)));
}

void check_owner(Checker& check, const Spec& spec) {
  if (!check.is_name_of("spec.user", Kind::kUser, spec.user())) return;
  if (spec.type() != Spec::OAUTH2 && spec.type() != Spec::ACCESS_TOKEN) return;
  const auto user = check.references().get(Kind::kUser, spec.user());
  if (static_cast<const corev1::User&>(*user).spec().type() != corev1::User::Spec::WORKLOAD)
    check.fail("spec.type",
               fmt::format("{} Credentials can only be used with WORKLOAD Users; {} is HUMAN",
                           Spec::Type_Name(spec.type()), quoted(spec.user())));
}

void check_is_same(Checker& check, const Spec& spec, const Spec& stored) {
  if (spec.type() != stored.type())
    check.fail("spec.type",
               fmt::format("cannot be changed; it is {}", Spec::Type_Name(stored.type())));
  if (spec.user() != stored.user())
    check.fail("spec.user", fmt::format("cannot be changed; it is {}", quoted(stored.user())));
}

}  // namespace

void check_credential(Checker& check, const corev1::Credential& credential,
                      const corev1::Credential* stored) {
  const Spec& spec = credential.spec();
  if (spec.type() == Spec::TYPE_UNKNOWN || !Spec::Type_IsValid(spec.type()))
    check.fail("spec.type", "must be AUTH_TOKEN, OAUTH2 or ACCESS_TOKEN");
  check_owner(check, spec);
  if (stored != nullptr) check_is_same(check, spec, stored->spec());
  if (spec.maxauthentications() > kMaxAuthentications)
    check.fail("spec.maxAuthentications",
               fmt::format("{} is more than {}", spec.maxauthentications(), kMaxAuthentications));
  if (spec.autodelete() && spec.maxauthentications() == 0)
    check.fail("spec.autoDelete",
               "needs maxAuthentications, after which the Credential is deleted");
  if (spec.has_expiresat() && is_in_the_future(check, "spec.expiresAt", spec.expiresat())) {
    const auto last = std::chrono::floor<std::chrono::seconds>(check.now()) + kLongestValidity;
    if (to_time(spec.expiresat()) > last)
      check.fail("spec.expiresAt",
                 fmt::format("{} is more than 730 days ahead", text_of(spec.expiresat())));
  }
  if (!corev1::Session::Status::Type_IsValid(spec.sessiontype()))
    check.fail("spec.sessionType", "must be CLIENT or CLIENTLESS");
  check_authorization(check, spec.authorization());
}

void check_session(Checker& check, const corev1::Session& session) {
  using State = corev1::Session::Spec;
  const State& spec = session.spec();
  if (spec.state() == State::STATE_UNKNOWN || !State::State_IsValid(spec.state()))
    check.fail("spec.state", "must be ACTIVE, PENDING or REJECTED");
  if (!spec.has_expiresat()) {
    check.fail("spec.expiresAt", "must be set");
  } else {
    is_in_the_future(check, "spec.expiresAt", spec.expiresat());
  }
  check_authorization(check, spec.authorization());
}

}  // namespace resource
