#pragma once

#include <cstdint>
#include <string_view>

#include "cel/observer.h"
#include "policy/condition.h"
#include "policy/policy_set.h"
#include "policy/rego.h"

namespace policy {

// Watches one decision while it is made, for whoever wants to know why. Set on a RequestContext;
// decide() and Condition::evaluate() tell it what they do, in order and properly nested:
//
//   on_check*                                      the fixed checks, up to the first that fails
//   ( begin_policy condition* end_policy )?        enforcement rules, before a policy's first rule
//   ( begin_rule condition end_rule )*             up to the rule that decides; then the shadow
//                                                  rules (Rule::is_shadow) in front of it, up to
//                                                  the first that would have decided
//   condition: begin_condition ( condition* | on_value* on_cost | on_part* ) end_condition
//
// on_value() is cel::Observer's: the parts of an expression with their values.
//
// Called on the thread that decides. Texts are views that live as long as the rules do. Who watches
// sees all rules, also where a Residual would decide with fewer; the decision is the same.
class Recorder : public cel::Observer {
 public:
  virtual ~Recorder() = default;

  virtual void on_check(std::string_view name, bool holds) = 0;

  virtual void begin_policy(const CompiledPolicy& policy) = 0;
  virtual void end_policy(bool is_enforced) = 0;

  virtual void begin_rule(const Rule& rule, const CompiledPolicy& policy) = 0;
  // `error`: why, for kError.
  virtual void end_rule(Condition::Outcome outcome, std::string_view error) = 0;

  // `kind`: "matchAny", "match", "not", "all", "any", "none", "opa"; `text`: the expression, empty
  // for the combinations.
  virtual void begin_condition(std::string_view kind, std::string_view text) = 0;
  // Of an expression: what its evaluation cost, in steps.
  virtual void on_cost(std::uint64_t cost) = 0;
  // Of a Rego script, which was evaluated once more for it.
  virtual void on_part(const RegoPart& part, const RegoProgram& script) = 0;
  virtual void end_condition(Condition::Outcome outcome, std::string_view error) = 0;
};

}  // namespace policy
