#include "resource/defaults.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/random.h"
#include "resource/name.h"
#include "resource/service_hosts.h"
#include "resource/upstream_url.h"

namespace resource {
namespace {

using Spec = corev1::Service::Spec;

constexpr std::uint32_t kManagedPort = 8080;
constexpr std::uint32_t kHttpPort = 80;
constexpr std::uint32_t kHttpsPort = 443;

// Fills `reference` when there is such a resource. A reference that is right already keeps the
// version it was made with, so that nothing changes without reason.
void refer_to(const References& references, Kind kind, std::string_view name,
              metav1::ObjectReference& reference) {
  const auto target = references.get(kind, name);
  if (target == nullptr) return;
  const metav1::Metadata& metadata = metadata_of(*target);
  if (reference.uid() == metadata.uid() && reference.name() == metadata.name()) return;
  reference.set_apiversion("core/v1");
  reference.set_kind(std::string(kind_name(kind)));
  reference.set_uid(metadata.uid());
  reference.set_name(metadata.name());
  reference.set_resourceversion(metadata.resourceversion());
}

void complete(corev1::Service& service, const References& references) {
  if (!service.has_metadata() || service.metadata().name().empty()) return;
  auto& name = *service.mutable_metadata()->mutable_name();
  name = full_name(Kind::kService, name);
  auto& status = *service.mutable_status();
  refer_to(references, Kind::kNamespace, split_service_name(name).in_namespace,
           *status.mutable_namespaceref());
  const std::string& region = service.spec().region();
  refer_to(references, Kind::kRegion, region.empty() ? kDefault : std::string_view(region),
           *status.mutable_regionref());
  const Hostnames hosts = hostnames_of(name);
  status.set_primaryhostname(hosts.primary);
  status.mutable_additionalhostnames()->Assign(hosts.additional.begin(), hosts.additional.end());
  status.set_port(effective_port(service));
}

void complete(corev1::Policy& policy, const References& references) {
  const std::string_view parent = parent_policy_name(policy.metadata().name());
  if (!parent.empty())
    refer_to(references, Kind::kPolicy, parent,
             *policy.mutable_status()->mutable_parentpolicyref());
}

// "k3x9-p2q8": what OAuth2 clients send as their id.
std::string make_credential_id() {
  std::string id = base::random_name(8);
  id.insert(4, "-");
  return id;
}

void complete(corev1::Credential& credential, const References& references) {
  auto& status = *credential.mutable_status();
  refer_to(references, Kind::kUser, credential.spec().user(), *status.mutable_userref());
  if (status.id().empty()) status.set_id(make_credential_id());
}

void complete(corev1::User& user) {
  if (!user.has_metadata()) return;
  auto& labels = *user.mutable_metadata()->mutable_speclabels();
  const std::string key(kEmailIndex);
  if (user.spec().email().empty()) {
    labels.erase(key);
  } else {
    labels[key] = email_index(user.spec().email());
  }
}

// The port of the default config's first endpoint; 0 when there is none or it does not say.
std::uint32_t upstream_port(const Spec& spec) {
  const auto& upstream = spec.config().upstream();
  if (upstream.has_container()) return upstream.container().port();
  const std::string* url = &upstream.url();
  if (upstream.loadbalance().endpoints_size() > 0) url = &upstream.loadbalance().endpoints(0).url();
  const auto parsed = parse_upstream_url(*url);
  return parsed ? parsed->port : 0;
}

}  // namespace

std::uint32_t effective_port(const corev1::Service& service) {
  const Spec& spec = service.spec();
  if (spec.port() != 0) return spec.port();
  if (service.status().has_managedservice()) return kManagedPort;
  const std::uint32_t upstream = upstream_port(spec);
  if (upstream == kHttpsPort && !spec.istls()) return kHttpPort;
  if (upstream != 0) return upstream;
  if (spec.mode() == Spec::HTTP || spec.mode() == Spec::WEB)
    return spec.istls() ? kHttpsPort : kHttpPort;
  return 0;
}

std::string email_index(std::string_view email) {
  std::string out;
  for (const char c : email) {
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_') {
      out += c;
    } else if (c >= 'A' && c <= 'Z') {
      out += static_cast<char>(c + 32);
    } else if (c == '@') {
      out += "at";
    } else if (c == '&') {
      out += "and";
    } else if (!out.ends_with('-')) {
      out += '-';
    }
  }
  return out;
}

void apply_defaults(Message& resource, const References& references) {
  switch (kind_of(resource)) {
    case Kind::kService:
      return complete(static_cast<corev1::Service&>(resource), references);
    case Kind::kPolicy:
      return complete(static_cast<corev1::Policy&>(resource), references);
    case Kind::kCredential:
      return complete(static_cast<corev1::Credential&>(resource), references);
    case Kind::kUser:
      return complete(static_cast<corev1::User&>(resource));
    case Kind::kNamespace:
      static_cast<corev1::Namespace&>(resource).mutable_spec();
      return;
    case Kind::kGroup:
      static_cast<corev1::Group&>(resource).mutable_spec();
      return;
    case Kind::kSecret:
      static_cast<corev1::Secret&>(resource).mutable_spec();
      return;
    case Kind::kConfig:
      static_cast<corev1::Config&>(resource).mutable_spec();
      return;
    default:
      return;
  }
}

}  // namespace resource
