#include "gateway/computed_config.h"

#include "base/clock.h"
#include "policy/canonical_json.h"
#include "resource/document.h"
#include "resource/service_config.h"
#include "resource/validate.h"

namespace gateway {
namespace {

// A context with certificates of its own, beside which everything else is small.
constexpr std::size_t kTlsBytes = 512 * 1024;
constexpr std::size_t kLongestProblem = 1024;  // bytes, of what the log shows

constexpr resource::DecodeLimits kLimits = {
    .document_bytes = policy::kMaxConfigBytes,
    .depth = policy::kMaxConfigDepth + 1,
    .nodes = policy::kMaxConfigNodes,
    .text_bytes = policy::kMaxConfigBytes,
};

// The Secrets alone: a config refers to nothing else.
class Secrets final : public resource::References {
 public:
  explicit Secrets(const SecretTable& table) : table_(table) {}

  std::shared_ptr<const resource::Message> get(resource::Kind kind,
                                               std::string_view name) const override {
    const auto it = kind == resource::Kind::kSecret ? table_.find(name) : table_.end();
    return it == table_.end() ? nullptr : it->second;
  }
  void for_each(resource::Kind kind,
                const std::function<Visit(const resource::Message&)>& visit) const override {
    if (kind != resource::Kind::kSecret) return;
    for (const auto& [name, secret] : table_)
      if (visit(*secret) == Visit::kStop) return;
  }

 private:
  const SecretTable& table_;
};

ComputedConfig refused(std::string problem) {
  if (problem.size() > kLongestProblem) problem.resize(kLongestProblem);
  ComputedConfig out;
  out.bytes = sizeof(ComputedConfig) + problem.size();
  out.problem = std::move(problem);
  return out;
}

RouteConfigContext context_of(const ConfigBasis& basis) {
  return RouteConfigContext{*basis.endpoints,
                            basis.dial_override,
                            [&basis](std::string_view name) {
                              const auto it = basis.secrets->find(name);
                              return it == basis.secrets->end() ? nullptr : it->second;
                            },
                            basis.upstream_ca_pem,
                            nullptr,
                            basis.forbidden_socket};
}

}  // namespace

ComputedConfig compile_computed_config(const ConfigBasis& basis, std::string_view json) {
  const corev1::Service::Spec& spec = basis.service->spec();
  corev1::Service::Spec::Config config;
  auto problems = resource::decode_json(json, kLimits, config);
  if (problems.empty())
    problems = resource::validate_computed_config(config, spec, Secrets(*basis.secrets),
                                                  base::SystemClock().now());
  if (!problems.empty()) return refused(resource::to_string(problems.front()));

  const auto merged = resource::merged_with_parent(spec, config);
  auto compiled = compile_route_config(*basis.service, merged, context_of(basis));
  if (!compiled) return refused(compiled.error().message);
  ComputedConfig out;
  out.config = std::move(*compiled);
  out.name = config.name();
  // As message, and about as much again as RouteConfig.
  out.bytes = sizeof(RouteConfig) + 2 * merged.ByteSizeLong() + (config.has_tls() ? kTlsBytes : 0);
  return out;
}

}  // namespace gateway
