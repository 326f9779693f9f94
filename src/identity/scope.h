#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "resource/kind.h"

namespace identity {

namespace corev1 = resource::corev1;

inline constexpr std::size_t kMaxScopes = 128;
inline constexpr std::size_t kMaxScopeBytes = 256;
inline constexpr std::size_t kMaxScopeListBytes = 2048;

// One scope: `api:*`, `api:<pkg>`, `api:<pkg>.<Service>`, `api:<pkg>.<Service>/<Method>`,
// `service:*`, `service:<svc>`, `service:<svc>.<ns>`, `service:<ns>/*`. Reason: scope_malformed.
base::Result<corev1::Scope> parse_scope(std::string_view text);

// At most kMaxScopes, none twice.
base::Result<std::vector<corev1::Scope>> parse_scopes(std::span<const std::string> texts);

// RFC 6749 §3.3: separated by spaces; empty text is no scopes.
base::Result<std::vector<corev1::Scope>> parse_scope_list(std::string_view text);

}  // namespace identity
