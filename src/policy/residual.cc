#include "policy/residual.h"

#include <chrono>
#include <unordered_map>
#include <unordered_set>

#include "policy/rule_walk.h"

namespace policy {
namespace {

using Outcome = Condition::Outcome;

// A worker serves nobody else while a residual is made. Rules that would take longer stay as they
// are.
constexpr std::chrono::milliseconds kMaxMakingTime{5};

}  // namespace

class ResidualMaker {
 public:
  ResidualMaker(Residual& out, const Subject& subject)
      : out_(out), context_(no_request_, subject, {}) {}

  void run(RuleWalk rules) {
    while (const RuleList::Entry* entry = rules.next()) {
      if (!seen_.insert(entry->rule).second) continue;
      const std::uint32_t gate = gate_of(*entry->policy);
      if (gate != kClosed && add(*entry, gate)) return;
    }
  }

 private:
  static constexpr std::uint32_t kClosed = Residual::kNoGate - 1;

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
    for (const auto* list : {&left.enforce, &left.ignore}) {
      out_.own_conditions_ += list->size();
      for (const Condition& condition : *list) out_.reads_body_ |= condition.reads_body();
    }
    out_.gates_.push_back({&policy, std::move(left)});
    return found->second = static_cast<std::uint32_t>(out_.gates_.size() - 1);
  }

  // Whether no rule after this one can be asked.
  bool add(const RuleList::Entry& entry, std::uint32_t gate) {
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
    out_.reads_body_ |= condition->reads_body();
    out_.entries_.push_back({entry.rule, entry.policy, condition, gate});
    return certain && gate == Residual::kNoGate;
  }

  Residual& out_;
  const RequestView no_request_;
  RequestContext context_;
  const std::chrono::steady_clock::time_point deadline_ =
      std::chrono::steady_clock::now() + kMaxMakingTime;
  std::unordered_set<const Rule*> seen_;
  std::unordered_map<const CompiledPolicy*, std::uint32_t> known_gates_;
};

std::shared_ptr<const Residual> Residual::make(const Subject& subject, Access access,
                                               const ServiceRules& service,
                                               const SubjectRules* rules) {
  RuleWalk walk = all_rules(access, service, rules);
  if (walk.size() > kMaxRules) return nullptr;
  auto out = std::make_shared<Residual>();
  out->dangling_ = walk.dangling();
  if (out->dangling_.empty()) ResidualMaker(*out, subject).run(std::move(walk));
  return out;
}

bool Residual::is_open(std::uint32_t gate, RequestContext& context) const {
  const Gate& it = gates_[gate];
  context.set_attrs(&it.policy->attrs());
  return it.rules.holds(context);
}

Decision Residual::decide(RequestContext& context) const {
  if (!dangling_.empty()) return dangling_reference(dangling_);
  // What the first gates said, each asked once.
  std::uint64_t asked = 0;
  std::uint64_t open = 0;
  for (const Entry& entry : entries_) {
    if (entry.gate != kNoGate) {
      const std::uint64_t bit = entry.gate < 64 ? std::uint64_t{1} << entry.gate : 0;
      if ((asked & bit) == 0) {
        const bool is_open_now = is_open(entry.gate, context);
        asked |= bit;
        open = is_open_now ? open | bit : open & ~bit;
        if (!is_open_now) continue;
      } else if ((open & bit) == 0) {
        continue;
      }
    }
    context.set_attrs(&entry.policy->attrs());
    const Outcome outcome = entry.condition->evaluate(context);
    if (outcome != Outcome::kNoMatch) return verdict(*entry.rule, *entry.policy, outcome, context);
  }
  return no_match();
}

}  // namespace policy
