#include "policy/check.h"

#include <fmt/format.h>

#include "policy/authorization_block.h"
#include "policy/condition.h"
#include "policy/dynamic_config.h"

namespace policy {

void check_condition(std::string_view path, const corev1::Condition& condition, bool has_attrs,
                     Problems& problems) {
  Condition::compile(condition,
                     has_attrs ? ContextSchema::Attrs::kBound : ContextSchema::Attrs::kUnbound,
                     path, &problems);
}

void check_policy_spec(std::string_view path, const corev1::Policy::Spec& spec,
                       Problems& problems) {
  for (int i = 0; i < spec.rules_size(); ++i)
    check_condition(fmt::format("{}.rules[{}].condition", path, i), spec.rules(i).condition(), true,
                    problems);
  for (int i = 0; i < spec.enforcementrules_size(); ++i)
    check_condition(fmt::format("{}.enforcementRules[{}].condition", path, i),
                    spec.enforcementrules(i).condition(), true, problems);
}

void check_authorization(const resource::Message& owner, Problems& problems) {
  visit_authorization(owner, [&](const auto&, const auto& inline_policies) {
    for (int i = 0; i < inline_policies.size(); ++i)
      check_policy_spec(fmt::format("spec.authorization.inlinePolicies[{}].spec", i),
                        inline_policies[i].spec(), problems);
  });
}

void check_service(const corev1::Service& service, Problems& problems) {
  check_authorization(service, problems);
  DynamicConfig::compile(service, &problems);
}

Problems check(const resource::Message& resource) {
  Problems problems;
  switch (resource::kind_of(resource)) {
    case resource::Kind::kPolicy:
      check_policy_spec("spec", static_cast<const corev1::Policy&>(resource).spec(), problems);
      break;
    case resource::Kind::kService:
      check_service(static_cast<const corev1::Service&>(resource), problems);
      break;
    default:
      check_authorization(resource, problems);
      break;
  }
  return problems;
}

}  // namespace policy
