#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "identity/environment.h"

namespace identity {

// What a client gets for having proved who it is. Lifetimes in seconds, as on the wire.
struct SessionTokens {
  base::Secret access_token;
  base::Secret refresh_token;
  std::int64_t expires_in = 0;
  std::int64_t refresh_expires_in = 0;
  std::shared_ptr<const corev1::Session> session;
};

using AuthenticationInfo = corev1::Session::Status::Authentication::Info;

struct NewSession {
  const corev1::User& user;
  const corev1::Credential& credential;
  corev1::Session::Status::Type type;
  std::vector<corev1::Scope> scopes;
  AuthenticationInfo info;
  std::string operation;  // full name of the method, for metadata.actorOperation
  // Runs when nothing but the write itself can fail any more; its error stops the write.
  std::function<base::Result<void>()> before_write;
};

// Makes Sessions and authenticates existing ones anew, and signs the tokens of both. A write is
// durable and visible to this node's workers when a call returns. Safe to call from any thread;
// blocks for disk writes.
class SessionIssuer {
 public:
  explicit SessionIssuer(const Environment& environment) : env_(environment) {}

  // Reasons: session_limit (kPermissionDenied) when the User has as many Sessions as it may.
  base::Result<SessionTokens> create(const NewSession& request);

  // Draws a new token id for the Session, so that all its tokens so far are dead. `check` sees the
  // record that is about to change, again after each lost race, and stops the change by an error.
  using Check = std::function<base::Result<void>(const corev1::Session&)>;
  base::Result<SessionTokens> reauthenticate(const std::string& session_uid,
                                             const AuthenticationInfo& info,
                                             std::string_view operation, const Check& check);

  // What the record keeps about the other end. Reads the ClusterConfig: the address is kept only
  // when forwarded addresses are configured.
  base::Result<AuthenticationInfo> describe(const Client& client) const;

 private:
  base::Result<std::unique_ptr<corev1::Session>> draft(const NewSession& request,
                                                       std::uint32_t& limit) const;
  base::Result<SessionTokens> sign(std::shared_ptr<const corev1::Session> session) const;
  base::Result<store::Written> store_with_free_name(const corev1::Session& draft,
                                                    const NewSession& request) const;
  bool reserve(const std::string& user_uid, std::uint32_t limit);
  void release(const std::string& user_uid);

  const Environment& env_;
  std::mutex mutex_;  // guards pending_
  // Sessions being made that the table may not count yet, by User.
  std::unordered_map<std::string, std::uint32_t> pending_;
};

}  // namespace identity
