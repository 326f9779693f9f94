#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "cli/session_store.h"
#include "cli/settings.h"
#include "cli/transport.h"

namespace cli {

// Sends calls as the user of the stored Session: logs in when there is none and a token is at hand,
// refreshes a Session that has become old, and once more when the server refuses the access token.
// All of that happens under the lock of the store, so that programs that run at the same time share
// one Session and do not invalidate each other's tokens.
class SignedIn final : public Transport {
 public:
  SignedIn(Transport& wire, SessionStore& store, const Settings& settings, const base::Clock& clock)
      : wire_(wire), store_(store), settings_(settings), clock_(clock) {}

  base::Result<void> call(const Call& call, const google::protobuf::Message& request,
                          google::protobuf::Message& response) override;

  enum class Login : unsigned char { kNew, kAlready };

  // Makes a Session with `token`, or with the one of the environment when it is empty; a usable
  // Session that is there already is kept.
  base::Result<Login> login(const base::Secret& token, const std::vector<std::string>& scopes);

  // Ends the Session at the server and forgets it here, even when the server cannot be reached;
  // then the result says so.
  base::Result<void> logout();

 private:
  base::Result<std::string> access_token();
  base::Result<std::string> renew(const std::string& refused);
  base::Result<StoredSession> authenticate(const base::Secret& token,
                                           const std::vector<std::string>& scopes);
  base::Result<StoredSession> refresh(const StoredSession& session);

  Transport& wire_;
  SessionStore& store_;
  const Settings& settings_;
  const base::Clock& clock_;
};

}  // namespace cli
