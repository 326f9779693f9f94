#pragma once

#include <optional>
#include <string_view>

#include "cel/source.h"

namespace policy {

// How deep `[` and `{` of a script may be in each other: the parser of the engine takes twice as
// long for each.
inline constexpr int kMaxRegoNesting = 12;

// What the engine would not survive, or not in time: NUL bytes, deep nesting, and functions that
// lead back to themselves, which end on the stack's guard page. Looks at words, so it may take a
// variable for the function of that name; nothing: none of these.
std::optional<cel::Problem> find_bad_shape(std::string_view script);

}  // namespace policy
