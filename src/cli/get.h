#pragma once

#include <string>

#include "base/clock.h"
#include "cli/core_api.h"
#include "cli/output.h"

namespace cli {

struct GetRequest {
  resource::Kind kind = resource::Kind::kService;
  std::string name;  // empty: a list
  ListQuery query;
  Format format = Format::kDefault;
};

// `octeliumctl get`: one object as YAML or JSON, a list as a table, YAML or JSON.
base::Result<void> run_get(CoreApi& api, Terminal& terminal, const GetRequest& request,
                           base::WallTime now);

}  // namespace cli
