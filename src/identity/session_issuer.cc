#include "identity/session_issuer.h"

#include <algorithm>

#include "base/random.h"
#include "identity/record.h"
#include "identity/session_settings.h"
#include "identity/token.h"
#include "resource/duration.h"
#include "resource/shadow.h"

namespace identity {
namespace {

constexpr int kNameAttempts = 8;
constexpr int kUpdateAttempts = 8;
constexpr int kMaxLastAuthentications = 100;
constexpr std::size_t kMaxUserAgentBytes = 220;

std::int64_t seconds_of(const resource::metav1::Duration& duration) {
  return std::chrono::duration_cast<std::chrono::seconds>(resource::length_of(duration)).count();
}

// A fresh token id, valid from now on.
corev1::Session::Status::Authentication authentication_now(const Environment& env,
                                                           const AuthenticationInfo& info) {
  corev1::Session::Status::Authentication result;
  result.set_tokenid(base::make_uuid_v4());
  *result.mutable_setat() = timestamp_of(env.clock.now());
  *result.mutable_info() = info;
  return result;
}

// Text that goes into a record must be UTF-8, or the record could not be printed; who sends
// anything else has no readable user agent.
bool is_printable_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7F; });
}

}  // namespace

base::Result<AuthenticationInfo> SessionIssuer::describe(const Client& client) const {
  constexpr std::string_view kCli = "octelium-cli/";
  AuthenticationInfo info;
  auto& downstream = *info.mutable_downstream();
  const std::string_view agent = client.user_agent;
  if (agent.size() < kMaxUserAgentBytes && is_printable_ascii(agent)) {
    downstream.set_useragent(std::string(agent));
    if (agent.starts_with(kCli)) {
      const std::string_view version = agent.substr(kCli.size());
      downstream.set_clientversion(std::string(version.substr(0, version.find(' '))));
    }
  }
  BASE_ASSIGN(const auto config, cluster_config(env_.store));
  if (config->spec().ingress().useforwardedforheader())
    downstream.set_ipaddress(std::string(client.address));
  return info;
}

base::Result<std::unique_ptr<corev1::Session>> SessionIssuer::draft(const NewSession& request,
                                                                    std::uint32_t& limit) const {
  BASE_ASSIGN(const auto config, cluster_config(env_.store));
  const SessionSettings settings = session_settings(request.user, *config);
  limit = settings.max_per_user;

  auto session = std::make_unique<corev1::Session>();
  auto& spec = *session->mutable_spec();
  spec.set_state(settings.default_state);
  *spec.mutable_expiresat() =
      timestamp_of(env_.clock.now() + (request.type == corev1::Session::Status::CLIENT
                                           ? settings.client_duration
                                           : settings.clientless_duration));
  const auto& authorization = request.credential.spec().authorization();
  if (request.credential.spec().has_authorization()) {
    *spec.mutable_authorization()->mutable_policies() = authorization.policies();
    *spec.mutable_authorization()->mutable_inlinepolicies() = authorization.inlinepolicies();
    // Rules that are only tried there must not be enforced here.
    const auto& annotations = request.credential.metadata().annotations();
    if (const auto mark = annotations.find(resource::kShadowAnnotation); mark != annotations.end())
      (*session->mutable_metadata()->mutable_annotations())[mark->first] = mark->second;
  }

  auto& status = *session->mutable_status();
  status.set_type(request.type);
  *status.mutable_userref() = reference_to(request.user);
  *status.mutable_credentialref() = reference_to(request.credential);
  for (const auto& scope : request.scopes) *status.add_scopes() = scope;
  status.set_totalauthentications(1);
  auto& authentication = *status.mutable_authentication();
  authentication = authentication_now(env_, request.info);
  *authentication.mutable_accesstokenduration() = settings.access_token_duration;
  *authentication.mutable_refreshtokenduration() = settings.refresh_token_duration;
  *status.mutable_initialauthentication() = authentication;
  return session;
}

bool SessionIssuer::reserve(const std::string& user_uid, std::uint32_t limit) {
  const std::scoped_lock lock(mutex_);
  std::uint32_t& pending = pending_[user_uid];
  if (env_.table.count_of_user(user_uid) + pending >= limit) {
    if (pending == 0) pending_.erase(user_uid);
    return false;
  }
  ++pending;
  return true;
}

