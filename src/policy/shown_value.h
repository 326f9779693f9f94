#pragma once

#include <string>
#include <string_view>

#include "cel/value.h"

namespace policy {

// How much of a value, an expression or a name an explanation shows.
inline constexpr std::size_t kMaxShownText = 100;  // bytes
inline constexpr std::size_t kMaxShownItems = 10;  // of a list or map
inline constexpr int kMaxShownDepth = 3;

// `text` cut to `limit` bytes, but never inside a character; what was cut is counted at the end.
// Always UTF-8: what is none is replaced, since an explanation could neither be sent nor read else.
std::string shortened(std::string_view text, std::size_t limit = kMaxShownText);

// A value as an expression would write it, bounded: texts are cut, long lists and maps and deep
// nesting end in "...". `arena` is for elements of lists that are made when they are read.
std::string show(const cel::Value& value, cel::Arena& arena);

// What may be said of a value that is not shown: its type, and the length of a text, list or map.
std::string show_size(const cel::Value& value);

}  // namespace policy
