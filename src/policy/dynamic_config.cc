#include "policy/dynamic_config.h"

#include <fmt/format.h>

#include <optional>

#include "base/suggest.h"
#include "resource/name.h"
#include "resource/service_config.h"

namespace policy {
namespace {

using Config = DynamicConfig::Config;
using ConfigRule = corev1::Service::Spec::DynamicConfig::Rule;
using Problems = std::vector<resource::Problem>;

std::optional<std::size_t> index_of(const std::vector<Config>& configs, std::string_view name) {
  if (name.empty() || name == resource::kDefault) return 0;
  for (std::size_t i = 1; i < configs.size(); ++i)
    if (configs[i].name() == name) return i;
  return std::nullopt;
}

std::string unknown_config(const std::vector<Config>& configs, std::string_view name) {
  std::vector<std::string_view> names{resource::kDefault};
  for (std::size_t i = 1; i < configs.size(); ++i) names.push_back(configs[i].name());
  const std::string_view near = base::nearest(name, names);
  return fmt::format("there is no config \"{}\"{}", name,
                     near.empty() ? std::string() : fmt::format("; did you mean \"{}\"?", near));
}

// The config that a rule chooses, or the problem with it.
base::Result<std::size_t> target(const ConfigRule& rule, const std::vector<Config>& configs) {
  switch (rule.type_case()) {
    case ConfigRule::kConfigName:
      if (const auto index = index_of(configs, rule.configname())) return *index;
      return base::fail_invalid("configName", unknown_config(configs, rule.configname()));
    case ConfigRule::kEval:
      return base::fail_invalid("eval",
                                "configs computed by a CEL expression are not supported by this "
                                "gateway; name a config with \"configName\"");
    case ConfigRule::kOpa:
      return base::fail_invalid("opa",
                                "configs computed by an OPA policy are not supported by this "
                                "gateway; name a config with \"configName\"");
    case ConfigRule::TYPE_NOT_SET:
      break;
  }
  return base::fail_invalid("", "the rule chooses no config; it needs \"configName\"");
}

}  // namespace

std::shared_ptr<const DynamicConfig> DynamicConfig::compile(const corev1::Service& service,
                                                            Problems* problems) {
  const corev1::Service::Spec& spec = service.spec();
  auto out = std::make_shared<DynamicConfig>();
  out->has_default_ = spec.has_config();
  out->configs_.push_back(spec.config());
  for (const Config& config : spec.dynamicconfig().configs())
    out->configs_.push_back(merge_parent(spec, config));
  for (int i = 0; i < spec.dynamicconfig().rules_size(); ++i) {
    const ConfigRule& rule = spec.dynamicconfig().rules(i);
    const std::string path = fmt::format("spec.dynamicConfig.rules[{}]", i);
    auto condition = Condition::compile(rule.condition(), ContextSchema::Attrs::kUnbound,
                                        path + ".condition", problems);
    out->reads_body_ |= condition.reads_body();
    const auto index = target(rule, out->configs_);
    if (!index && problems != nullptr) {
      const std::string& field = index.error().reason;
      problems->push_back({base::Code::kInvalidArgument, field.empty() ? path : path + "." + field,
                           index.error().message});
    }
    if (index) out->rules_.push_back({std::move(condition), *index});
  }
  return out;
}

std::size_t DynamicConfig::choose(RequestContext& context) const {
  context.set_attrs(nullptr);
  for (const Rule& rule : rules_)
    if (rule.condition.evaluate(context) == Condition::Outcome::kMatch) return rule.config;
  return 0;
}

Config merge_parent(const corev1::Service::Spec& spec, const Config& config) {
  return resource::merged_with_parent(spec, config);
}

}  // namespace policy
