#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string_view>
#include <vector>

#include "policy/decision.h"

namespace policy {

// What is left to ask of a caller's requests to one Service when all that does not depend on the
// request has been decided: the rules of all owners as one sorted list, without those that can
// never match and those behind one that always does.
//
// Immutable. Refers to the rules it was made from, whose owners outlive it; one worker's, since it
// is made when a Session first comes to a Service and forgotten with either.
class Residual {
 public:
  // A worker serves nobody else while one is made: rules that would take longer stay as they are.
  static constexpr std::chrono::nanoseconds kMaxMakingTime = std::chrono::milliseconds(5);
  // More rules than that are not remembered.
  static constexpr std::size_t kMaxRules = 4096;

  // `subject` is the one that the rules are of. nullptr: too many rules; decide() without.
  static std::shared_ptr<const Residual> make(const Subject& subject, Access access,
                                              const ServiceRules& service,
                                              const SubjectRules* rules,
                                              std::chrono::nanoseconds most = kMaxMakingTime);

  // What the rules say; the fixed checks are the caller's.
  Decision decide(RequestContext& context) const;

  // Whether a request's body must be there before decide().
  bool reads_body() const { return reads_body_; }
  // How many rules are left, and how many conditions of its own it keeps.
  std::size_t size() const { return entries_.size(); }
  std::size_t own_conditions() const { return own_conditions_; }
  // What it takes in memory, in units of about 64 bytes.
  std::size_t weight() const { return 4 + size() + 8 * own_conditions_; }

 private:
  friend class ResidualMaker;

  static constexpr std::uint32_t kNoGate = ~std::uint32_t{0};  // also RuleWalk::kNoTag

  struct Entry {
    const Rule* rule;
    const CompiledPolicy* policy;
    const Condition* condition;  // the rule's, or what is left of it
    std::uint32_t gate;          // of gates_; kNoGate: the policy takes part
    std::uint32_t trigger;       // likewise: the trigger that brings it in
    bool is_shadow;
  };
  // Enforcement rules, or the precondition of a trigger, that depend on the request.
  struct Gate {
    const Precondition* precondition;  // or nullptr, and
    const CompiledPolicy* policy;
    EnforcementRules rules;
    bool reads_body;
  };
  // A name that no Policy has, where it is of a list that takes part.
  struct Dangling {
    std::uint32_t trigger;
    std::string_view name;
  };

  // What the gates said to one request, so that each is asked once.
  struct Asked {
    std::uint64_t asked = 0;
    std::uint64_t open = 0;
  };
  bool is_open(std::uint32_t gate, RequestContext& context, Asked& asked) const;
  bool takes_part(const Entry& entry, RequestContext& context, Asked& asked) const {
    return (entry.trigger == kNoGate || is_open(entry.trigger, context, asked)) &&
           (entry.gate == kNoGate || is_open(entry.gate, context, asked));
  }
  void ask_shadows(RequestContext& context, std::size_t end, Asked& asked,
                   Decision& decision) const;

  std::vector<Dangling> dangling_;
  std::vector<Entry> entries_;
  std::vector<Gate> gates_;
  std::deque<Condition> conditions_;
  bool reads_body_ = false;
  bool has_shadows_ = false;
  std::size_t own_conditions_ = 0;
};

}  // namespace policy
