#include "identity/authenticator.h"

#include <openssl/sha.h>

#include <utility>

#include "identity/record.h"
#include "identity/scope.h"

namespace identity {
namespace {

using corev1::Credential;
using corev1::Session;
using corev1::User;
using resource::Kind;

constexpr std::string_view kLogin =
    "octelium.api.main.auth.v1.MainService/AuthenticateWithAuthenticationToken";
constexpr std::string_view kRefresh =
    "octelium.api.main.auth.v1.MainService/AuthenticateWithRefreshToken";
constexpr std::string_view kClientCredentials = "oauth2/token";

std::unexpected<base::Error> unauthenticated(const char* reason) {
  return base::fail(base::Code::kUnauthenticated, reason, "Unauthenticated User",
                    base::Source::kDownstream);
}

// Without a message: official clients are told nothing more.
std::unexpected<base::Error> denied(const char* reason) {
  return base::fail(base::Code::kPermissionDenied, reason, "", base::Source::kDownstream);
}

// RFC 7636 §4.6, method S256.
bool answers_challenge(const std::string& challenge, std::string_view verifier) {
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  SHA256(reinterpret_cast<const unsigned char*>(verifier.data()), verifier.size(),
         reinterpret_cast<unsigned char*>(digest.data()));
  return base::equal_constant_time(challenge, digest);
}

Session::Status::Type session_type(const Credential& credential, std::string_view user_agent) {
  if (credential.spec().sessiontype() != Session::Status::TYPE_UNKNOWN)
    return credential.spec().sessiontype();
  return user_agent.starts_with("octelium-cli") ? Session::Status::CLIENT
                                                : Session::Status::CLIENTLESS;
}

}  // namespace

Authenticator::Authenticator(Environment environment)
    : env_(std::move(environment)), gate_(env_), refresh_gate_(env_), issuer_(env_) {}

// Runs a flow and keeps count of the failures that are the client's.
template <typename T>
base::Result<T> Authenticator::throttled(const Client& client,
                                         const std::function<base::Result<T>()>& flow) {
  const std::int64_t now = env_.now();
  if (throttle_.is_blocked(client.address, now))
    return base::fail(base::Code::kResourceExhausted, "too_many_failures",
                      "there were too many failed attempts from this address; wait a minute",
                      base::Source::kDownstream);
  auto result = flow();
  if (result) {
    throttle_.succeeded(client.address, now);
  } else if (result.error().code == base::Code::kUnauthenticated) {
    throttle_.failed(client.address, now);
  }
  return result;
}

base::Result<SessionTokens> Authenticator::authenticate_with_token(const TokenLogin& login,
                                                                   const Client& client) {
  return throttled<SessionTokens>(client, [&] { return login_with_token(login, client); });
}

base::Result<SessionTokens> Authenticator::authenticate_client(const ClientLogin& login,
                                                               const Client& client) {
  return throttled<SessionTokens>(client, [&] { return login_client(login, client); });
}

base::Result<SessionTokens> Authenticator::refresh(std::string_view refresh_token,
                                                   const Client& client) {
  return throttled<SessionTokens>(client, [&] { return renew(refresh_token, client); });
}

base::Result<std::shared_ptr<const User>> Authenticator::user_of(
    const Credential& credential) const {
  const auto& ref = credential.status().userref();
  auto found = ref.uid().empty() ? env_.store.get(Kind::kUser, credential.spec().user())
                                 : env_.store.get_by_uid(Kind::kUser, ref.uid());
  if (found) return std::static_pointer_cast<const User>(std::move(*found));
  if (found.error().code == base::Code::kNotFound) return unauthenticated("user_unknown");
  return std::unexpected(std::move(found).error());
}

base::Result<AuthenticationInfo> Authenticator::credential_info(const Credential& credential,
                                                                const Client& client) const {
  BASE_ASSIGN(auto info, issuer_.describe(client));
  info.set_type(AuthenticationInfo::CREDENTIAL);
  auto& details = *info.mutable_credential();
  *details.mutable_credentialref() = reference_to(credential);
  details.set_type(credential.spec().type());
  details.set_tokenid(credential.status().tokenid());
  return info;
}

base::Result<SessionTokens> Authenticator::login_with_token(const TokenLogin& login,
                                                            const Client& client) {
  BASE_ASSIGN(auto scopes, parse_scopes(login.scopes));
  BASE_ASSIGN(const auto credential, gate_.open(login.token, Credential::Spec::AUTH_TOKEN));
  if (const auto& challenge = credential->status().pkce().codechallenge();
      !challenge.empty() && !answers_challenge(challenge, login.code_verifier)) {
    return unauthenticated("credential_code_verifier");
  }
  BASE_ASSIGN(const auto user, user_of(*credential));
  BASE_TRY(check_user(*user));
  BASE_ASSIGN(auto info, credential_info(*credential, client));
  return issuer_.create({*user, *credential, session_type(*credential, client.user_agent),
                         std::move(scopes), std::move(info), std::string(kLogin),
                         [&] { return gate_.count_use(*credential, kLogin); }});
}

base::Result<SessionTokens> Authenticator::login_client(const ClientLogin& login,
                                                        const Client& client) {
  BASE_ASSIGN(auto scopes, parse_scope_list(login.scope));
  BASE_ASSIGN(const auto credential, gate_.open(login.secret, Credential::Spec::OAUTH2));
  if (!base::equal_constant_time(credential->status().id(), login.id))
    return unauthenticated("client_id_mismatch");
  auto user = user_of(*credential);
  if (!user) {
    // Not the client's secret is wrong but what it belonged to is gone.
    if (user.error().reason == "user_unknown") user.error().code = base::Code::kPermissionDenied;
    return std::unexpected(std::move(user).error());
  }
  if ((*user)->spec().type() != User::Spec::WORKLOAD) return denied("user_not_workload");
  BASE_TRY(check_user(**user));
  BASE_ASSIGN(auto info, credential_info(*credential, client));
  return one_session_of(*credential,
                        {**user, *credential, Session::Status::CLIENTLESS, std::move(scopes),
                         std::move(info), std::string(kClientCredentials),
                         [&] { return gate_.count_use(*credential, kClientCredentials); }});
}

// The oldest Session of the Credential that is not over is authenticated anew; only when there is
// none is one made.
base::Result<SessionTokens> Authenticator::one_session_of(const Credential& credential,
                                                          const NewSession& request) {
  const std::string& uid = credential.metadata().uid();
  const std::scoped_lock lock(
      credential_sessions_[std::hash<std::string>{}(uid) % credential_sessions_.size()]);
  const std::int64_t now = env_.now();
  std::shared_ptr<const Session> oldest;
  for (const std::string& session_uid : env_.table.sessions_of_credential(uid)) {
    auto found = get_record<Session>(env_.store, Kind::kSession, session_uid);
    if (!found || now >= (*found)->spec().expiresat().seconds()) continue;
    if (!oldest ||
        (*found)->metadata().createdat().seconds() < oldest->metadata().createdat().seconds())
      oldest = std::move(*found);
  }
  if (!oldest) return issuer_.create(request);

  const auto check = [](const Session& session) -> base::Result<void> {
    if (session.spec().state() == Session::Spec::REJECTED) return denied("session_rejected");
    if (session.status().islocked()) return denied("session_locked");
    return {};
  };
  BASE_TRY(check(*oldest));
  if (request.before_write) BASE_TRY(request.before_write());
  auto tokens =
      issuer_.reauthenticate(oldest->metadata().uid(), request.info, request.operation, check);
  if (tokens || tokens.error().code != base::Code::kNotFound) return tokens;
  NewSession instead = request;  // deleted meanwhile; the use is counted already
  instead.before_write = nullptr;
  return issuer_.create(instead);
}

base::Result<SessionTokens> Authenticator::renew(std::string_view refresh_token,
                                                 const Client& client) {
  BASE_ASSIGN(const auto opened, refresh_gate_.open(refresh_token));
  BASE_ASSIGN(auto info, issuer_.describe(client));
  info.set_type(AuthenticationInfo::REFRESH_TOKEN);
  auto tokens = issuer_.reauthenticate(
      opened.session_uid, info, kRefresh,
      [&](const Session& session) { return refresh_gate_.check(session, opened.token_id); });
  // Deleted between the two looks.
  if (!tokens && tokens.error().code == base::Code::kNotFound)
    return unauthenticated("session_unknown");
  return tokens;
}

base::Result<void> Authenticator::logout(std::string_view refresh_token, const Client& client) {
  return throttled<void>(client, [&]() -> base::Result<void> {
    BASE_ASSIGN(const auto opened, refresh_gate_.open(refresh_token));
    auto ended = end_session(opened.session_uid);
    if (!ended && ended.error().code == base::Code::kNotFound)
      return unauthenticated("session_unknown");
    return ended;
  });
}

base::Result<void> Authenticator::end_session(std::string_view session_uid) {
  BASE_ASSIGN(const auto sequence, env_.store.remove(Kind::kSession, session_uid));
  env_.wait(sequence);
  return {};
}

base::Result<base::Secret> Authenticator::access_token_for(const Credential& credential,
                                                           const store::Actor& actor) {
  const auto user = user_of(credential);
  if (!user || !check_user(**user)) {
    const bool is_ours = !user && user.error().code != base::Code::kUnauthenticated;
    if (is_ours) return std::unexpected(user.error());
    return base::fail_invalid("user_disabled",
                              "The User " + credential.spec().user() +
                                  " of this Credential does not exist or is disabled");
  }
  BASE_ASSIGN(auto info, credential_info(credential, {}));
  const auto type = credential.spec().sessiontype() == Session::Status::CLIENT
                        ? Session::Status::CLIENT
                        : Session::Status::CLIENTLESS;
  BASE_ASSIGN(auto tokens,
              one_session_of(credential,
                             {**user, credential, type, {}, std::move(info), actor.operation, {}}));
  return std::move(tokens.access_token);
}

base::Result<corev1::CredentialToken> Authenticator::generate_credential_token(
    const resource::metav1::ObjectReference& ref, const store::Actor& actor) {
  BASE_ASSIGN(const auto credential, gate_.rotate(ref, actor));
  corev1::CredentialToken result;
  switch (credential->spec().type()) {
    case Credential::Spec::AUTH_TOKEN: {
      BASE_ASSIGN(const auto token, gate_.token_of(*credential));
      result.mutable_authenticationtoken()->set_authenticationtoken(std::string(token.reveal()));
      return result;
    }
    case Credential::Spec::OAUTH2: {
      BASE_ASSIGN(const auto token, gate_.token_of(*credential));
      result.mutable_oauth2credentials()->set_clientid(credential->status().id());
      result.mutable_oauth2credentials()->set_clientsecret(std::string(token.reveal()));
      return result;
    }
    case Credential::Spec::ACCESS_TOKEN: {
      BASE_ASSIGN(const auto token, access_token_for(*credential, actor));
      result.mutable_accesstoken()->set_accesstoken(std::string(token.reveal()));
      return result;
    }
    default:
      return base::fail_invalid(
          "credential_type",
          "The Credential " + credential->metadata().name() + " has a type that gives no tokens");
  }
}

}  // namespace identity
