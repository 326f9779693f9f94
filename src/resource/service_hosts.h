#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace resource {

// The names of a Service below the domain, as its status shows them.
struct Hostnames {
  std::string primary;  // empty for default.default
  std::vector<std::string> additional;
};
Hostnames hostnames_of(std::string_view service_name);

// The hosts on which a public Service answers, `<svc>.<namespace>.<domain>` first: that one is its
// canonical host. Lower case, without a port.
std::vector<std::string> public_hosts(std::string_view service_name, std::string_view domain);

}  // namespace resource
