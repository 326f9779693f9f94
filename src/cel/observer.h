#pragma once

#include <cstdint>

#include "cel/value.h"

namespace cel {

// Learns the value of every part of an expression while it is evaluated, for explanations.
//
// Called once for each part each time it has been evaluated: once per element inside a loop, never
// for a part that a short circuit, a conditional or an error before it left out. Constants, and
// what was folded into one when the program was planned, are not reported.
//
// A part comes after the parts that it is made of. `depth` is 0 for the whole expression and one
// more for each level below, so the parts of a value at depth d are those at depth d + 1 reported
// since the last value at depth d or less.
class Observer {
 public:
  // source().substr(begin, end - begin) is the part as written; a call has its parentheses, what
  // stands in parentheses comes without them. `value` may be an error; it lives as long as the
  // program, the source of attributes and the arena. May not throw.
  virtual void on_value(std::uint32_t begin, std::uint32_t end, std::uint32_t depth,
                        const Value& value) = 0;

 protected:
  ~Observer() = default;
};

// What an observed evaluation gives: the same value and the same cost as an unobserved one.
struct Observed {
  Value value;
  std::uint64_t cost = 0;  // steps, as CompileOptions::max_cost counts them
};

}  // namespace cel
