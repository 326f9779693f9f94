#pragma once

#include <cstddef>

namespace cel {

// What one expression may consist of, beside the length and height that CompileOptions gives.
inline constexpr std::size_t kMaxNodes = 20'000;     // of the syntax tree
inline constexpr std::size_t kMaxArguments = 1'000;  // of one call
inline constexpr std::size_t kMaxNestedLoops = 12;   // map(), exists() and the like

}  // namespace cel
