#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "identity/environment.h"
#include "identity/token.h"

namespace identity {

// Decides whether a refresh token opens its Session, and whether that may be renewed now.
//
// Everything wrong with a token is kUnauthenticated, "Unauthenticated User"; the reason is for our
// log: token_malformed, token_wrong_type, token_bad_signature, token_replaced, session_unknown, ...
// Safe to call from any thread.
class RefreshGate {
 public:
  struct Opened {
    std::string session_uid;
    Uid token_id;
  };

  explicit RefreshGate(const Environment& environment) : env_(environment) {}

  // The token is the current one of a Session in the store. Says nothing about its state.
  base::Result<Opened> open(std::string_view token) const;

  // Whether the Session may be renewed: also kPermissionDenied for browser Sessions and Users that
  // are disabled or locked, kAlreadyExists for renewals that come early and often.
  base::Result<void> check(const corev1::Session& session, const Uid& token_id) const;

 private:
  base::Result<void> check_owner(const corev1::Session& session) const;

  const Environment& env_;
};

// That the User may have Sessions: reasons user_disabled, user_locked, kPermissionDenied without a
// text, since official clients are told nothing more.
base::Result<void> check_user(const corev1::User& user);

}  // namespace identity
