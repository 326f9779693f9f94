#include "identity/refresh_gate.h"

#include <algorithm>
#include <chrono>

#include "identity/record.h"
#include "resource/duration.h"

namespace identity {
namespace {

using corev1::Session;
using resource::Kind;

// Renewing early is allowed, but not as a way to keep the disk busy.
constexpr int kEarlyRenewalsPerHour = 5;
constexpr std::int64_t kHour = 3600;

std::unexpected<base::Error> unauthenticated(const char* reason) {
  return base::fail(base::Code::kUnauthenticated, reason, "Unauthenticated User",
                    base::Source::kDownstream);
}

std::unexpected<base::Error> denied(const char* reason) {
  return base::fail(base::Code::kPermissionDenied, reason, "", base::Source::kDownstream);
}

bool holds_token(const Session& session, const Uid& token_id) {
  const auto held = parse_uid(session.status().authentication().tokenid());
  return held && !held->is_none() && equal_constant_time(*held, token_id);
}

std::int64_t seconds_of(const resource::metav1::Duration& duration) {
  return std::chrono::duration_cast<std::chrono::seconds>(resource::length_of(duration)).count();
}

bool is_too_often(const Session& session, std::int64_t now) {
  const auto& current = session.status().authentication();
  if (now >= current.setat().seconds() + seconds_of(current.accesstokenduration()) / 2)
    return false;
  const auto& last = session.status().lastauthentications();
  return std::ranges::count_if(last, [&](const auto& authentication) {
           return authentication.setat().seconds() > now - kHour;
         }) >= kEarlyRenewalsPerHour;
}

}  // namespace

base::Result<void> check_user(const corev1::User& user) {
  if (user.spec().isdisabled()) return denied("user_disabled");
  if (user.status().islocked()) return denied("user_locked");
  return {};
}

base::Result<RefreshGate::Opened> RefreshGate::open(std::string_view token) const {
  const auto decoded = decode_token(token);
  if (!decoded) return unauthenticated("token_malformed");
  const Token& claims = decoded->token;
  // The signature comes last: it is the one costly check, and a token that names no Session and its
  // current id never gets there.
  if (claims.type != TokenType::kRefresh) return unauthenticated("token_wrong_type");
  Opened opened{format_uid(claims.subject), claims.token_id};
  const auto session = get_record<Session>(env_.store, Kind::kSession, opened.session_uid);
  if (!session) {
    if (session.error().code == base::Code::kNotFound) return unauthenticated("session_unknown");
    return std::unexpected(session.error());
  }
  if (!holds_token(**session, claims.token_id)) return unauthenticated("token_replaced");
  if (!verify_token(*decoded, *env_.keys.ring())) return unauthenticated("token_bad_signature");
  return opened;
}

base::Result<void> RefreshGate::check(const Session& session, const Uid& token_id) const {
  const std::int64_t now = env_.now();
  const auto& status = session.status();
  const auto& authentication = status.authentication();
  if (!holds_token(session, token_id)) return unauthenticated("token_replaced");
  if (now >= session.spec().expiresat().seconds()) return unauthenticated("session_expired");
  if (now >= authentication.setat().seconds() + seconds_of(authentication.refreshtokenduration()))
    return unauthenticated("refresh_window_over");
  if (session.spec().state() == Session::Spec::REJECTED) return unauthenticated("session_rejected");
  if (status.islocked()) return unauthenticated("session_locked");
  if (status.isbrowser()) return denied("session_is_browser");
  if (is_too_often(session, now))
    return base::fail(base::Code::kAlreadyExists, "refresh_throttled", "",
                      base::Source::kDownstream);
  if (status.has_requiredauthenticatorref()) return denied("authenticator_required");
  return check_owner(session);
}

base::Result<void> RefreshGate::check_owner(const Session& session) const {
  const auto& status = session.status();
  const auto user = get_record<corev1::User>(env_.store, Kind::kUser, status.userref().uid());
  if (!user) {
    if (user.error().code == base::Code::kNotFound) return unauthenticated("user_unknown");
    return std::unexpected(user.error());
  }
  BASE_TRY(check_user(**user));
  if (status.credentialref().uid().empty()) return {};
  const auto credential =
      get_record<corev1::Credential>(env_.store, Kind::kCredential, status.credentialref().uid());
  if (!credential) {
    // A Session outlives its Credential.
    if (credential.error().code == base::Code::kNotFound) return {};
    return std::unexpected(credential.error());
  }
  if ((*credential)->spec().isdisabled() || (*credential)->status().islocked())
    return unauthenticated("credential_disabled");
  return {};
}

}  // namespace identity
