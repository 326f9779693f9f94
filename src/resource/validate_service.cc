#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

#include "base/suggest.h"
#include "resource/defaults.h"
#include "resource/name.h"
#include "resource/path_shift.h"
#include "resource/quoted.h"
#include "resource/service_config.h"
#include "resource/validate_parts.h"

namespace resource {
namespace {

using Spec = corev1::Service::Spec;
using Config = Spec::Config;
using Rule = Spec::DynamicConfig::Rule;

constexpr std::size_t kMaxConfigs = 1000;
constexpr std::size_t kMaxRules = 1000;
constexpr std::uint32_t kMaxPort = 65535;
constexpr std::uint32_t kMaxReplicas = 1;
// The reference's health checks listen there, so files that are to work with both avoid them.
constexpr std::uint32_t kReservedPorts[] = {49094, 49095};

bool is_http(Spec::Mode mode) {
  return mode == Spec::HTTP || mode == Spec::WEB || mode == Spec::GRPC;
}

bool is_http_based(Spec::Mode mode) {
  return is_http(mode) || mode == Spec::KUBERNETES || mode == Spec::RDP_WEB || mode == Spec::MCP ||
         mode == Spec::LLM;
}

bool may_be_anonymous(Spec::Mode mode) {
  return is_http(mode) || mode == Spec::MCP || mode == Spec::LLM;
}

void check_place(Checker& check, const corev1::Service& service) {
  const std::string& name = service.metadata().name();
  if (!is_name(Kind::kService, name)) return;
  const auto [leaf, space] = split_service_name(name);
  if (!check.references().exists(Kind::kNamespace, space))
    check.fail("metadata.name", fmt::format("the Namespace {} does not exist", quoted(space)));
  if (space != kDefault) return;
  if (leaf == kDefault) {
    check.fail("metadata.name",
               "default.default would answer on the domain itself, which is the cluster's");
  } else if (check.references().exists(Kind::kNamespace, leaf)) {
    check.fail("metadata.name",
               fmt::format("the Namespace {} has this name, and a Service in the Namespace default "
                           "cannot have it too: both would answer on the same host",
                           quoted(leaf)));
  }
}

void check_access(Checker& check, const Spec& spec) {
  const std::string mode = Spec::Mode_Name(spec.mode());
  if (spec.ispublic() && !is_http_based(spec.mode()))
    check.fail("spec.isPublic", fmt::format("a Service of mode {} cannot be public", mode));
  if (spec.isanonymous()) {
    if (!spec.ispublic()) check.fail("spec.isAnonymous", "needs isPublic");
    if (!may_be_anonymous(spec.mode()))
      check.fail("spec.isAnonymous", fmt::format("a Service of mode {} cannot be anonymous", mode));
    if (spec.has_authorization() && !spec.authorization().enableanonymous())
      check.fail("spec.authorization",
                 "an anonymous Service checks no Policies; set enableAnonymous to have these "
                 "checked, or leave authorization out");
  } else if (spec.authorization().enableanonymous()) {
    check.fail("spec.authorization.enableAnonymous", "needs isAnonymous");
  }
  check_authorization(check, spec.authorization());
}

void check_port(Checker& check, const corev1::Service& service) {
  if (service.spec().port() > kMaxPort) {
    check.fail("spec.port",
               fmt::format("{} is not between 1 and {}", service.spec().port(), kMaxPort));
    return;
  }
  const std::uint32_t port = effective_port(service);
  if (port == 0)
    check.fail("spec.port", "must be set: it follows neither from the upstream nor from the mode");
  if (std::ranges::find(kReservedPorts, port) != std::end(kReservedPorts))
    check.fail("spec.port", fmt::format("{} is reserved", port));
}

void check_fits_mode(Checker& check, const std::string& path, const Config& config,
                     Spec::Mode mode) {
  if (config.type_case() == Config::kHttp && !is_http(mode))
    check.fail(path + ".http", fmt::format("is for the modes HTTP, WEB and GRPC; this Service has "
                                           "the mode {}",
                                           Spec::Mode_Name(mode)));
}

void check_content(Checker& check, const std::string& path, const Config& config,
                   const Spec& spec) {
  check_fits_mode(check, path, config, spec.mode());
  if (config.has_upstream())
    check_upstream(check, path + ".upstream", config.upstream(), spec.port() != 0);
  if (config.has_tls()) check_tls(check, path + ".tls", config.tls());
  if (config.has_http()) check_http(check, path + ".http", config.http());
}

std::vector<Problem> problems_of(const Checker& check, const Config& config, const Spec& spec) {
  Checker alone(check.references(), check.now());
  check_content(alone, "", config, spec);
  return alone.take();
}

// What counts is the config together with its parent. Problems that the parent has by itself are
// reported there; the others are moved to where they are in the config as it was written, whose
// lists are the ends of the merged ones.
void check_merged(Checker& check, const std::string& path, const Config& config, const Spec& spec) {
  const Config* parent = config.parent().empty() ? nullptr : find_config(spec, config.parent());
  auto problems = problems_of(check, merged_with_parent(spec, config), spec);
  if (problems.empty()) return;
  const auto of_parent =
      parent == nullptr ? std::vector<Problem>() : problems_of(check, *parent, spec);
  for (Problem& problem : problems) {
    if (std::ranges::find(of_parent, problem) != of_parent.end()) continue;
    const auto shifted =
        parent == nullptr ? problem.path : path_without_parent(problem.path, *parent);
    if (shifted) check.fail(path + *shifted, std::move(problem.message));
  }
}

// Which body is read, and how, is settled before a config is chosen.
void check_is_for_default_only(Checker& check, const std::string& path, const Config::HTTP& http) {
  constexpr std::string_view kSentence =
      "works in spec.config only: it is needed before a config is chosen";
  if (http.enablerequestbuffering())
    check.fail(path + ".enableRequestBuffering", std::string(kSentence));
  if (http.has_body()) check.fail(path + ".body", std::string(kSentence));
  if (http.listenhttp2()) check.fail(path + ".listenHTTP2", std::string(kSentence));
}

std::string suggest_config(const Spec& spec, std::string_view name) {
  std::vector<std::string_view> names{kDefault};
  for (const Config& config : spec.dynamicconfig().configs()) names.push_back(config.name());
  const auto nearest = base::nearest(name, names);
  return nearest.empty() ? "" : fmt::format("; did you mean {}?", quoted(nearest));
}

void check_parent(Checker& check, const std::string& path, const Config& config, const Spec& spec) {
  const std::string& parent = config.parent();
  if (parent.empty()) return;
  if (parent == config.name()) {
    check.fail(path, "a config cannot be its own parent");
  } else if (parent != kDefault && find_config(spec, parent) == nullptr) {
    check.fail(
        path, fmt::format("there is no config {}{}", quoted(parent), suggest_config(spec, parent)));
  }
}

void check_default_config(Checker& check, const Spec& spec) {
  const Config& config = spec.config();
  if (!config.name().empty() && config.name() != kDefault)
    check.fail("spec.config.name", fmt::format("the default config is named \"default\", not {}",
                                               quoted(config.name())));
  if (!config.parent().empty())
    check.fail("spec.config.parent", "the default config has no parent");
  check_content(check, "spec.config", config, spec);
}

void check_named_configs(Checker& check, const Spec& spec) {
  const auto& configs = spec.dynamicconfig().configs();
  std::set<std::string_view> names;
  for (int i = 0; i < configs.size(); ++i) {
    const Config& config = configs[i];
    const std::string path = indexed("spec.dynamicConfig.configs", i);
    if (config.name() == kDefault) {
      check.fail(path + ".name", "\"default\" is the name of spec.config");
    } else if (check.is_label(path + ".name", config.name()) &&
               !names.insert(config.name()).second) {
      check.fail(path + ".name",
                 fmt::format("there is another config named {}", quoted(config.name())));
    }
    check_parent(check, path + ".parent", config, spec);
    check_is_for_default_only(check, path + ".http", config.http());
    check_merged(check, path, config, spec);
  }
}

void check_rules(Checker& check, const Spec& spec) {
  const auto& rules = spec.dynamicconfig().rules();
  for (int i = 0; i < rules.size(); ++i) {
    const Rule& rule = rules[i];
    const std::string path = indexed("spec.dynamicConfig.rules", i);
    if (rule.has_condition()) {
      check_condition(check, path + ".condition", rule.condition());
    } else {
      check.fail(path + ".condition", "must be set; `matchAny: true` always matches");
    }
    if (rule.type_case() == Rule::TYPE_NOT_SET) {
      check.fail(path,
                 "must have configName, the config to use when the condition matches, or eval or "
                 "opa, which compute it");
    } else if (rule.type_case() == Rule::kConfigName && rule.configname() != kDefault &&
               check.is_label(path + ".configName", rule.configname()) &&
               find_config(spec, rule.configname()) == nullptr) {
      check.fail(path + ".configName",
                 fmt::format("there is no config {}{}", quoted(rule.configname()),
                             suggest_config(spec, rule.configname())));
    }
  }
}

void check_dynamic_config(Checker& check, const Spec& spec, bool is_managed) {
  const auto& dynamic = spec.dynamicconfig();
  const auto configs = static_cast<std::size_t>(dynamic.configs_size());
  const auto rules = static_cast<std::size_t>(dynamic.rules_size());
  const bool computes = std::ranges::any_of(
      dynamic.rules(), [](const Rule& rule) { return rule.has_eval() || rule.has_opa(); });
  if (!is_managed && configs == 0 && !computes)
    check.fail("spec.dynamicConfig",
               "must hold at least one of configs, or a rule with eval or opa");
  // Thousands of checks for a list that is refused anyway would only keep the server busy.
  if (!check.at_most("spec.dynamicConfig.configs", configs, kMaxConfigs, "configs")) return;
  if (!check.at_most("spec.dynamicConfig.rules", rules, kMaxRules, "rules")) return;
  check_named_configs(check, spec);
  check_rules(check, spec);
}

void check_deployment(Checker& check, const Spec& spec) {
  if (spec.deployment().replicas() > kMaxReplicas)
    check.fail("spec.deployment.replicas",
               fmt::format("{} replicas are not supported by this gateway yet; every Service has "
                           "one",
                           spec.deployment().replicas()));
  if (!spec.region().empty() && spec.region() != kDefault)
    check.is_name_of("spec.region", Kind::kRegion, spec.region());
}

}  // namespace

void check_service(Checker& check, const corev1::Service& service, const corev1::Service* stored) {
  const Spec& spec = service.spec();
  const bool is_managed = service.status().has_managedservice();
  if (stored == nullptr) check_place(check, service);
  check_access(check, spec);
  check_deployment(check, spec);
  check.is_attrs("spec.attrs", spec.attrs());
  if (spec.mode() == Spec::MODE_UNSET || !Spec::Mode_IsValid(spec.mode())) {
    check.fail("spec.mode", "must be HTTP, WEB or GRPC");
    return;
  }
  if (!is_managed && !spec.has_config() && !spec.has_dynamicconfig())
    check.fail("spec.config", "a Service needs config or dynamicConfig");
  // What a config of another mode may say is not known here; the mode itself is refused.
  if (!is_http(spec.mode())) {
    check_fits_mode(check, "spec.config", spec.config(), spec.mode());
    return;
  }
  check_port(check, service);
  if (spec.has_config()) check_default_config(check, spec);
  if (spec.has_dynamicconfig()) check_dynamic_config(check, spec, is_managed);
}

Config check_computed_config(Checker& check, const Config& config, const Spec& spec) {
  if (!config.name().empty()) check.is_label("name", config.name());
  check_parent(check, "parent", config, spec);
  Config merged = merged_with_parent(spec, config);
  Checker inside(check.references(), check.now());
  check_is_for_default_only(inside, ".http", config.http());
  check_content(inside, "", merged, spec);
  for (Problem& problem : inside.take())
    check.fail(problem.path.substr(1), std::move(problem.message), problem.code);
  return merged;
}

}  // namespace resource
