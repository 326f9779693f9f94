#include "gateway/service_policy.h"

namespace gateway {

void fill_reason(const policy::Decision& decision, telemetry::AccessEntry& entry) {
  entry.reason_type = policy::reason_type_name(decision.type);
  if (decision.rule != nullptr && decision.policy != nullptr) {
    entry.policy_match = decision.type == corev1::AccessLog::Entry::Common::Reason::POLICY_MATCH;
    if (decision.policy->is_inline()) {
      entry.inline_owner_ref = decision.policy->reference().json;
      entry.inline_name = decision.policy->name();
    } else {
      entry.policy_ref = decision.policy->reference().json;
    }
    entry.rule_name = decision.rule->name;
    entry.rule_priority = decision.rule->priority;
  }
  if (const policy::ShadowDecision& shadow = decision.shadow; shadow.rule != nullptr) {
    entry.shadow_code = shadow.code;
    entry.shadow_allowed = shadow.allowed;
    entry.shadow_rule_name = shadow.rule->name;
    if (shadow.policy->is_inline()) {
      entry.shadow_inline_owner_ref = shadow.policy->reference().json;
      entry.shadow_inline_name = shadow.policy->name();
    } else {
      entry.shadow_policy_ref = shadow.policy->reference().json;
    }
  }
  if (decision.type == corev1::AccessLog::Entry::Common::Reason::SESSION_NOT_ACTIVE)
    entry.session_state = corev1::Session::Spec::State_Name(decision.session_state);
}

}  // namespace gateway
