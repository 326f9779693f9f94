#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "gateway/route_config.h"

namespace gateway {

using SecretTable = std::map<std::string, std::shared_ptr<const corev1::Secret>, std::less<>>;

// What the computed configs of one Service rest on, as of one Snapshot. A change to the Service or
// to any Secret makes a new basis, and what was made on the old one is not used again. Immutable;
// shared by its ServiceEntry and whoever compiles.
struct ConfigBasis {
  std::shared_ptr<const corev1::Service> service;
  std::shared_ptr<const SecretTable> secrets;
  std::shared_ptr<upstream::EndpointTable> endpoints;
  std::function<std::optional<io::Address>(std::string_view host, std::uint16_t port)>
      dial_override;
  std::string upstream_ca_pem;
  std::string forbidden_socket;
};

// A config that a rule computed, compiled; or why it cannot be used. Immutable.
struct ComputedConfig {
  std::shared_ptr<const RouteConfig> config;  // null: refused
  std::string name;                           // that the rule gave it; may be empty
  std::string problem;                        // "upstream.url: ..."
  std::size_t bytes = 0;                      // about what it takes in memory
};

// `json` is the config as the rule gave it, without its parent. It is held to everything that an
// applied config is held to. Takes up to some milliseconds; for any thread but a worker's.
ComputedConfig compile_computed_config(const ConfigBasis& basis, std::string_view json);

}  // namespace gateway
