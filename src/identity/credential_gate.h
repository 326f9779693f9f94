#pragma once

#include <array>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"
#include "identity/environment.h"

namespace identity {

// Decides whether a Credential opens, counts its uses, and gives it new tokens.
//
// Whatever is wrong with a presented token, the caller is told the same; the reason is for our log:
// token_malformed, token_bad_signature, credential_unknown, credential_type,
// credential_token_replaced, credential_disabled, credential_locked, credential_expired,
// credential_used_up, credential_code_verifier. All are kUnauthenticated, "Unauthenticated User".
// Safe to call from any thread.
class CredentialGate {
 public:
  using Ref = std::shared_ptr<const corev1::Credential>;

  explicit CredentialGate(const Environment& environment) : env_(environment) {}

  // The Credential whose current token this is, fit to be used now.
  base::Result<Ref> open(std::string_view token, corev1::Credential::Spec::Type expected) const;

  // Counts one use of what open() returned; deletes the Credential if that was the last one and it
  // says so. Fails like open() when somebody else was faster with the last use, or changed it.
  base::Result<void> count_use(const corev1::Credential& opened, std::string_view operation);

  // Draws a new token id, which ends all earlier tokens. kNotFound, or kInvalidArgument when the
  // Credential is disabled, locked or expired.
  base::Result<Ref> rotate(const resource::metav1::ObjectReference& ref, const store::Actor& actor);

  // The text of the Credential's current token.
  base::Result<base::Secret> token_of(const corev1::Credential& credential) const;

 private:
  base::Result<void> check_usable(const corev1::Credential& credential) const;

  const Environment& env_;
  // One after the other within this process: many clients that share a Credential would otherwise
  // lose one race after the other.
  std::array<std::mutex, 64> locks_;
};

}  // namespace identity
