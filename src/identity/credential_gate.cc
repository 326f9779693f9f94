#include "identity/credential_gate.h"

#include <functional>

#include "base/random.h"
#include "identity/record.h"
#include "identity/token.h"

namespace identity {
namespace {

using resource::Kind;

constexpr int kUpdateAttempts = 8;

std::unexpected<base::Error> refuse(const char* reason) {
  return base::fail(base::Code::kUnauthenticated, reason, "Unauthenticated User",
                    base::Source::kDownstream);
}

bool is_over(const corev1::Credential& credential, std::int64_t now) {
  return credential.spec().has_expiresat() && now >= credential.spec().expiresat().seconds();
}

bool is_used_up(const corev1::Credential& credential) {
  const auto most = credential.spec().maxauthentications();
  return most > 0 && credential.status().totalauthentications() >= most;
}

bool holds_token(const corev1::Credential& credential, const Uid& token_id) {
  const auto held = parse_uid(credential.status().tokenid());
  return held && !held->is_none() && equal_constant_time(*held, token_id);
}

}  // namespace

base::Result<void> CredentialGate::check_usable(const corev1::Credential& credential) const {
  if (credential.spec().isdisabled()) return refuse("credential_disabled");
  if (credential.status().islocked()) return refuse("credential_locked");
  if (is_over(credential, env_.now())) return refuse("credential_expired");
  if (is_used_up(credential)) return refuse("credential_used_up");
  return {};
}

base::Result<CredentialGate::Ref> CredentialGate::open(
    std::string_view token, corev1::Credential::Spec::Type expected) const {
  const auto decoded = decode_token(token);
  if (!decoded) return refuse("token_malformed");
  const Token& claims = decoded->token;
  // The signature comes last: it is the one costly check, and a token that names no Credential and
  // its current id never gets there.
  if (claims.type != TokenType::kCredential) return refuse("token_wrong_type");
  const auto found =
      get_record<corev1::Credential>(env_.store, Kind::kCredential, format_uid(claims.subject));
  if (!found) {
    if (found.error().code == base::Code::kNotFound) return refuse("credential_unknown");
    return std::unexpected(found.error());
  }
  const corev1::Credential& credential = **found;
  if (!holds_token(credential, claims.token_id)) return refuse("credential_token_replaced");
  if (!verify_token(*decoded, *env_.keys.ring())) return refuse("token_bad_signature");
  if (claims.expires_at != 0 && env_.now() >= claims.expires_at) return refuse("token_expired");
  if (credential.spec().type() != expected) return refuse("credential_type");
  BASE_TRY(check_usable(credential));
  return *found;
}

base::Result<void> CredentialGate::count_use(const corev1::Credential& opened,
                                             std::string_view operation) {
  const std::string& uid = opened.metadata().uid();
  const std::scoped_lock lock(locks_[std::hash<std::string>{}(uid) % locks_.size()]);
  for (int attempt = 0;; ++attempt) {
    const auto found = get_record<corev1::Credential>(env_.store, Kind::kCredential, uid);
    if (!found) {
      if (found.error().code == base::Code::kNotFound) return refuse("credential_unknown");
      return std::unexpected(found.error());
    }
    const corev1::Credential& before = **found;
    if (before.status().tokenid() != opened.status().tokenid())
      return refuse("credential_token_replaced");
    BASE_TRY(check_usable(before));
    auto after = std::make_unique<corev1::Credential>(before);
    after->mutable_status()->set_totalauthentications(before.status().totalauthentications() + 1);
    const bool remove = after->spec().autodelete() && is_used_up(*after);
    const auto written = env_.store.update(std::move(after), before.metadata().resourceversion(),
                                           {std::nullopt, std::string(operation)});
    if (written) {
      // The count was taken first, so that a failure here leaves a used-up Credential, not a usable
      // one.
      if (remove) BASE_TRY(env_.store.remove(Kind::kCredential, uid));
      return {};
    }
    if (written.error().code != base::Code::kOutOfRange || attempt == kUpdateAttempts)
      return std::unexpected(written.error());
  }
}

base::Result<CredentialGate::Ref> CredentialGate::rotate(
    const resource::metav1::ObjectReference& ref, const store::Actor& actor) {
  const auto find = [&] {
    return ref.name().empty() ? env_.store.get_by_uid(Kind::kCredential, ref.uid())
                              : env_.store.get(Kind::kCredential, ref.name());
  };
  if (ref.name().empty() && ref.uid().empty())
    return base::fail_invalid("credential_reference",
                              "credentialRef: the name or uid of the Credential must be set");
  for (int attempt = 0;; ++attempt) {
    BASE_ASSIGN(const auto found, find());
    const auto& before = static_cast<const corev1::Credential&>(*found);
    const auto invalid = [&](const char* reason, const char* what) {
      return base::fail_invalid(reason,
                                "The Credential " + before.metadata().name() + " is " + what);
    };
    if (before.spec().isdisabled()) return invalid("credential_disabled", "disabled");
    if (before.status().islocked()) return invalid("credential_locked", "locked");
    if (is_over(before, env_.now())) return invalid("credential_expired", "expired");
    auto after = std::make_unique<corev1::Credential>(before);
    auto& status = *after->mutable_status();
    status.set_tokenid(base::make_uuid_v4());
    *status.mutable_lastrotationat() = timestamp_of(env_.clock.now());
    status.set_totalrotations(status.totalrotations() + 1);
    auto written = env_.store.update(std::move(after), before.metadata().resourceversion(), actor);
    if (written) {
      env_.wait(written->sequence);
      return std::static_pointer_cast<const corev1::Credential>(std::move(written->resource));
    }
    if (written.error().code != base::Code::kOutOfRange || attempt == kUpdateAttempts)
      return std::unexpected(std::move(written).error());
  }
}

base::Result<base::Secret> CredentialGate::token_of(const corev1::Credential& credential) const {
  const auto subject = parse_uid(credential.metadata().uid());
  const auto token_id = parse_uid(credential.status().tokenid());
  if (!subject || !token_id)
    return base::fail(base::Code::kInternal, "credential_damaged", "a Credential has a damaged id");
  // No expiry of its own: the record decides, so that prolonging a Credential prolongs its token.
  return sign_token({TokenType::kCredential, *subject, *token_id, 0}, *env_.keys.ring());
}

}  // namespace identity
