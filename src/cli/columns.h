#pragma once

#include <span>

#include "base/clock.h"
#include "cli/table.h"
#include "resource/kind.h"

namespace cli {

// The table that `get` prints for objects of one kind. Kinds without a table (ClusterConfig) have
// only names.
Table table_of(resource::Kind kind, std::span<const google::protobuf::Message* const> items,
               base::WallTime now);

}  // namespace cli
