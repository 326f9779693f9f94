#pragma once

#include <optional>
#include <string>

#include "cli/output.h"

namespace cli {

struct TestOptions {
  std::string path;
  std::optional<std::uint32_t> coverage_min;  // percent
  Format format = Format::kDefault;
};

// `octeliumctl test`: runs the cases at a path, without a cluster, and prints a line for each, the
// explanation of those that fail, how often each rule was asked, and the totals. An error without a
// message when a case fails or the coverage is too low: all has been said.
base::Result<void> test_policies(Terminal& terminal, const TestOptions& options);

}  // namespace cli
