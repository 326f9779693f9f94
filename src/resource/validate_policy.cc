#include <fmt/format.h>

#include <algorithm>

#include "resource/name.h"
#include "resource/quoted.h"
#include "resource/validate_parts.h"

namespace resource {
namespace {

using Spec = corev1::Policy::Spec;

constexpr std::size_t kMaxPolicyBytes = 100'000;
constexpr std::size_t kMaxRules = 100;
constexpr std::size_t kMaxPolicies = 100;
constexpr int kStrongestPriority = -4;
constexpr int kWeakestPriority = 4;
constexpr int kMaxConditionDepth = 16;
constexpr int kMaxChildren = 100;
constexpr std::size_t kMaxExpressionBytes = 10'000;

void check_rule(Checker& check, const std::string& path, const Spec::Rule& rule) {
  if (!rule.name().empty()) check.is_label(path + ".name", rule.name());
  if (rule.effect() != Spec::Rule::ALLOW && rule.effect() != Spec::Rule::DENY)
    check.fail(path + ".effect", "must be ALLOW or DENY");
  if (rule.priority() < kStrongestPriority || rule.priority() > kWeakestPriority)
    check.fail(path + ".priority", fmt::format("{} is not between {} and {}", rule.priority(),
                                               kStrongestPriority, kWeakestPriority));
  if (!rule.has_condition()) {
    check.fail(path + ".condition", "must be set; `matchAny: true` always matches");
  } else {
    check_condition(check, path + ".condition", rule.condition());
  }
}

void check_rule(Checker& check, const std::string& path, const Spec::EnforcementRule& rule) {
  if (rule.effect() != Spec::EnforcementRule::ENFORCE &&
      rule.effect() != Spec::EnforcementRule::IGNORE)
    check.fail(path + ".effect", "must be ENFORCE or IGNORE");
  if (!rule.has_condition()) {
    check.fail(path + ".condition", "must be set; `matchAny: true` always matches");
  } else {
    check_condition(check, path + ".condition", rule.condition());
  }
}

void check_expression(Checker& check, const std::string& path, std::string_view text) {
  if (text.find_first_not_of(" \t\r\n\v\f") == std::string_view::npos) {
    check.fail(path, "the expression is empty");
  } else {
    check.fits(path, text, kMaxExpressionBytes);
  }
}

template <typename Children>
void check_children(Checker& check, const std::string& path, const Children& children, int depth) {
  const int count = children.of_size();
  if (count == 0) check.fail(path + ".of", "must hold at least one condition");
  check.at_most(path + ".of", static_cast<std::size_t>(count), kMaxChildren, "conditions");
  for (int i = 0; i < std::min(count, kMaxChildren); ++i)
    check_condition(check, indexed(path + ".of", i), children.of(i), depth + 1);
}

}  // namespace

// Recursion ends at kMaxConditionDepth, whatever the message holds.
void check_condition(Checker& check, const std::string& path, const corev1::Condition& condition,
                     int depth) {
  if (depth > kMaxConditionDepth) {
    check.fail(path,
               fmt::format("conditions are nested deeper than {} levels", kMaxConditionDepth));
    return;
  }
  switch (condition.type_case()) {
    case corev1::Condition::kMatchAny:
      return;
    case corev1::Condition::kOpa:
      if (condition.opa().type_case() == corev1::Condition::OPA::TYPE_NOT_SET)
        check.fail(path + ".opa", "must have inline");
      return;  // the script is compiled later
    case corev1::Condition::kMatch:
      return check_expression(check, path + ".match", condition.match());
    case corev1::Condition::kNot:
      return check_expression(check, path + ".not", condition.not_());
    case corev1::Condition::kAll:
      return check_children(check, path + ".all", condition.all(), depth);
    case corev1::Condition::kAny:
      return check_children(check, path + ".any", condition.any(), depth);
    case corev1::Condition::kNone:
      return check_children(check, path + ".none", condition.none(), depth);
    case corev1::Condition::TYPE_NOT_SET:
      break;
  }
  check.fail(path, "must have one of matchAny, match, not, all, any, none and opa");
}

void check_policy_spec(Checker& check, const std::string& path, const Spec& spec) {
  const std::size_t size = spec.ByteSizeLong();
  if (size > kMaxPolicyBytes)
    check.fail(path, fmt::format("takes {} bytes; at most {} are allowed", size, kMaxPolicyBytes));
  const auto rules = static_cast<std::size_t>(spec.rules_size());
  const auto enforcement_rules = static_cast<std::size_t>(spec.enforcementrules_size());
  check.at_most(path + ".rules", rules, kMaxRules, "rules");
  check.at_most(path + ".enforcementRules", enforcement_rules, kMaxRules, "rules");
  for (int i = 0; i < spec.rules_size(); ++i)
    check_rule(check, indexed(path + ".rules", i), spec.rules(i));
  for (int i = 0; i < spec.enforcementrules_size(); ++i)
    check_rule(check, indexed(path + ".enforcementRules", i), spec.enforcementrules(i));
  check.is_attrs(path + ".attrs", spec.attrs());
}

void check_policies(
    Checker& check, const std::string& path,
    const google::protobuf::RepeatedPtrField<std::string>& policies,
    const google::protobuf::RepeatedPtrField<corev1::InlinePolicy>& inline_policies) {
  check.at_most(path + ".policies", static_cast<std::size_t>(policies.size()), kMaxPolicies,
                "Policies");
  for (int i = 0; i < policies.size(); ++i)
    check.is_name_of(indexed(path + ".policies", i), Kind::kPolicy, policies[i]);
  check.at_most(path + ".inlinePolicies", static_cast<std::size_t>(inline_policies.size()),
                kMaxPolicies, "Policies");
  for (int i = 0; i < inline_policies.size(); ++i) {
    const corev1::InlinePolicy& policy = inline_policies[i];
    const std::string at = indexed(path + ".inlinePolicies", i);
    if (!policy.name().empty()) check.is_label(at + ".name", policy.name());
    if (policy.has_spec()) {
      check_policy_spec(check, at + ".spec", policy.spec());
    } else {
      check.fail(at + ".spec", "must be set");
    }
  }
}

void check_policy(Checker& check, const corev1::Policy& policy, const corev1::Policy* stored) {
  const std::string& name = policy.metadata().name();
  const std::string_view parent = parent_policy_name(name);
  if (stored == nullptr && !parent.empty() && is_name(Kind::kPolicy, name) &&
      !check.references().exists(Kind::kPolicy, parent))
    check.fail("metadata.name",
               fmt::format("the parent of {} is the Policy {}, which does not exist", quoted(name),
                           quoted(parent)));
  check_policy_spec(check, "spec", policy.spec());
}

}  // namespace resource
