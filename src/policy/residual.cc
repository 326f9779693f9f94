#include "policy/residual.h"

#include <chrono>
#include <unordered_map>
#include <unordered_set>

#include "policy/rule_walk.h"

namespace policy {
namespace {

using Outcome = Condition::Outcome;

}  // namespace

class ResidualMaker {
 public:
  ResidualMaker(Residual& out, const Subject& subject, std::chrono::nanoseconds most)
      : out_(out),
        context_(no_request_, subject, {}),
        deadline_(std::chrono::steady_clock::now() + most) {}

  // The triggers' lists come behind `rules`.
  void add_triggers(RuleWalk& rules, const std::vector<TriggerRules>& triggers) {
    for (const TriggerRules& each : triggers) {
      const Precondition& precondition = each.trigger->precondition;
      const auto outcome =
          is_late() ? Precondition::Outcome::kUnknown : precondition.evaluate_identity(context_);
      std::uint32_t gate = Residual::kNoGate;
      if (outcome == Precondition::Outcome::kUnknown) {
        out_.reads_body_ |= precondition.reads_body();
        out_.gates_.push_back({&precondition, nullptr, {}, precondition.reads_body()});
        gate = static_cast<std::uint32_t>(out_.gates_.size() - 1);
      } else if (outcome != Precondition::Outcome::kYes) {
        continue;
      }
      if (!each.list->dangling().empty()) out_.dangling_.push_back({gate, each.list->dangling()});
      rules.add(each.list.get(), gate);
    }
  }

  void run(RuleWalk rules) {
    while (const RuleList::Entry* entry = rules.next()) {
      const std::uint32_t trigger = rules.tag();
      // Met again it changes nothing, unless it was not certain to be asked the first time.
      if (seen_.contains(entry->rule)) continue;
      if (trigger == Residual::kNoGate) seen_.insert(entry->rule);
      const std::uint32_t gate = gate_of(*entry->policy);
      if (gate != kClosed && add(*entry, gate, trigger)) return;
    }
  }

 private:
  static constexpr std::uint32_t kClosed = Residual::kNoGate - 1;

  bool reads_body(std::uint32_t gate) const {
    return gate != Residual::kNoGate && out_.gates_[gate].reads_body;
  }

  bool is_late() const { return std::chrono::steady_clock::now() > deadline_; }

  std::uint32_t gate_of(const CompiledPolicy& policy) {
    if (!policy.has_enforcement_rules()) return Residual::kNoGate;
    const auto [found, is_new] = known_gates_.emplace(&policy, Residual::kNoGate);
    if (!is_new) return found->second;
    context_.set_attrs(&policy.attrs());
    EnforcementRules left =
        is_late() ? policy.enforcement() : policy.enforcement().reduce(context_);
    if (const auto certain = left.certain())
      return found->second = *certain ? Residual::kNoGate : kClosed;
    bool reads_body = false;
    for (const auto* list : {&left.enforce, &left.ignore}) {
      out_.own_conditions_ += list->size();
      for (const Condition& condition : *list) reads_body |= condition.reads_body();
    }
    out_.gates_.push_back({nullptr, &policy, std::move(left), reads_body});
    return found->second = static_cast<std::uint32_t>(out_.gates_.size() - 1);
  }

  // Whether no rule after this one can be asked.
  bool add(const RuleList::Entry& entry, std::uint32_t gate, std::uint32_t trigger) {
    const Condition* condition = &entry.rule->condition;
    std::optional<Outcome> certain;
    if (!is_late()) {
      context_.set_attrs(&entry.policy->attrs());
      Condition left = condition->reduce(context_);
      certain = left.certain_outcome();
      if (certain == Outcome::kNoMatch) return false;
      if (left.size() < condition->size()) {
        out_.conditions_.push_back(std::move(left));
        condition = &out_.conditions_.back();
        ++out_.own_conditions_;
      }
    }
    const bool is_shadow = entry.rule->is_shadow;
    if (is_shadow)
      out_.has_shadows_ = true;
    else
      out_.reads_body_ |= condition->reads_body() || reads_body(gate);
    out_.entries_.push_back({entry.rule, entry.policy, condition, gate, trigger, is_shadow});
    return certain && gate == Residual::kNoGate && trigger == Residual::kNoGate && !is_shadow;
  }

  Residual& out_;
  const RequestView no_request_;
  RequestContext context_;
  const std::chrono::steady_clock::time_point deadline_;
  std::unordered_set<const Rule*> seen_;
  std::unordered_map<const CompiledPolicy*, std::uint32_t> known_gates_;
};

std::shared_ptr<const Residual> Residual::make(const Subject& subject, Access access,
                                               const ServiceRules& service,
                                               const SubjectRules* rules,
                                               std::chrono::nanoseconds most) {
  RuleWalk walk = rules_of_owners(access, service, rules);
  auto out = std::make_shared<Residual>();
  ResidualMaker maker(*out, subject, most);
  if (!walk.dangling().empty()) out->dangling_.push_back({kNoGate, walk.dangling()});
  if (service.triggers != nullptr) maker.add_triggers(walk, *service.triggers);
  if (walk.size() > kMaxRules) return nullptr;
  maker.run(std::move(walk));
  return out;
}

// Beyond the first 64 they are asked each time.
bool Residual::is_open(std::uint32_t gate, RequestContext& context, Asked& asked) const {
  const std::uint64_t bit = gate < 64 ? std::uint64_t{1} << gate : 0;
  if ((asked.asked & bit) != 0) return (asked.open & bit) != 0;
  const Gate& it = gates_[gate];
  bool is_open = false;
  if (it.precondition != nullptr) {
    is_open = it.precondition->evaluate(context) == Precondition::Outcome::kYes;
  } else {
    context.set_attrs(&it.policy->attrs());
    is_open = it.rules.holds(context);
  }
  asked.asked |= bit;
  if (is_open) asked.open |= bit;
  return is_open;
}

Decision Residual::decide(RequestContext& context) const {
  Asked asked;
  for (const Dangling& each : dangling_)
    if (each.trigger == kNoGate || is_open(each.trigger, context, asked))
      return dangling_reference(each.name);
  Decision decision = no_match();
  std::size_t i = 0;
  for (; i < entries_.size(); ++i) {
    const Entry& entry = entries_[i];
    if (entry.is_shadow) continue;
    if (!takes_part(entry, context, asked)) continue;
    context.set_attrs(&entry.policy->attrs());
    const Outcome outcome = entry.condition->evaluate(context);
    if (outcome == Outcome::kNoMatch) continue;
    decision = verdict(*entry.rule, *entry.policy, outcome, context);
    break;
  }
  if (has_shadows_) [[unlikely]]
    ask_shadows(context, i, asked, decision);
  return decision;
}

void Residual::ask_shadows(RequestContext& context, std::size_t end, Asked& asked,
                           Decision& decision) const {
  if (context.wants_thread()) return;  // nothing is decided
  RequestContext::Aside aside = context.set_aside();
  for (std::size_t i = 0; i < end; ++i) {
    const Entry& entry = entries_[i];
    if (!entry.is_shadow) continue;
    if (entry.gate != kNoGate && gates_[entry.gate].reads_body &&
        note_unread_body(*entry.rule, *entry.policy, context, decision))
      break;
    if (!takes_part(entry, context, asked)) continue;
    if (ask_shadow(*entry.rule, *entry.policy, *entry.condition, context, decision)) break;
  }
  put_back(std::move(aside), context, decision);
}

}  // namespace policy
