#pragma once

#include <string>

#include "base/result.h"

namespace resource {

// Why a resource is not accepted. `path` is the field as the schema spells it
// ("spec.dynamicConfig.rules[1].configName"), empty when the resource as a whole is meant; a file's
// PositionMap finds its line. `message` names the value and says what was expected.
struct Problem {
  base::Code code = base::Code::kInvalidArgument;
  std::string path;
  std::string message;

  bool operator==(const Problem&) const = default;
};

// "path: message", or the message alone.
inline std::string to_string(const Problem& problem) {
  return problem.path.empty() ? problem.message : problem.path + ": " + problem.message;
}

}  // namespace resource
