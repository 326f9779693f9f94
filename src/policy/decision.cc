#include "policy/decision.h"

#include <algorithm>
#include <array>

#include "policy/recorder.h"
#include "policy/residual.h"
#include "policy/rule_walk.h"
#include "policy/scope.h"

namespace policy {
namespace {

using Reason = corev1::AccessLog::Entry::Common::Reason;

struct ReasonName {
  ReasonType type;
  std::string_view name;
  std::string_view code;
};

constexpr std::array kReasonNames = {
    ReasonName{Reason::SESSION_NOT_ACTIVE, "SESSION_NOT_ACTIVE", "session_not_active"},
    ReasonName{Reason::DEVICE_NOT_ACTIVE, "DEVICE_NOT_ACTIVE", "device_not_active"},
    ReasonName{Reason::USER_DEACTIVATED, "USER_DEACTIVATED", "user_deactivated"},
    ReasonName{Reason::SCOPE_UNAUTHORIZED, "SCOPE_UNAUTHORIZED", "scope_unauthorized"},
    ReasonName{Reason::POLICY_MATCH, "POLICY_MATCH", "policy_match"},
    ReasonName{Reason::NO_POLICY_MATCH, "NO_POLICY_MATCH", "no_policy_match"},
    ReasonName{Reason::SESSION_CLIENT_TYPE_INVALID, "SESSION_CLIENT_TYPE_INVALID",
               "session_client_type_invalid"},
    ReasonName{Reason::SESSION_LOCKED, "SESSION_LOCKED", "session_locked"},
    ReasonName{Reason::USER_LOCKED, "USER_LOCKED", "user_locked"},
    ReasonName{Reason::DEVICE_LOCKED, "DEVICE_LOCKED", "device_locked"},
    ReasonName{Reason::AUTHENTICATOR_AUTHENTICATION_REQUIRED,
               "AUTHENTICATOR_AUTHENTICATION_REQUIRED", "authenticator_authentication_required"},
    ReasonName{Reason::AUTHENTICATOR_REGISTRATION_REQUIRED, "AUTHENTICATOR_REGISTRATION_REQUIRED",
               "authenticator_registration_required"},
    ReasonName{Reason::SESSION_EXPIRED, "SESSION_EXPIRED", "session_expired"},
    ReasonName{Reason::ACCESS_TOKEN_EXPIRED, "ACCESS_TOKEN_EXPIRED", "access_token_expired"},
};

Decision deny(ReasonType type) {
  const auto* found = std::ranges::find(kReasonNames, type, &ReasonName::type);
  return {.type = type, .code = found == kReasonNames.end() ? "unknown" : found->code};
}

// What is decided before any policy; unknown when everything holds.
ReasonType fixed_check(const RequestContext& context, const SubjectRules& subject) {
  const std::int64_t now = base::to_seconds(context.now());
  const corev1::Service& service = *context.subject().service;
  Recorder* const recorder = context.recorder();
  const auto fails = [&](ReasonType type, bool holds) {
    if (recorder != nullptr) [[unlikely]]
      recorder->on_check(deny(type).code, holds);
    return !holds;
  };
  if (fails(Reason::SESSION_NOT_ACTIVE, subject.state == corev1::Session::Spec::ACTIVE))
    return Reason::SESSION_NOT_ACTIVE;
  if (fails(Reason::SESSION_EXPIRED, now < subject.expires_at)) return Reason::SESSION_EXPIRED;
  if (fails(Reason::ACCESS_TOKEN_EXPIRED,
            subject.access_expires_at == 0 || now < subject.access_expires_at))
    return Reason::ACCESS_TOKEN_EXPIRED;
  if (subject.refused != Reason::TYPE_UNKNOWN_REASON) {
    fails(subject.refused, false);
    return subject.refused;
  }
  if (fails(Reason::SESSION_CLIENT_TYPE_INVALID, subject.is_client || service.spec().ispublic()))
    return Reason::SESSION_CLIENT_TYPE_INVALID;
  if (fails(Reason::SCOPE_UNAUTHORIZED,
            is_in_scope(*context.subject().session, service, context.request())))
    return Reason::SCOPE_UNAUTHORIZED;
  return Reason::TYPE_UNKNOWN_REASON;
}

// Which policies take part, each asked once. Those beyond a few are asked each time.
class Enforcement {
 public:
  explicit Enforcement(RequestContext& context) : context_(context) {}

