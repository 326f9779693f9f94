// The evaluator and the oracle of the tests must agree on every expression: on its value, or on
// whether the failure is a missing input or a fault.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "cel/source.h"
#include "cel/testing/comparison.h"
#include "cel/testing/generator.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static cel::testing::Comparison comparison;
  const std::string source = cel::testing::expression_of({data, size});
  if (source.size() > 4'000 || !cel::is_utf8(source)) return 0;
  for (const cel::Checks checks : {cel::Checks::kAll, cel::Checks::kSyntax}) {
    const std::string difference = comparison.difference(source, checks);
    if (difference.empty()) continue;
    std::fprintf(stderr, "%s\n", difference.c_str());
    std::abort();
  }
  return 0;
}
