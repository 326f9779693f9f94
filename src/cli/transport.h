#pragma once

#include <google/protobuf/message.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "cli/settings.h"

namespace cli {

enum class ApiService : unsigned char { kCore, kUser, kAuth, kExplain };

// One unary call. `is_repeatable` says that doing it twice is doing it once, so that it may be sent
// again when the answer was lost.
struct Call {
  ApiService service = ApiService::kCore;
  std::string method;
  bool is_repeatable = false;
  std::chrono::seconds deadline{60};
  std::vector<std::pair<std::string, std::string>> metadata;
};

// Carries a call to the cluster. Errors of the server have Source::kUpstream.
class Transport {
 public:
  virtual ~Transport() = default;
  virtual base::Result<void> call(const Call& call, const google::protobuf::Message& request,
                                  google::protobuf::Message& response) = 0;
};

// gRPC over TLS to the target of `settings`. An unreachable server is tried again a few times
// within a few seconds, a certificate that does not verify is reported at once.
base::Result<std::unique_ptr<Transport>> make_grpc_transport(const Settings& settings);

// What a failed connection means to a person. Separate so that it can be tested with the messages
// of the library.
base::Error explain_unavailable(const Settings& settings, std::string_view library_message);

}  // namespace cli
