#pragma once

#include <filesystem>

#include "base/result.h"
#include "identity/authenticator.h"
#include "identity/signing_keys.h"

namespace identity {

inline constexpr std::string_view kRootCredential = "root-init";

enum class RootToken : std::uint8_t { kKept, kIssued };

// Sees to it that `file` (mode 0600) holds an authentication token of the User root. A file with a
// token of this cluster is kept, so that restarts do not disturb whoever uses it, even when an
// administrator has rotated the Credential since. A missing file, or one from another cluster, is
// replaced by a new token of the Credential root-init, which ends the earlier one.
base::Result<RootToken> ensure_root_token(Authenticator& authenticator, const SigningKeys& keys,
                                          const std::filesystem::path& file);

}  // namespace identity
