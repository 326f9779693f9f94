#pragma once

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
  // More rules than that are not remembered.
  static constexpr std::size_t kMaxRules = 4096;

  // `subject` is the one that the rules are of. nullptr: too many rules; decide() without.
  static std::shared_ptr<const Residual> make(const Subject& subject, Access access,
                                              const ServiceRules& service,
                                              const SubjectRules* rules);

  // What the rules say; the fixed checks are the caller's.
  Decision decide(RequestContext& context) const;

  // Whether a request's body must be there before decide().
  bool reads_body() const { return reads_body_; }
  // How many rules are left, and how many conditions of its own it keeps; what it takes in memory.
  std::size_t size() const { return entries_.size(); }
  std::size_t own_conditions() const { return own_conditions_; }

 private:
  friend class ResidualMaker;

  static constexpr std::uint32_t kNoGate = ~std::uint32_t{0};

  struct Entry {
    const Rule* rule;
    const CompiledPolicy* policy;
    const Condition* condition;  // the rule's, or what is left of it
    std::uint32_t gate;          // of gates_; kNoGate: the policy takes part
  };
  // Enforcement rules that depend on the request.
  struct Gate {
    const CompiledPolicy* policy;
    EnforcementRules rules;
  };

  bool is_open(std::uint32_t gate, RequestContext& context) const;

  std::string_view dangling_;
  std::vector<Entry> entries_;
  std::vector<Gate> gates_;
  std::deque<Condition> conditions_;
  bool reads_body_ = false;
  std::size_t own_conditions_ = 0;
};

}  // namespace policy
