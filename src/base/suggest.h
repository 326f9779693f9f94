#pragma once

#include <span>
#include <string_view>

namespace base {

// The candidate nearest to `word` by Damerau-Levenshtein distance without regard to case, or an
// empty view when none is near enough (a third of the word's length, at least 1) to be worth
// suggesting.
std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace base
