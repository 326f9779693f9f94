#pragma once

#include <array>
#include <functional>
#include <mutex>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "identity/credential_gate.h"
#include "identity/environment.h"
#include "identity/failure_throttle.h"
#include "identity/refresh_gate.h"
#include "identity/session_issuer.h"

namespace identity {

// An authentication token handed in to get a Session.
struct TokenLogin {
  std::string_view token;
  std::span<const std::string> scopes;
  std::string_view code_verifier;  // RFC 7636, for Credentials that browser logins make
};

// An OAuth2 client that proves itself by its id and secret.
struct ClientLogin {
  std::string_view id;
  std::string_view secret;
  std::string_view scope;  // as sent, separated by spaces
};

// The flows by which clients get, renew and give up Sessions.
//
// Owned by main; safe to call from any thread but a worker's, since every flow may wait for a disk
// write. What a call did is in force for the next request on any connection when it returns.
// Errors carry the gRPC code and text that the client sees, and a reason for our log only:
// kUnauthenticated for whatever is wrong with the token, kPermissionDenied for a User or Session
// that may not, kResourceExhausted after too many failures from one address.
class Authenticator {
 public:
  explicit Authenticator(Environment environment);
  Authenticator(const Authenticator&) = delete;
  Authenticator& operator=(const Authenticator&) = delete;

  base::Result<SessionTokens> authenticate_with_token(const TokenLogin& login,
                                                      const Client& client);
  base::Result<SessionTokens> authenticate_client(const ClientLogin& login, const Client& client);

  // Both old tokens of the Session are dead afterwards.
  base::Result<SessionTokens> refresh(std::string_view refresh_token, const Client& client);

  // Deletes the Session.
  base::Result<void> logout(std::string_view refresh_token, const Client& client);
  base::Result<void> end_session(std::string_view session_uid);

  // kInvalidArgument for a Credential that is disabled, locked or expired, or whose User is.
  base::Result<corev1::CredentialToken> generate_credential_token(
      const resource::metav1::ObjectReference& ref, const store::Actor& actor);

 private:
  template <typename T>
  base::Result<T> throttled(const Client& client, const std::function<base::Result<T>()>& flow);
  base::Result<SessionTokens> login_with_token(const TokenLogin& login, const Client& client);
  base::Result<SessionTokens> login_client(const ClientLogin& login, const Client& client);
  base::Result<SessionTokens> renew(std::string_view refresh_token, const Client& client);
  base::Result<base::Secret> access_token_for(const corev1::Credential& credential,
                                              const store::Actor& actor);
  base::Result<SessionTokens> one_session_of(const corev1::Credential& credential,
                                             const NewSession& request);
  base::Result<std::shared_ptr<const corev1::User>> user_of(
      const corev1::Credential& credential) const;
  base::Result<AuthenticationInfo> credential_info(const corev1::Credential& credential,
                                                   const Client& client) const;

  const Environment env_;
  CredentialGate gate_;
  RefreshGate refresh_gate_;
  SessionIssuer issuer_;
  FailureThrottle throttle_;
  std::array<std::mutex, 64>
      credential_sessions_;  // one Session per Credential: see one_session_of
};

}  // namespace identity
