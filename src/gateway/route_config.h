#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "http/message.h"
#include "io/address.h"
#include "resource/kind.h"
#include "upstream/endpoint.h"

namespace gateway {

namespace corev1 = resource::corev1;

// One field that a config adds to a request or response.
struct FieldEdit {
  std::string name;
  http::FieldId id = http::FieldId::kOther;
  std::string value;
  bool append = false;
};

// A config of a Service, compiled: everything that a request needs to know of it without looking at
// the resource. Immutable; part of a Snapshot.
struct RouteConfig {
  enum class Host : std::uint8_t { kUpstream, kPreserve, kValue };
  enum class Forwarded : std::uint8_t { kDrop, kObfuscate, kTransparent };
  enum class Credential : std::uint8_t { kNone, kPresent, kMissing };

  struct Direct {
    int status = 200;
    std::string content_type;
    std::string body;
  };

  std::string name;
  std::vector<std::shared_ptr<const upstream::Endpoint>> endpoints;
  std::string remove_prefix;
  std::string add_prefix;
  std::vector<FieldEdit> request_fields;
  std::vector<std::string> removed_request_fields;
  std::vector<FieldEdit> response_fields;
  std::vector<std::string> removed_response_fields;
  Host host = Host::kUpstream;
  std::string host_value;
  Forwarded forwarded = Forwarded::kDrop;
  bool pass_authorization = false;

  Credential credential = Credential::kNone;
  std::string credential_field;
  base::Secret credential_value;
  std::string missing_secret;  // its name, for the log

  std::optional<Direct> direct;
};

// What compiling a config needs from outside.
struct RouteConfigContext {
  upstream::EndpointTable& endpoints;
  // `--upstream-resolve`: where to dial instead of host:port; nullopt without an override.
  std::function<std::optional<io::Address>(std::string_view host, std::uint16_t port)>
      dial_override;
  // The stored Secret, or null.
  std::function<std::shared_ptr<const corev1::Secret>(std::string_view name)> secret;
  std::string upstream_ca_pem;                              // extra roots for all upstreams
  std::unordered_set<std::string>* used_secrets = nullptr;  // names that were asked for are added
  std::string forbidden_socket;  // the gateway's own, which no Service may have as its upstream
};

// The value of a Secret, as text or bytes; nullopt when it has none.
std::optional<base::Secret> secret_value(const corev1::Secret& secret);

// `config` is already merged with its parent.
base::Result<std::shared_ptr<const RouteConfig>> compile_route_config(
    const corev1::Service& service, const corev1::Service::Spec::Config& config,
    const RouteConfigContext& context);

}  // namespace gateway
