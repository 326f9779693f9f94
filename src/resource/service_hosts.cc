#include "resource/service_hosts.h"

#include <fmt/format.h>

#include "resource/name.h"

namespace resource {

Hostnames hostnames_of(std::string_view service_name) {
  const auto [service, space] = split_service_name(service_name);
  const std::string full = fmt::format("{}.{}", service, space);
  if (service == kDefault && space == kDefault) return {"", {full}};
  if (space == kDefault) return {std::string(service), {full}};
  if (service == kDefault) return {std::string(space), {full}};
  return {full, {}};
}

std::vector<std::string> public_hosts(std::string_view service_name, std::string_view domain) {
  const auto [service, space] = split_service_name(service_name);
  std::vector<std::string> hosts{fmt::format("{}.{}.{}", service, space, domain)};
  if (service == kDefault) hosts.push_back(fmt::format("{}.{}", space, domain));
  // default.default has this name from the line above already.
  if (space == kDefault && service != kDefault)
    hosts.push_back(fmt::format("{}.{}", service, domain));
  if (service == kDefault && space == kDefault) hosts.emplace_back(domain);
  return hosts;
}

}  // namespace resource
