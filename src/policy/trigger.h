#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "policy/authorization.h"
#include "policy/request_context.h"

namespace policy {

// When a PolicyTrigger takes part: at a time, for somebody, for a Service, on a Condition, or on
// several of these. Immutable.
class Precondition {
 public:
  using Message = corev1::PolicyTrigger::Status::PreCondition;

  enum class Outcome : std::uint8_t { kNo, kYes, kError, kUnknown };

  static Precondition compile(const Message& message);

  // kNo, kYes or kError. Nobody watches: what a trigger says of itself is no rule.
  Outcome evaluate(RequestContext& context) const { return ask(root_, context, false); }
  // The same for all requests of one caller to one Service, or kUnknown. Looks neither at the
  // context's request nor at its clock.
  Outcome evaluate_identity(RequestContext& context) const { return ask(root_, context, true); }

  bool reads_body() const { return reads_body_; }

 private:
  enum class Kind : std::uint8_t {
    kNever,
    kAlways,
    kNotBefore,
    kNotAfter,
    kSession,
    kUser,
    kDevice,
    kService,
    kNamespace,
    kGroup,
    kCondition,
    kAny,
    kAll
  };
  // Whole seconds since the epoch, rounded down, and nanoseconds; reaches further than WallTime.
  using Instant = std::pair<std::int64_t, std::int64_t>;
  struct Node {
    Kind kind = Kind::kNever;
    std::string uid;       // of the object that must be there
    Instant time;          // of kNotBefore, kNotAfter
    Condition condition;   // of kCondition
    std::vector<Node> of;  // of kAny, kAll
  };

  Node compile_node(const Message& message, int depth);
  static Outcome ask(const Node& node, RequestContext& context, bool identity_only);

  Node root_;
  bool reads_body_ = false;
};

// A PolicyTrigger with the rules that it brings in. Immutable, shared by threads.
struct Trigger {
  // nullptr when it is disabled.
  static std::shared_ptr<const Trigger> compile(const corev1::PolicyTrigger& trigger);

  Precondition precondition;
  std::shared_ptr<const Authorization> authorization;
};

// One whose Policies have been looked up.
struct TriggerRules {
  std::shared_ptr<const Trigger> trigger;
  std::shared_ptr<const RuleList> list;
};

}  // namespace policy
