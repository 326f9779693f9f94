#pragma once

#include <string_view>

#include "policy/request_context.h"
#include "policy/subject_rules.h"
#include "policy/trigger.h"

namespace policy {

// The rules that stand behind a Service, whoever calls it. Made when a Snapshot is, by
// RuleList::make over Authorization::compile of each owner; nullptr where an owner has none.
struct ServiceRules {
  std::shared_ptr<const RuleList> service;
  std::shared_ptr<const RuleList> name_space;
  std::shared_ptr<const RuleList> cluster;  // of ClusterConfig
  // Of PolicyTriggers, which come last; nullptr: there are none.
  std::shared_ptr<const std::vector<TriggerRules>> triggers;

  bool reads_body() const;
};

// What a shadow rule would have decided, had it been in force. Without a rule: none would have.
struct ShadowDecision {
  const Rule* rule = nullptr;
  const CompiledPolicy* policy = nullptr;
  bool allowed = false;
  // "policy_allow", "policy_deny", "policy_error", "policy_body_invalid"; or "body_not_read": the
  // rule reads the body, which nothing in force does, so that it is not there to be read; or
  // kPolicyOffload: it takes longer than an event loop has, and perhaps there is no rule then.
  std::string_view code;
};

// Whether and why. Views and pointers live as long as the ServiceRules and SubjectRules that the
// decision was made from.
struct Decision {
  bool allowed = false;
  ReasonType type = ReasonType{};
  // Stable snake_case word for logs, metrics and tests: "policy_allow", "policy_deny",
  // "no_policy_match", "session_expired", "policy_error", "policy_dangling", ... Static.
  std::string_view code;

  // Of POLICY_MATCH and policy_error: the rule, and the policy that it belongs to.
  const Rule* rule = nullptr;
  const CompiledPolicy* policy = nullptr;
  // Of SESSION_NOT_ACTIVE.
  corev1::Session::Spec::State session_state = corev1::Session::Spec::STATE_UNKNOWN;
  // For an operator: the evaluation's error, which the context keeps, or the name of the missing
  // Policy.
  std::string_view detail;

  // The first shadow rule that would have decided before the one that did.
  ShadowDecision shadow;
};

enum class Access : std::uint8_t {
  kAuthenticated,
  kAnonymous,            // isAnonymous without enableAnonymous: everything is allowed
  kAnonymousWithPolicy,  // isAnonymous with authorization.enableAnonymous
};
Access access_of(const corev1::Service& service);

class Residual;

// The code of a decision that could not be made on an event loop, and is none: to be made again
// after context.set_on_loop(false). Of a shadow only: the decision stands, and may be made again.
inline constexpr std::string_view kPolicyOffload = "policy_offload";

// Decides on a request. `subject` may be nullptr unless the access is kAuthenticated. A policy that
// is missing and a condition that fails deny. Allocates nothing unless an expression has to.
// `residual`, if given, was made from the same rules for the same subject: the decision is the
// same, and made sooner. Whoever watches (Recorder) sees all rules all the same.
Decision decide(RequestContext& context, Access access, const ServiceRules& service,
                const SubjectRules* subject, const Residual* residual = nullptr);

// --- what decisions are made of; for this module ---

class RuleWalk;

// The rules that take part, in their order, but for those of triggers.
RuleWalk rules_of_owners(Access access, const ServiceRules& service, const SubjectRules* subject);
// What a rule that matched, or failed, decides.
Decision verdict(const Rule& rule, const CompiledPolicy& policy, Condition::Outcome outcome,
                 const RequestContext& context);
// Notes that a shadow cannot be asked, where the body is not there that it reads.
bool note_unread_body(const Rule& rule, const CompiledPolicy& policy, const RequestContext& context,
                      Decision& decision);
// Asks a shadow rule; whether it would have decided, which is then noted.
bool ask_shadow(const Rule& rule, const CompiledPolicy& policy, const Condition& condition,
                RequestContext& context, Decision& decision);
// Puts back what was set aside before the shadows were asked.
void put_back(RequestContext::Aside aside, RequestContext& context, Decision& decision);
Decision no_match();
Decision dangling_reference(std::string_view name);

// The reason as the API and the access log spell it.
void fill_reason(const Decision& decision, corev1::AccessLog::Entry::Common::Reason& out);
// "POLICY_MATCH" and so on; empty for an unknown reason.
std::string_view reason_type_name(ReasonType type);

}  // namespace policy
