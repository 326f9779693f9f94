#pragma once

#include <cstddef>
#include <string>

#include "base/result.h"
#include "cel/value.h"

namespace policy {

// What a computed config may have at most. All of it can come from a request, so the limits are
// those of a config that a person would write.
inline constexpr std::size_t kMaxConfigBytes = 64 * 1024;  // of its JSON
inline constexpr int kMaxConfigDepth = 16;                 // maps and lists inside one another
inline constexpr std::size_t kMaxConfigNodes = 4096;       // maps, lists and scalars

// Appends a map as JSON in the one form that equal maps share: keys sorted, no blanks, whole
// numbers without a fraction, bytes as base64, timestamps as RFC 3339, durations as nanoseconds.
// Views are read through `arena`, which also takes the room for sorting.
//
// Errors have reason "config_invalid" and name the place ("http.header: ..."): a key that is no
// text, a value that JSON does not have, a limit. `out` is then of no use.
base::Result<void> append_canonical_json(const cel::Value& map, cel::Arena& arena,
                                         std::string& out);

}  // namespace policy
