#include <array>

#include "http/stream.h"

namespace http {

std::string_view failure_name(Failure failure) {
  static constexpr std::array<std::string_view, 9> kNames = {
      "",           "peer_closed",     "timeout",  "cancelled", "malformed", "connect_failed",
      "tls_failed", "name_unresolved", "too_large"};
  return kNames[static_cast<std::size_t>(failure)];
}

}  // namespace http
