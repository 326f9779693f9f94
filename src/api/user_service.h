#pragma once

#include <string>

#include "api/router.h"

namespace api {

// user.v1.MainService: what every User may know about itself and about the Services and Namespaces
// of the cluster. Reads only. `store` outlives the router.
void add_user_methods(Router& router, store::Store& store, std::string domain);

}  // namespace api
