#include "cli/coverage.h"

#include <fmt/format.h>

#include <algorithm>

#include "policy/authorization_block.h"
#include "policy/explanation_text.h"

namespace cli {
namespace {

using resource::Kind;
namespace corev1 = resource::corev1;

std::string owner_of(std::string_view kind, std::string_view name) {
  return fmt::format("{} {}", kind, name);
}

std::string policy_of(const extv1::PolicySource& source) {
  if (!source.isinline()) return source.policy();
  const std::string name =
      source.policy().empty() ? fmt::format("inlinePolicies[{}]", source.index()) : source.policy();
  return owner_of(source.ownerkind(), source.ownername()) + " " + name;
}

std::string config_rule(std::string_view service, int index) {
  return fmt::format("{} dynamicConfig/rules[{}]", owner_of("Service", service), index);
}

}  // namespace

void Coverage::expect_rule(const std::string& name) {
  if (!indexes_.emplace(name, rules_.size()).second) return;
  rules_.emplace_back().set_rule(name);
}

void Coverage::expect(const resource::Message& resource) {
  const Kind kind = resource::kind_of(resource);
  const std::string& owner = resource::metadata_of(resource).name();
  const auto rules = [&](const std::string& policy, const corev1::Policy::Spec& spec) {
    for (int i = 0; i < spec.rules_size(); ++i) {
      extv1::Rule rule;
      rule.set_name(spec.rules(i).name());
      rule.set_index(static_cast<std::uint32_t>(i));
      expect_rule(policy + "/" + policy::rule_name(rule));
    }
  };
  if (kind == Kind::kPolicy) rules(owner, static_cast<const corev1::Policy&>(resource).spec());
  policy::visit_authorization(resource, [&](const auto&, const auto& inline_policies) {
    for (int i = 0; i < inline_policies.size(); ++i) {
      extv1::PolicySource source;
      source.set_isinline(true);
      source.set_policy(inline_policies[i].name());
      source.set_index(static_cast<std::uint32_t>(i));
      source.set_ownerkind(std::string(resource::kind_name(kind)));
      source.set_ownername(owner);
      rules(policy_of(source), inline_policies[i].spec());
    }
  });
  if (kind != Kind::kService) return;
  const auto& dynamic = static_cast<const corev1::Service&>(resource).spec().dynamicconfig();
  for (int i = 0; i < dynamic.rules_size(); ++i) expect_rule(config_rule(owner, i));
}

void Coverage::add(const std::string& name, extv1::Outcome outcome) {
  const auto found = indexes_.find(name);
  if (found == indexes_.end()) return;  // of a built-in Policy
  auto& rule = rules_[found->second];
  if (outcome == extv1::MATCH)
    rule.set_matched(rule.matched() + 1);
  else if (outcome == extv1::NO_MATCH)
    rule.set_notmatched(rule.notmatched() + 1);
  else
    rule.set_failed(rule.failed() + 1);
}

void Coverage::count(const extv1::Explanation& explanation) {
  for (const auto& step : explanation.steps())
    if (step.has_rule())
      add(policy_of(step.rule().source()) + "/" + policy::rule_name(step.rule()),
          step.rule().outcome());
  const auto& config = explanation.config();
  for (int i = 0; i < config.conditions_size(); ++i)
    add(config_rule(explanation.asked().service(), i), config.conditions(i).outcome());
}

std::vector<extv1::TestReport::RuleCoverage> Coverage::rules() const { return rules_; }

std::uint32_t Coverage::percent() const {
  if (rules_.empty()) return 100;
  const auto matched =
      std::ranges::count_if(rules_, [](const auto& rule) { return rule.matched() > 0; });
  return static_cast<std::uint32_t>(static_cast<std::size_t>(matched) * 100 / rules_.size());
}

}  // namespace cli
