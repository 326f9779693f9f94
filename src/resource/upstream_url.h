#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace resource {

inline constexpr std::size_t kMaxUrlBytes = 2048;

// Where an upstream is: `scheme://host[:port]`, or `unix:/path/to.sock`.
//
// Schemes: http and ws (port 80), https and wss (443, TLS), h2c (80) and grpc (no default port) for
// HTTP/2 in clear, unix for HTTP in clear over a Unix socket.
struct UpstreamUrl {
  std::string scheme;  // lower case
  std::string host;    // lower case; IPv6 without brackets; empty for unix
  std::uint16_t port = 0;
  std::string socket;  // absolute path, only for unix
  bool is_tls = false;
  bool is_http2 = false;  // required by the scheme
  bool is_default_port = false;

  bool operator==(const UpstreamUrl&) const = default;
};

// Fails with kInvalidArgument and reason "upstream_url" for anything else. What would be ignored is
// an error: user information, a path other than "/", a query, a fragment.
base::Result<UpstreamUrl> parse_upstream_url(std::string_view text);

}  // namespace resource