void SessionIssuer::release(const std::string& user_uid) {
  const std::scoped_lock lock(mutex_);
  const auto it = pending_.find(user_uid);
  if (--it->second == 0) pending_.erase(it);
}

base::Result<store::Written> SessionIssuer::store_with_free_name(const corev1::Session& draft,
                                                                 const NewSession& request) const {
  const store::Actor actor{std::nullopt, request.operation};
  for (int attempt = 0;; ++attempt) {
    auto session = std::make_unique<corev1::Session>(draft);
    session->mutable_metadata()->set_name(request.user.metadata().name() + "-" +
                                          base::random_name(6));
    auto written = env_.store.create(std::move(session), actor);
    if (written || written.error().code != base::Code::kAlreadyExists || attempt == kNameAttempts)
      return written;
  }
}

base::Result<SessionTokens> SessionIssuer::create(const NewSession& request) {
  std::uint32_t limit = 0;
  BASE_ASSIGN(const auto session, draft(request, limit));
  const std::string& user_uid = request.user.metadata().uid();
  if (!reserve(user_uid, limit)) {
    // The message is what the client sees; official clients expect none.
    return base::fail(base::Code::kPermissionDenied, "session_limit", "");
  }
  auto written = [&]() -> base::Result<store::Written> {
    if (request.before_write) BASE_TRY(request.before_write());
    return store_with_free_name(*session, request);
  }();
  if (written) env_.wait(written->sequence);
  release(user_uid);  // only now: from here on the table counts it
  if (!written) return std::unexpected(std::move(written).error());
  return sign(std::static_pointer_cast<const corev1::Session>(written->resource));
}

base::Result<SessionTokens> SessionIssuer::reauthenticate(const std::string& session_uid,
                                                          const AuthenticationInfo& info,
                                                          std::string_view operation,
                                                          const Check& check) {
  const store::Actor actor{std::nullopt, std::string(operation)};
  for (int attempt = 0;; ++attempt) {
    BASE_ASSIGN(const auto found,
                get_record<corev1::Session>(env_.store, store::Kind::kSession, session_uid));
    const corev1::Session& before = *found;
    BASE_TRY(check(before));

    auto session = std::make_unique<corev1::Session>(before);
    auto& status = *session->mutable_status();
    auto fresh = authentication_now(env_, info);
    *fresh.mutable_accesstokenduration() = before.status().authentication().accesstokenduration();
    *fresh.mutable_refreshtokenduration() = before.status().authentication().refreshtokenduration();
    auto& last = *status.mutable_lastauthentications();
    last.Add()->Swap(status.mutable_authentication());
    std::rotate(last.pointer_begin(), last.pointer_end() - 1, last.pointer_end());  // newest first
    while (last.size() > kMaxLastAuthentications) last.RemoveLast();
    status.mutable_authentication()->Swap(&fresh);
    status.set_totalauthentications(status.totalauthentications() + 1);

    auto written =
        env_.store.update(std::move(session), before.metadata().resourceversion(), actor);
    if (written) {
      env_.wait(written->sequence);
      return sign(std::static_pointer_cast<const corev1::Session>(written->resource));
    }
    if (written.error().code != base::Code::kOutOfRange || attempt == kUpdateAttempts)
      return std::unexpected(std::move(written).error());
  }
}

base::Result<SessionTokens> SessionIssuer::sign(
    std::shared_ptr<const corev1::Session> session) const {
  const auto& authentication = session->status().authentication();
  const auto subject = parse_uid(session->metadata().uid());
  const auto token_id = parse_uid(authentication.tokenid());
  if (!subject || !token_id)
    return base::fail(base::Code::kInternal, "session_damaged", "a Session has a damaged id");

  SessionTokens tokens;
  tokens.expires_in = seconds_of(authentication.accesstokenduration());
  tokens.refresh_expires_in = seconds_of(authentication.refreshtokenduration());
  const std::int64_t from = authentication.setat().seconds();
  const auto ring = env_.keys.ring();
  BASE_ASSIGN(
      tokens.access_token,
      sign_token({TokenType::kAccess, *subject, *token_id, from + tokens.expires_in}, *ring));
  BASE_ASSIGN(tokens.refresh_token, sign_token({TokenType::kRefresh, *subject, *token_id,
                                                from + tokens.refresh_expires_in},
                                               *ring));
  tokens.session = std::move(session);
  return tokens;
}

}  // namespace identity
