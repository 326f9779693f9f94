#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cel/program.h"
#include "policy/context_schema.h"
#include "policy/rego_run.h"
#include "policy/request_context.h"
#include "resource/problem.h"

namespace policy {

// How deep conditions may be in each other, the outermost being at 0; and the longest list of one.
inline constexpr int kMaxConditionDepth = 16;
inline constexpr int kMaxConditionChildren = 100;

// A compiled Condition: expressions and their combination by all, any and none.
//
// Immutable, shared by threads. A part that does not compile, which admission refuses, stays as
// one whose evaluation fails, so that a damaged rule never passes for one that does not match.
class Condition {
 public:
  using Outcome = ConditionOutcome;

  Condition() = default;  // matches nothing

  // What is wrong goes to `problems`, if given, with `path` in front of the fields' names.
  static Condition compile(const corev1::Condition& condition, ContextSchema::Attrs attrs,
                           std::string_view path = {},
                           std::vector<resource::Problem>* problems = nullptr);

  // Children are asked from left to right, and only as far as needed; the first error is the
  // outcome. In an expression, what is missing makes `match` false and `not` true.
  // After kError, context.error() says why.
  Outcome evaluate(RequestContext& context) const;

  // Whether a request's body must be there before evaluate().
  bool reads_body() const { return reads_body_; }

  // The same condition for one caller and Service: what depends on nothing else is decided now,
  // over `context`, whose request and clock are not looked at. Every request gets the outcome and
  // the error from it that it would get from this one.
  Condition reduce(RequestContext& context) const;
  // The outcome, where it is the same for all requests.
  std::optional<Outcome> certain_outcome() const;
  // How many expressions it has.
  std::size_t size() const { return programs_.size() + scripts_.size(); }

 private:
  friend class ConditionCompiler;
  friend class ConditionReducer;

  enum class Kind : std::uint8_t { kConstant, kMatch, kNot, kAll, kAny, kNone, kFailed, kRego };
  struct Node {
    Kind kind = Kind::kConstant;
    bool value = false;       // of kConstant
    std::uint32_t first = 0;  // of children_: all, any, none; of programs_; of errors_; of scripts_
    std::uint32_t count = 0;  // of children
  };

  Outcome evaluate(const Node& node, RequestContext& context) const;
  Outcome evaluate_recorded(const Node& node, RequestContext& context) const;
  Outcome evaluate_node(const Node& node, RequestContext& context) const;
  Outcome evaluate_expression(const Node& node, RequestContext& context) const;

  std::vector<Node> nodes_;  // the root is the last
  std::vector<std::uint32_t> children_;
  std::vector<std::shared_ptr<const cel::Program>> programs_;
  std::vector<std::shared_ptr<const RegoProgram>> scripts_;
  std::vector<std::string> errors_;
  bool reads_body_ = false;
};

// Whether a request's body must be there before the expression is evaluated.
bool reads_body(const cel::Program& program);

}  // namespace policy
