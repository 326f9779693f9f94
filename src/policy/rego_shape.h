#pragma once

#include <optional>
#include <string_view>

#include "cel/source.h"

namespace policy {

// How deep `[`, `{` and `(` of a script may be in each other.
inline constexpr int kMaxRegoNesting = 12;
// Operators, members and indexes in one expression, with those around it: `a + b.c[d]` has three.
// Each is a level of the engine's tree.
inline constexpr int kMaxRegoChain = 256;
// The engine's parser takes twice as long for what is within each further `[` or `{`. So many
// tokens outside of all brackets would take as long.
inline constexpr std::uint64_t kMaxRegoTokens = 1 << 20;

// What the engine would not survive, or not in time, as far as that shows before a script is
// parsed: NUL bytes, deep nesting, long chains. Nothing: none of these.
std::optional<cel::Problem> find_bad_shape(std::string_view script);

}  // namespace policy
