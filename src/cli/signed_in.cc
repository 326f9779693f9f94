#include "cli/signed_in.h"

#include <fmt/format.h>

namespace cli {
namespace {

constexpr const char* kAccessToken = "x-octelium-auth";
constexpr const char* kRefreshToken = "x-octelium-refresh-token";

}  // namespace

base::Result<void> SignedIn::call(const Call& call, const google::protobuf::Message& request,
                                  google::protobuf::Message& response) {
  BASE_ASSIGN(std::string token, access_token());
  const auto send = [&] {
    Call signed_call = call;
    signed_call.metadata.emplace_back(kAccessToken, token);
    return wire_.call(signed_call, request, response);
  };
  base::Result<void> result = send();
  const bool refused = !result && result.error().source == base::Source::kUpstream &&
                       result.error().code == base::Code::kUnauthenticated;
  // A call that was refused has had no effect, so it may be made again whatever it does.
  if (!refused || !settings_.access_token.empty()) return result;
  BASE_ASSIGN(token, renew(token));
  return send();
}

base::Result<std::string> SignedIn::access_token() {
  if (!settings_.access_token.empty()) return std::string(settings_.access_token.reveal());
  BASE_ASSIGN(const auto session, store_.load(settings_.domain));
  const base::WallTime now = clock_.now();
  if (session && session->is_usable(now) && !session->is_stale(now)) {
    return session->token.accesstoken();
  }
  return renew("");
}

// A token other than `refused`. Another program may have renewed it while we waited for the lock.
base::Result<std::string> SignedIn::renew(const std::string& refused) {
  BASE_ASSIGN(const SessionStore::Lock lock, store_.lock());
  BASE_ASSIGN(const auto session, store_.load(settings_.domain));
  const base::WallTime now = clock_.now();
  if (session && session->is_usable(now)) {
    const bool is_other = session->token.accesstoken() != refused;
    if (is_other && !session->is_stale(now)) return session->token.accesstoken();
    auto refreshed = refresh(*session);
    if (refreshed) {
      BASE_TRY(store_.save(settings_.domain, *refreshed));
      return refreshed->token.accesstoken();
    }
    const base::Code code = refreshed.error().code;
    // Refreshed too often of late: the token we have may still be good.
    if (code == base::Code::kAlreadyExists && is_other) return session->token.accesstoken();
    if (code != base::Code::kUnauthenticated && code != base::Code::kAlreadyExists) {
      return std::unexpected(refreshed.error());
    }
  }
  BASE_ASSIGN(const StoredSession fresh, authenticate(settings_.authentication_token, {}));
  BASE_TRY(store_.save(settings_.domain, fresh));
  return fresh.token.accesstoken();
}

base::Result<StoredSession> SignedIn::authenticate(const base::Secret& token,
                                                   const std::vector<std::string>& scopes) {
  if (token.empty()) {
    return base::fail(base::Code::kUnauthenticated, "no_session",
                      fmt::format("not logged in to {}: set OCTELIUM_AUTH_TOKEN or run "
                                  "\"octelium login --auth-token TOKEN\"",
                                  settings_.domain),
                      base::Source::kDownstream);
  }
  authv1::AuthenticateWithAuthenticationTokenRequest request;
  request.set_authenticationtoken(std::string(token.reveal()));
  for (const std::string& scope : scopes) request.add_scopes(scope);
  StoredSession session{.token = {}, .set_at = clock_.now()};
  BASE_TRY(wire_.call({.service = ApiService::kAuth,
                       .method = "AuthenticateWithAuthenticationToken",
                       .metadata = {}},
                      request, session.token));
  return session;
}

base::Result<StoredSession> SignedIn::refresh(const StoredSession& session) {
  StoredSession fresh{.token = {}, .set_at = clock_.now()};
  BASE_TRY(wire_.call({.service = ApiService::kAuth,
                       .method = "AuthenticateWithRefreshToken",
                       .metadata = {{kRefreshToken, session.token.refreshtoken()}}},
                      authv1::AuthenticateWithRefreshTokenRequest(), fresh.token));
  return fresh;
}

base::Result<SignedIn::Login> SignedIn::login(const base::Secret& token,
                                              const std::vector<std::string>& scopes) {
  BASE_ASSIGN(const SessionStore::Lock lock, store_.lock());
  BASE_ASSIGN(const auto session, store_.load(settings_.domain));
  const base::WallTime now = clock_.now();
  if (session && session->is_usable(now) && !session->is_stale(now)) return Login::kAlready;
  if (session && session->is_usable(now)) {
    if (auto refreshed = refresh(*session); refreshed) {
      BASE_TRY(store_.save(settings_.domain, *refreshed));
      return Login::kAlready;
    }
  }
  const base::Secret& chosen = token.empty() ? settings_.authentication_token : token;
  BASE_ASSIGN(const StoredSession fresh, authenticate(chosen, scopes));
  BASE_TRY(store_.save(settings_.domain, fresh));
  return Login::kNew;
}

base::Result<void> SignedIn::logout() {
  BASE_ASSIGN(const SessionStore::Lock lock, store_.lock());
  BASE_ASSIGN(const auto session, store_.load(settings_.domain));
  if (!session) return {};
  BASE_TRY(store_.erase(settings_.domain));
  authv1::LogoutResponse response;
  const auto ended = wire_.call({.service = ApiService::kAuth,
                                 .method = "Logout",
                                 .deadline = std::chrono::seconds(3),
                                 .metadata = {{kRefreshToken, session->token.refreshtoken()}}},
                                authv1::LogoutRequest(), response);
  if (!ended && ended.error().code != base::Code::kUnauthenticated) return ended;
  return {};
}

}  // namespace cli
