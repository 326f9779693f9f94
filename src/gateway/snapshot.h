#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "gateway/certificates.h"
#include "gateway/computed_config.h"
#include "gateway/route_config.h"
#include "gateway/service_policy.h"
#include "resource/kind.h"

namespace gateway {

// A Service as requests see it. Immutable; shared by Snapshots until something it depends on
// changes.
struct ServiceEntry {
  std::shared_ptr<const corev1::Service> service;
  std::shared_ptr<const corev1::Namespace>
      name_space;  // null: gone, and with it every grant that it made
  std::string canonical_host;
  std::vector<std::string> hosts;
  std::string reference;            // JSON, for the log
  std::string namespace_reference;  // likewise

  bool is_grpc = false;
  bool is_public = false;
  bool is_anonymous = false;          // no authentication
  bool authorizes_anonymous = false;  // policies are evaluated all the same
  bool is_disabled = false;
  bool is_api = false;  // our own gRPC server behind it: it gets to know who calls

  std::shared_ptr<const ServicePolicy> policy;
  // [0] is the default config, then dynamicConfig.configs in order. Null where there is none.
  std::vector<std::shared_ptr<const RouteConfig>> configs;

  std::shared_ptr<const ConfigBasis> basis;  // of computed configs; null: no rule computes any

  bool buffers_body = false;
  bool json_body = false;
  std::uint64_t max_body = 0;  // bytes, of a body that is buffered

  std::string broken;  // why the Service cannot serve (fails closed, 503); empty when it can
  std::unordered_set<std::string> used_secrets;
};

struct StringHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const {
    return std::hash<std::string_view>{}(text);
  }
};
template <typename T>
using StringMap = std::unordered_map<std::string, T, StringHash, std::equal_to<>>;

// Everything a request reads, as of one moment. Immutable; a request sees one from start to end.
struct Snapshot {
  std::string domain;
  std::string api_host;  // octelium-api.<domain>
  StringMap<std::shared_ptr<const ServiceEntry>> hosts;
  std::shared_ptr<const ServiceEntry> core_api;  // behind api_host, by path
  std::shared_ptr<const ServiceEntry> auth_api;
  std::shared_ptr<const CertificateTable> certificates;
  std::shared_ptr<const ClusterPolicy> policy;
  std::string region_reference;
  std::uint64_t sequence = 0;  // of the last write that it holds

  const ServiceEntry* find(std::string_view host) const {
    const auto it = hosts.find(host);
    return it == hosts.end() ? nullptr : it->second.get();
  }
};

}  // namespace gateway
