#pragma once

#include <grpcpp/support/status.h>

#include <string_view>

#include "base/result.h"

namespace api {

// What the client is told. Mistakes of the client carry their message; a failure of ours is logged
// with its message and told in general words, since auth.v1 answers strangers too.
grpc::Status to_status(const base::Error& error, std::string_view method);

}  // namespace api
