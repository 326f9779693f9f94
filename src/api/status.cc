#include "api/status.h"

#include <spdlog/spdlog.h>

namespace api {

grpc::Status to_status(const base::Error& error, std::string_view method) {
  const auto code = static_cast<grpc::StatusCode>(error.code);
  switch (error.code) {
    case base::Code::kInternal:
    case base::Code::kUnknown:
    case base::Code::kDataLoss:
    case base::Code::kUnavailable:
      spdlog::error("{} failed: {} ({})", method, error.message, error.reason);
      return {code, "the cluster could not do this because of a failure of its own"};
    default:
      return {code, error.message};
  }
}

}  // namespace api
