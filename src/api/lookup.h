#pragma once

#include <string_view>

#include "api/call.h"
#include "base/result.h"

namespace api {

// The resource that a client names, by name or by uid; the name decides when both are given.
// kInvalidArgument when both are empty or one is malformed, kNotFound when there is none. A Service
// may be named without its Namespace: `svc` is `svc.default`.
base::Result<store::Resource> find_one(store::Store& store, Kind kind, std::string_view name,
                                       std::string_view uid);

}  // namespace api
