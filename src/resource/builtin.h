#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "resource/kind.h"

namespace resource {

inline constexpr std::string_view kApiNamespace = "octelium-api";
inline constexpr std::string_view kRootUser = "root";

// The resources that exist after the first start, each after those it refers to: ClusterConfig,
// Region, Namespaces, built-in Policies, the system Services of this gateway, User root and its
// first Credential, which ends 180 days after `now`.
//
// References in their status are by name only until apply_defaults, with the earlier ones in
// place, completes them. System resources are brought up to date at every start; the others belong
// to the administrator once they exist.
std::vector<std::unique_ptr<Message>> builtin_objects(std::string_view domain, base::WallTime now);

}  // namespace resource
