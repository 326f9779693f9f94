#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace policy {

// A part of an expression as it was evaluated, reduced to what matters for its outcome.
struct EvaluatedPart {
  enum class Truth : std::uint8_t { kFalse, kTrue, kOther, kError };

  std::uint32_t begin = 0;  // in the expression's text
  std::uint32_t end = 0;
  std::uint32_t depth = 0;
  Truth truth = Truth::kOther;
};

// The indexes of the parts that gave the whole its value: through `&&`, `||`, `!` and `? :` down to
// what is none of these. Of `a && (b || c)` that is false because of the latter, b and c. `parts`
// are in the order of evaluation, each after those it is made of; the whole is the last.
std::vector<std::size_t> causes(std::string_view source, const std::vector<EvaluatedPart>& parts);

}  // namespace policy
