#include "policy/dynamic_config.h"

#include <fmt/format.h>

#include <optional>

#include "base/suggest.h"
#include "policy/canonical_json.h"
#include "policy/config_shape.h"
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

// The index of the config that the rule names.
base::Result<std::size_t> named_config(const ConfigRule& rule, const std::vector<Config>& configs) {
  if (const auto index = index_of(configs, rule.configname())) return *index;
  return base::fail_invalid("configName", unknown_config(configs, rule.configname()));
}

base::Result<std::shared_ptr<const cel::Program>> compile_eval(const std::string& source) {
  if (source.find_first_not_of(" \t\r\n\f\v") == std::string::npos)
    return base::fail_invalid("eval", "the expression is empty; it gives a map, the config");
  cel::CompileOptions options;
  options.expected = cel::Expected::kMap;
  auto program = cel::compile(source, ContextSchema::get(ContextSchema::Attrs::kUnbound), options);
  if (!program) return base::fail_invalid("eval", std::move(program.error().message));
  if (auto fault = find_config_fault(source)) return base::fail_invalid("eval", std::move(*fault));
  return program;
}

void pass_over(ConfigChoice& choice, std::uint32_t rule, std::string_view field,
               std::string_view why) {
  if (choice.failed++ == 0) choice.problem = fmt::format("rules[{}].{}: {}", rule, field, why);
}

}  // namespace

std::string computed_by(const ConfigChoice& choice) {
  return fmt::format("rules[{}].{}", choice.rule, choice.by_rego ? "opa" : "eval");
}

std::shared_ptr<const DynamicConfig> DynamicConfig::compile(const corev1::Service& service,
                                                            Problems* problems) {
  const corev1::Service::Spec& spec = service.spec();
  auto out = std::make_shared<DynamicConfig>();
  out->has_default_ = spec.has_config();
  out->configs_.push_back(spec.config());
  for (const Config& config : spec.dynamicconfig().configs())
    out->configs_.push_back(merge_parent(spec, config));
  for (int i = 0; i < spec.dynamicconfig().rules_size(); ++i) {
    const ConfigRule& source = spec.dynamicconfig().rules(i);
    const std::string path = fmt::format("spec.dynamicConfig.rules[{}]", i);
    Rule rule{.index = static_cast<std::uint32_t>(i),
              .condition = Condition::compile(source.condition(), ContextSchema::Attrs::kUnbound,
                                              path + ".condition", problems)};
    out->reads_body_ |= rule.condition.reads_body();
    if (const auto done = out->set_target(source, rule)) {
      out->rules_.push_back(std::move(rule));
    } else if (problems != nullptr) {
      const std::string& field = done.error().reason;
      problems->push_back({base::Code::kInvalidArgument, field.empty() ? path : path + "." + field,
                           done.error().message});
    }
  }
  return out;
}

base::Result<void> DynamicConfig::set_target(const ConfigRule& source, Rule& rule) {
  switch (source.type_case()) {
    case ConfigRule::kConfigName: {
      BASE_ASSIGN(rule.config, named_config(source, configs_));
      return {};
    }
    case ConfigRule::kEval: {
      BASE_ASSIGN(rule.eval, compile_eval(source.eval()));
      reads_body_ |= policy::reads_body(*rule.eval);
      computes_ = true;
      return {};
    }
    case ConfigRule::kOpa: {
      auto program = RegoProgram::compile(source.opa(), RegoProgram::Entry::kConfig,
                                          ContextSchema::Attrs::kUnbound);
      if (!program) return base::fail_invalid("opa", std::move(program.error().message));
      rule.opa = std::move(*program);
      reads_body_ |= rule.opa->reads_body();
      computes_ = true;
      return {};
    }
    case ConfigRule::TYPE_NOT_SET:
      break;
  }
  return base::fail_invalid("",
                            "the rule chooses no config; it needs one of configName, eval, opa");
}

ConfigChoice DynamicConfig::choose(RequestContext& context, std::string& json) const {
  context.set_attrs(nullptr);
  ConfigChoice choice;
  for (const Rule& rule : rules_) {
    const Condition::Outcome outcome = rule.condition.evaluate(context);
    if (outcome == Condition::Outcome::kNoMatch) continue;
    if (outcome == Condition::Outcome::kError) {
      pass_over(choice, rule.index, "condition", context.error());
      continue;
    }
    if (rule.eval != nullptr) compute(rule, context, json, choice);
    if (rule.opa != nullptr) query(rule, context, json, choice);
    if ((rule.eval != nullptr || rule.opa != nullptr) && choice.rule == ConfigChoice::kNoRule)
      continue;
    choice.rule = rule.index;
    choice.config = rule.config;
    break;
  }
  return choice;
}

void DynamicConfig::compute(const Rule& rule, RequestContext& context, std::string& json,
                            ConfigChoice& choice) {
  cel::Arena& arena = context.arena();
  const cel::Value value = rule.eval->evaluate(context, arena);
  if (value.is_error()) {
    pass_over(choice, rule.index, "eval", context.describe(*rule.eval, value));
  } else if (!value.is(cel::Kind::kMap)) {
    pass_over(choice, rule.index, "eval",
              fmt::format("the expression gives a {}, not a map", cel::type_name(value)));
  } else {
    choice.rule = rule.index;
    choice.kind = ConfigChoice::Kind::kComputed;
    json.clear();
    if (const auto written = append_canonical_json(value, arena, json); !written) {
      choice.kind = ConfigChoice::Kind::kInvalid;
      choice.problem = fmt::format("{}: {}", computed_by(choice), written.error().message);
    }
  }
  arena.reset();
}

void DynamicConfig::query(const Rule& rule, RequestContext& context, std::string& json,
                          ConfigChoice& choice) {
  auto object = context.rego().evaluate_object(*rule.opa, context);
  if (!object) return pass_over(choice, rule.index, "opa", object.error().message);
  choice.rule = rule.index;
  choice.kind = ConfigChoice::Kind::kComputed;
  choice.by_rego = true;
  json = std::move(*object);  // whose keys are sorted
  if (json.size() <= kMaxConfigBytes) return;
  choice.kind = ConfigChoice::Kind::kInvalid;
  choice.problem =
      fmt::format("{}: a config has at most {} bytes", computed_by(choice), kMaxConfigBytes);
}

Config merge_parent(const corev1::Service::Spec& spec, const Config& config) {
  return resource::merged_with_parent(spec, config);
}

}  // namespace policy
