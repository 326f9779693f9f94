#pragma once

#include <string>
#include <string_view>

#include "http/message.h"
#include "http/reject.h"

namespace http {

// What a request is for, in the one form that routing, policy, limits, cache, log and the upstream
// see (docs/architecture.md, "the canonical request"). Views point into the head or into `storage`.
struct CanonicalTarget {
  std::string_view host;   // lower case, without port and trailing dot
  std::string_view path;   // absolute, or `*`
  std::string_view query;  // without `?`, byte for byte
  bool has_query = false;

  std::string path_storage;
  char host_storage[256];
};

// Parses authority and target of a head. Fails for everything that two readers could understand
// differently; what was good is set all the same, for the log.
Reject canonicalise(const RequestHead& head, CanonicalTarget& out);

// The path part alone. A canonical path comes out as it went in, as a view of `raw`; any other is
// written to `storage`. The canonical form is a fixed point, and nothing is ever decoded twice.
Reject canonicalise_path(std::string_view raw, std::string& storage, std::string_view& out);

// `host[:port]`, lower-cased into `storage` (256 bytes). False unless it is a DNS name or IPv4
// address.
bool canonicalise_host(std::string_view authority, char* storage, std::string_view& out);

}  // namespace http
