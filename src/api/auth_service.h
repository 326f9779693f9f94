#pragma once

#include "api/router.h"
#include "identity/authenticator.h"

namespace api {

// auth.v1.MainService: logging in with an authentication token, refreshing, logging out. Anyone may
// call it; the tokens inside the calls are what counts. `authenticator` outlives the router.
void add_auth_methods(Router& router, identity::Authenticator& authenticator);

}  // namespace api
