#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "gateway/snapshot.h"
#include "policy/authorization.h"

namespace gateway {

struct BuilderOptions {
  std::string domain;
  std::string api_socket;   // path of the gRPC server's socket
  base::Secret api_secret;  // by which the gRPC server knows us
  std::string upstream_ca_pem;
  std::function<std::optional<io::Address>(std::string_view host, std::uint16_t port)>
      dial_override;
};

// Turns resources into Snapshots, compiling again only what a change concerns. For one thread.
//
// What does not compile (admission refuses it, so it comes from a store of another version) makes
// its Service answer 503 with the reason in the log; it never keeps the rest from being served.
class SnapshotBuilder {
 public:
  SnapshotBuilder(BuilderOptions options, CertificateSource& certificates);

  // A resource as it is now, or was before it was deleted. Kinds that Snapshots do not hold are
  // ignored: false.
  bool put(const std::shared_ptr<const resource::Message>& resource);
  bool remove(const resource::Message& resource);

  // Forgets every resource, before all of them are put again.
  void clear();

  // A Snapshot of everything put so far; `sequence` is that of the newest write.
  std::shared_ptr<const Snapshot> build(std::uint64_t sequence);

  // Tries to compile the Service as admission would have it: the error says why it cannot serve.
  base::Result<void> check(const corev1::Service& service);

 private:
  struct NamespaceState {
    std::shared_ptr<const corev1::Namespace> message;
    std::shared_ptr<const policy::Authorization> authorization;
  };
  struct ServiceState {
    std::shared_ptr<const corev1::Service> message;
    std::shared_ptr<const policy::Authorization> authorization;
    std::shared_ptr<const ConfigBasis> basis;   // null: to be made, or not needed
    std::shared_ptr<const ServiceEntry> entry;  // null: to be compiled
  };

  void policy_changed(const std::string& name);
  void triggers_changed();
  std::shared_ptr<const std::vector<policy::TriggerRules>> trigger_rules();
  std::shared_ptr<const ServiceEntry> compile(ServiceState& state);
  void compile_configs(const corev1::Service& service, ServiceEntry& entry);
  std::shared_ptr<const RouteConfig> api_config() const;
  RouteConfigContext context(std::unordered_set<std::string>* used_secrets);
  void refresh_namespace_rules(const std::string& name);
  void secret_changed(const std::string& name);
  std::shared_ptr<const ConfigBasis> make_basis(
      const std::shared_ptr<const corev1::Service>& service);
  void add_hosts(Snapshot& snapshot) const;

  BuilderOptions options_;
  CertificateSource& certificates_;
  std::shared_ptr<upstream::EndpointTable> endpoints_ = std::make_shared<upstream::EndpointTable>();
  std::shared_ptr<const upstream::Endpoint> api_endpoint_;
  std::map<std::string, ServiceState, std::less<>> services_;
  std::map<std::string, NamespaceState, std::less<>> namespaces_;
  SecretTable secrets_;
  std::shared_ptr<const SecretTable> shared_secrets_;  // a copy, made when one is needed
  std::shared_ptr<const corev1::ClusterConfig> cluster_config_;
  std::shared_ptr<const policy::Authorization> cluster_authorization_;
  std::shared_ptr<const ClusterPolicy> policy_ = std::make_shared<ClusterPolicy>();
  std::map<std::string, std::shared_ptr<const policy::Trigger>, std::less<>> triggers_;
  std::shared_ptr<const std::vector<policy::TriggerRules>> trigger_rules_;  // null: to be made
  std::string region_reference_;
};

}  // namespace gateway