  bool holds(const CompiledPolicy& policy) {
    if (!policy.has_enforcement_rules()) return true;
    for (std::size_t i = 0; i < size_; ++i)
      if (known_[i].policy == &policy) return known_[i].holds;
    Recorder* const recorder = context_.recorder();
    if (recorder != nullptr) recorder->begin_policy(policy);
    context_.set_attrs(&policy.attrs());
    const bool holds = policy.enforcement().holds(context_);
    if (recorder != nullptr) recorder->end_policy(holds);
    if (size_ < known_.size()) known_[size_++] = {&policy, holds};
    return holds;
  }

 private:
  struct Known {
    const CompiledPolicy* policy;
    bool holds;
  };

  RequestContext& context_;
  std::array<Known, 16> known_;
  std::size_t size_ = 0;
};

Condition::Outcome ask(const Rule& rule, const CompiledPolicy& policy, const Condition& condition,
                       RequestContext& context) {
  context.set_attrs(&policy.attrs());
  Recorder* const recorder = context.recorder();
  if (recorder != nullptr) recorder->begin_rule(rule, policy);
  const Condition::Outcome outcome = condition.evaluate(context);
  if (recorder != nullptr)
    recorder->end_rule(outcome, outcome == Condition::Outcome::kError ? context.error() : "");
  return outcome;
}

// Those in front of `last`, which decided; nullptr: all.
void ask_shadows(RequestContext& context, RuleWalk& rules, const RuleList::Entry* last,
                 Enforcement& enforcement, Decision& decision) {
  if (context.wants_thread()) return;  // nothing is decided
  RequestContext::Aside aside = context.set_aside();
  rules.rewind();
  for (const RuleList::Entry* entry = rules.next(); entry != last; entry = rules.next()) {
    if (!entry->rule->is_shadow) continue;
    const CompiledPolicy& policy = *entry->policy;
    if (policy.enforcement_reads_body() &&
        note_unread_body(*entry->rule, policy, context, decision))
      break;
    if (enforcement.holds(policy) &&
        ask_shadow(*entry->rule, policy, entry->rule->condition, context, decision))
      break;
  }
  put_back(std::move(aside), context, decision);
}

Decision decide_by_rules(RequestContext& context, RuleWalk& rules) {
  if (!rules.dangling().empty()) return dangling_reference(rules.dangling());
  Enforcement enforcement(context);
  Decision decision = no_match();
  bool has_shadows = false;
  const RuleList::Entry* entry = nullptr;
  while ((entry = rules.next()) != nullptr) {
    if (entry->rule->is_shadow) {
      has_shadows = true;
      continue;
    }
    if (!enforcement.holds(*entry->policy)) continue;
    const Condition::Outcome outcome =
        ask(*entry->rule, *entry->policy, entry->rule->condition, context);
    if (outcome == Condition::Outcome::kNoMatch) continue;
    decision = verdict(*entry->rule, *entry->policy, outcome, context);
    break;
  }
  if (has_shadows) [[unlikely]]
    ask_shadows(context, rules, entry, enforcement, decision);
  return decision;
}

}  // namespace

bool ServiceRules::reads_body() const {
  const auto reads = [](const std::shared_ptr<const RuleList>& list) {
    return list != nullptr && list->reads_body();
  };
  if (reads(service) || reads(name_space) || reads(cluster)) return true;
  return triggers != nullptr && std::ranges::any_of(*triggers, [&](const TriggerRules& each) {
           return each.trigger->precondition.reads_body() || reads(each.list);
         });
}

Access access_of(const corev1::Service& service) {
  if (!service.spec().isanonymous()) return Access::kAuthenticated;
  return service.spec().authorization().enableanonymous() ? Access::kAnonymousWithPolicy
                                                          : Access::kAnonymous;
}

RuleWalk rules_of_owners(Access access, const ServiceRules& service, const SubjectRules* subject) {
  RuleWalk rules;
  rules.add(service.service.get());
  rules.add(service.name_space.get());
  if (access == Access::kAuthenticated)
    for (const auto& list : subject->lists) rules.add(list.get());
  rules.add(service.cluster.get());
  return rules;
}

Decision no_match() { return deny(Reason::NO_POLICY_MATCH); }

// A Policy that is gone may have been one that denies.
Decision dangling_reference(std::string_view name) {
  return {.code = "policy_dangling", .detail = name};
}

Decision verdict(const Rule& rule, const CompiledPolicy& policy, Condition::Outcome outcome,
                 const RequestContext& context) {
  Decision decision{.rule = &rule, .policy = &policy};
  if (outcome == Condition::Outcome::kError) {
    decision.code = context.failed_on_body() ? "policy_body_invalid" : "policy_error";
    decision.detail = context.error();
    return decision;
  }
  decision.allowed = rule.effect == Effect::kAllow;
  decision.type = Reason::POLICY_MATCH;
  decision.code = decision.allowed ? "policy_allow" : "policy_deny";
  return decision;
}

bool note_unread_body(const Rule& rule, const CompiledPolicy& policy, const RequestContext& context,
                      Decision& decision) {
  const RequestView& request = context.request();
  if (request.body || request.content_length == 0) return false;
  decision.shadow = {&rule, &policy, decision.allowed, "body_not_read"};
  return true;
}

bool ask_shadow(const Rule& rule, const CompiledPolicy& policy, const Condition& condition,
                RequestContext& context, Decision& decision) {
  if (condition.reads_body() && note_unread_body(rule, policy, context, decision)) return true;
  const Condition::Outcome outcome = ask(rule, policy, condition, context);
  if (outcome != Condition::Outcome::kNoMatch) {
    const Decision would = verdict(rule, policy, outcome, context);
    decision.shadow = {&rule, &policy, would.allowed, would.code};
  }
  return outcome != Condition::Outcome::kNoMatch;
}

void put_back(RequestContext::Aside aside, RequestContext& context, Decision& decision) {
  const bool is_detail = !aside.error.empty() && decision.detail.data() != nullptr &&
                         decision.rule != nullptr && decision.type != Reason::POLICY_MATCH;
  context.put_back(std::move(aside));
  if (is_detail) decision.detail = context.error();
  if (!context.wants_thread()) return;
  decision.shadow.allowed = decision.allowed;
  decision.shadow.code = kPolicyOffload;
}

namespace {

Decision decide_once(RequestContext& context, Access access, const ServiceRules& service,
                     const SubjectRules* subject, const Residual* residual) {
  if (access == Access::kAnonymous) return {.allowed = true, .code = "anonymous"};
  if (access == Access::kAuthenticated) {
    const ReasonType failed = fixed_check(context, *subject);
    if (failed != Reason::TYPE_UNKNOWN_REASON) {
      Decision decision = deny(failed);
      if (failed == Reason::SESSION_NOT_ACTIVE) decision.session_state = subject->state;
      return decision;
    }
  }
  if (residual != nullptr && context.recorder() == nullptr) return residual->decide(context);
  RuleWalk rules = rules_of_owners(access, service, subject);
  if (service.triggers != nullptr)
    for (const TriggerRules& each : *service.triggers)
      if (each.trigger->precondition.evaluate(context) == Precondition::Outcome::kYes)
        rules.add(each.list.get());
  return decide_by_rules(context, rules);
}

}  // namespace

Decision decide(RequestContext& context, Access access, const ServiceRules& service,
                const SubjectRules* subject, const Residual* residual) {
  const Decision decision = decide_once(context, access, service, subject, residual);
  // A rule that was not finished may have decided otherwise, whatever came after it.
  if (context.wants_thread() && decision.shadow.code != kPolicyOffload) [[unlikely]]
    return {.code = kPolicyOffload};
  return decision;
}

void fill_reason(const Decision& decision, Reason& out) {
  out.set_type(decision.type);
  if (decision.type == Reason::SESSION_NOT_ACTIVE)
    out.mutable_details()->mutable_sessionnotactive()->set_state(decision.session_state);
  if (decision.type != Reason::POLICY_MATCH) return;
  auto& match = *out.mutable_details()->mutable_policymatch();
  match.set_rulename(decision.rule->name);
  match.set_priority(decision.rule->priority);
  const metav1::ObjectReference& reference = decision.policy->reference().message;
  if (!decision.policy->is_inline()) {
    *match.mutable_policy()->mutable_policyref() = reference;
    return;
  }
  *match.mutable_inlinepolicy()->mutable_resourceref() = reference;
  match.mutable_inlinepolicy()->set_name(std::string(decision.policy->name()));
}

std::string_view reason_type_name(ReasonType type) {
  const auto* found = std::ranges::find(kReasonNames, type, &ReasonName::type);
  return found == kReasonNames.end() ? std::string_view() : found->name;
}

}  // namespace policy
