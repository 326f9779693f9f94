#include "gateway/snapshot_builder.h"

#include <algorithm>

#include "base/log.h"
#include "resource/service_hosts.h"

namespace gateway {
namespace {

constexpr std::uint64_t kDefaultMaxBody = 32ull << 20;  // spec/http-gateway.md 3.3
constexpr std::uint64_t kHighestMaxBody = 64ull << 20;
constexpr std::uint64_t kMaxApiBody =
    (4u << 20) + 1024;                              // gRPC's own limit of a message, and its frame
constexpr std::uint64_t kMaxLoginBody = 64 * 1024;  // of callers nobody knows yet
constexpr std::string_view kApiServer = "apiserver";

template <typename T>
std::shared_ptr<const T> as(const std::shared_ptr<const resource::Message>& resource) {
  return std::static_pointer_cast<const T>(resource);
}

std::string namespace_of(const corev1::Service& service) {
  const std::string& name = service.metadata().name();
  return name.substr(name.find('.') + 1);
}

bool is_api_server(const corev1::Service& service) {
  return service.metadata().issystem() && service.status().managedservice().type() == kApiServer;
}

}  // namespace

SnapshotBuilder::SnapshotBuilder(BuilderOptions options, CertificateSource& certificates)
    : options_(std::move(options)), certificates_(certificates) {
  if (options_.api_socket.empty()) return;
  upstream::Endpoint endpoint;
  endpoint.protocol = upstream::Protocol::kHttp2;
  endpoint.authority = "localhost";
  endpoint.key = "api|" + options_.api_socket;
  if (auto address = io::Address::unix_path(options_.api_socket)) endpoint.dial = *address;
  api_endpoint_ = endpoints_->add(std::move(endpoint));
}

// --- taking changes in ---

bool SnapshotBuilder::put(const std::shared_ptr<const resource::Message>& resource) {
  const std::string& name = resource::metadata_of(*resource).name();
  switch (resource::kind_of(*resource)) {
    case resource::Kind::kService: {
      ServiceState state;
      state.message = as<corev1::Service>(resource);
      state.authorization = policy::Authorization::compile(*resource);
      services_[name] = std::move(state);
      return true;
    }
    case resource::Kind::kNamespace:
      namespaces_[name] = {as<corev1::Namespace>(resource),
                           policy::Authorization::compile(*resource)};
      refresh_namespace_rules(name);
      return true;
    case resource::Kind::kPolicy: {
      auto changed = std::make_shared<ClusterPolicy>();
      changed->policies = policy_->policies.with(static_cast<const corev1::Policy&>(*resource));
      policy_ = std::move(changed);
      policy_changed(name);
      return true;
    }
    case resource::Kind::kSecret:
      secrets_[name] = as<corev1::Secret>(resource);
      secret_changed(name);
      return true;
    case resource::Kind::kClusterConfig:
      cluster_config_ = as<corev1::ClusterConfig>(resource);
      cluster_authorization_ = policy::Authorization::compile(*resource);
      for (auto& [service, state] : services_) state.entry.reset();
      return true;
    case resource::Kind::kPolicyTrigger:
      if (auto trigger =
              policy::Trigger::compile(static_cast<const corev1::PolicyTrigger&>(*resource)))
        triggers_[name] = std::move(trigger);
      else
        triggers_.erase(name);
      triggers_changed();
      return true;
    case resource::Kind::kRegion:
      region_reference_ = telemetry::render_reference(*resource);
      return true;
    default:
      return false;
  }
}

bool SnapshotBuilder::remove(const resource::Message& resource) {
  const std::string& name = resource::metadata_of(resource).name();
  switch (resource::kind_of(resource)) {
    case resource::Kind::kService:
      services_.erase(name);
      return true;
    case resource::Kind::kNamespace:
      namespaces_.erase(name);
      refresh_namespace_rules(name);
      return true;
    case resource::Kind::kPolicy: {
      auto changed = std::make_shared<ClusterPolicy>();
      changed->policies = policy_->policies.without(name);
      policy_ = std::move(changed);
      policy_changed(name);
      return true;
    }
    case resource::Kind::kPolicyTrigger:
      triggers_.erase(name);
      triggers_changed();
      return true;
    case resource::Kind::kSecret:
      secrets_.erase(name);
      secret_changed(name);
      return true;
    default:
      return false;
  }
}

void SnapshotBuilder::clear() {
  services_.clear();
  namespaces_.clear();
  secrets_.clear();
  shared_secrets_.reset();
  cluster_config_.reset();
  cluster_authorization_.reset();
  triggers_.clear();
  trigger_rules_.reset();
  policy_ = std::make_shared<ClusterPolicy>();
}

// Services whose rules, or whose Namespace's or the cluster's, come from the Policy or a child of
// it.
void SnapshotBuilder::policy_changed(const std::string& name) {
  const auto depends = [&](const std::shared_ptr<const policy::Authorization>& authorization) {
    return authorization && authorization->depends_on(name);
  };
  const bool by_trigger = std::ranges::any_of(
      triggers_, [&](const auto& item) { return depends(item.second->authorization); });
  if (by_trigger) trigger_rules_.reset();
  const bool all = by_trigger || depends(cluster_authorization_);
  for (auto& [service, state] : services_) {
    const auto owner = namespaces_.find(namespace_of(*state.message));
    const bool by_namespace = owner != namespaces_.end() && depends(owner->second.authorization);
    if (all || by_namespace || depends(state.authorization)) state.entry.reset();
  }
}

// Computed configs may use any Secret.
void SnapshotBuilder::secret_changed(const std::string& name) {
  shared_secrets_.reset();
  for (auto& [service, state] : services_) {
    if (state.basis || (state.entry && state.entry->used_secrets.contains(name)))
      state.entry.reset();
    state.basis.reset();
  }
}

// They may concern every Service.
void SnapshotBuilder::triggers_changed() {
  trigger_rules_.reset();
  for (auto& [service, state] : services_) state.entry.reset();
}

std::shared_ptr<const std::vector<policy::TriggerRules>> SnapshotBuilder::trigger_rules() {
  if (triggers_.empty()) return nullptr;
  if (trigger_rules_ == nullptr) {
    auto rules = std::make_shared<std::vector<policy::TriggerRules>>();
    for (const auto& [name, trigger] : triggers_)
      rules->push_back(
          {trigger, policy::RuleList::make(trigger->authorization, policy_->policies)});
    trigger_rules_ = std::move(rules);
  }
  return trigger_rules_;
}

void SnapshotBuilder::refresh_namespace_rules(const std::string& name) {
  for (auto& [service, state] : services_)
    if (namespace_of(*state.message) == name) state.entry.reset();
}

// --- compiling a Service ---

RouteConfigContext SnapshotBuilder::context(std::unordered_set<std::string>* used_secrets) {
  return RouteConfigContext{*endpoints_,
                            options_.dial_override,
                            [this](std::string_view name) {
                              const auto it = secrets_.find(name);
                              return it == secrets_.end() ? nullptr : it->second;
                            },
                            options_.upstream_ca_pem,
                            used_secrets,
                            options_.api_socket};
}

std::shared_ptr<const RouteConfig> SnapshotBuilder::api_config() const {
  auto config = std::make_shared<RouteConfig>();
  config->name = "default";
  config->endpoints.push_back(api_endpoint_);
  config->credential = RouteConfig::Credential::kPresent;
  config->credential_field = "x-octelium-gateway";
  config->credential_value = options_.api_secret;
  return config;
}

std::shared_ptr<const ServiceEntry> SnapshotBuilder::compile(ServiceState& state) {
  const corev1::Service& service = *state.message;
  const std::string& name = service.metadata().name();
  auto entry = std::make_shared<ServiceEntry>();
  entry->service = state.message;
  entry->hosts = resource::public_hosts(name, options_.domain);
  // `name.domain` in the default Namespace, `name.namespace.domain` elsewhere (spec/http-gateway.md
  // 1).
  entry->canonical_host = entry->hosts[namespace_of(service) == "default" ? 1 : 0];
  entry->reference = telemetry::render_reference(service);
  entry->is_grpc = service.spec().mode() == corev1::Service::Spec::GRPC;
  entry->is_public = service.spec().ispublic();
  entry->is_disabled = service.spec().isdisabled();
  entry->is_anonymous = service.spec().isanonymous();
  entry->is_api = is_api_server(service);

  auto rules = std::make_shared<ServicePolicy>();
  rules->access = policy::access_of(service);
  entry->authorizes_anonymous = rules->access == policy::Access::kAnonymousWithPolicy;
  rules->rules.service = policy::RuleList::make(state.authorization, policy_->policies);
  rules->rules.triggers = trigger_rules();
  rules->rules.cluster = policy::RuleList::make(cluster_authorization_, policy_->policies);
  if (const auto owner = namespaces_.find(namespace_of(service)); owner != namespaces_.end()) {
    entry->name_space = owner->second.message;
    entry->namespace_reference = telemetry::render_reference(*owner->second.message);
    rules->rules.name_space =
        policy::RuleList::make(owner->second.authorization, policy_->policies);
  } else {
    entry->broken = "its Namespace does not exist";
  }
  std::vector<resource::Problem> problems;
  rules->dynamic = policy::DynamicConfig::compile(service, &problems);
  if (!problems.empty()) entry->broken = problems.front().path + ": " + problems.front().message;

  const auto& http = service.spec().config().http();
  entry->json_body = http.body().mode() == corev1::Service::Spec::Config::HTTP::Body::JSON;
  // A limit on the body is kept by whoever holds all of it: a Service that sets one buffers. Calls
  // of the API are single messages; held here they cannot pile up in the gRPC server, least of all
  // those of strangers.
  entry->buffers_body = http.enablerequestbuffering() || entry->json_body || rules->reads_body() ||
                        http.body().maxrequestsize() > 0 || entry->is_api;
  entry->max_body = http.body().maxrequestsize() == 0
                        ? kDefaultMaxBody
                        : std::min<std::uint64_t>(http.body().maxrequestsize(), kHighestMaxBody);
  if (entry->is_api) entry->max_body = entry->is_anonymous ? kMaxLoginBody : kMaxApiBody;
  if (rules->dynamic->computes() && !state.basis) state.basis = make_basis(state.message);
  entry->basis = state.basis;
  entry->policy = rules;
  compile_configs(service, *entry);
  if (!entry->broken.empty())
    spdlog::warn("the Service {} cannot be served: {}", name, entry->broken);
  return entry;
}

void SnapshotBuilder::compile_configs(const corev1::Service& service, ServiceEntry& entry) {
  if (entry.is_api) {
    entry.configs.push_back(api_config());
    return;
  }
  const RouteConfigContext with = context(&entry.used_secrets);
  const policy::DynamicConfig& dynamic = *entry.policy->dynamic;
  for (std::size_t i = 0; i < dynamic.configs().size(); ++i) {
    if (i == 0 && !dynamic.has_default()) {
      entry.configs.push_back(nullptr);
      continue;
    }
    auto config = compile_route_config(service, dynamic.configs()[i], with);
    if (!config) {
      entry.broken = config.error().message;
      entry.configs.push_back(nullptr);
    } else {
      entry.configs.push_back(std::move(*config));
    }
  }
}

std::shared_ptr<const ConfigBasis> SnapshotBuilder::make_basis(
    const std::shared_ptr<const corev1::Service>& service) {
  if (!shared_secrets_) shared_secrets_ = std::make_shared<const SecretTable>(secrets_);
  return std::make_shared<const ConfigBasis>(
      ConfigBasis{.service = service,
                  .secrets = shared_secrets_,
                  .endpoints = endpoints_,
                  .dial_override = options_.dial_override,
                  .upstream_ca_pem = options_.upstream_ca_pem,
                  .forbidden_socket = options_.api_socket});
}

base::Result<void> SnapshotBuilder::check(const corev1::Service& service) {
  std::unordered_set<std::string> secrets;
  std::vector<resource::Problem> problems;
  const auto dynamic = policy::DynamicConfig::compile(service, &problems);
  for (const auto& config : dynamic->configs())
    BASE_TRY(compile_route_config(service, config, context(&secrets)));
  return {};
}

// --- putting it together ---

void SnapshotBuilder::add_hosts(Snapshot& snapshot) const {
  for (const auto& [name, state] : services_) {
    const auto& entry = state.entry;
    // Full names first: a shorter one never takes another Service's full name away.
    snapshot.hosts.emplace(entry->hosts.front(), entry);
    if (entry->is_api && name.starts_with("default.")) snapshot.core_api = entry;
    if (entry->is_api && name.starts_with("auth.")) snapshot.auth_api = entry;
  }
  for (const auto& [name, state] : services_)
    for (const std::string& host : state.entry->hosts) snapshot.hosts.emplace(host, state.entry);
}

std::shared_ptr<const Snapshot> SnapshotBuilder::build(std::uint64_t sequence) {
  for (auto& [name, state] : services_)
    if (!state.entry) state.entry = compile(state);
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->domain = options_.domain;
  snapshot->api_host = "octelium-api." + options_.domain;
  snapshot->policy = policy_;
  snapshot->region_reference = region_reference_;
  snapshot->sequence = sequence;
  snapshot->hosts.reserve(services_.size() * 2);
  add_hosts(*snapshot);
  std::vector<std::string> names;
  for (const auto& [name, state] : namespaces_) names.push_back(name);
  auto table = certificates_.table(names);
  if (table) {
    snapshot->certificates = std::move(*table);
  } else {
    spdlog::error("certificates: {}", table.error().message);
  }
  return snapshot;
}

}  // namespace gateway
