#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "cel/program.h"
#include "cel/testing/example_environment.h"

namespace cel::testing {

// Evaluates expressions over the example environment twice, by a Program and by the Oracle.
class Comparison {
 public:
  struct Counts {
    std::size_t agreed = 0;
    std::size_t refused = 0;    // by the parser, the checker or the planner
    std::size_t unbounded = 0;  // a limit ended one of the two
  };

  // Empty when both agree: on the value, or on whether the failure is a miss or a fault. The
  // observed evaluation of the same program must agree with the plain one, too.
  std::string difference(std::string_view source, Checks checks);

  const Counts& counts() const { return counts_; }

 private:
  Environment environment_ = example_environment();
  EnvironmentSchema schema_;
  EnvironmentSource source_{environment_};
  Counts counts_;
};

}  // namespace cel::testing
