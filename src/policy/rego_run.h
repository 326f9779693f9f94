#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/result.h"
#include "policy/rego.h"

namespace policy {

class Recorder;

// Of a Condition, in any language.
enum class ConditionOutcome : std::uint8_t { kNoMatch, kMatch, kError };

// Rego in one request: each script is evaluated once, whoever asks, and all of them together
// within a budget. On an event loop the budget is small; what does not fit asks for a thread on
// which waiting hurts nobody, and the decision is made there from the start.
//
// Belongs to a RequestContext, and with it to one thread at a time.
class RegoRun {
 public:
  // Of one request, off the loop; and the part of it that a loop may be held up.
  static constexpr std::chrono::nanoseconds kDeadline = std::chrono::seconds(2);
  static constexpr std::chrono::nanoseconds kLoopBudget = std::chrono::microseconds(200);
  static constexpr std::uint64_t kMemory = 32 << 20;  // of one evaluation
  static constexpr std::uint64_t kLoopMemory = 512 << 10;
  static constexpr std::size_t kLoopBody = 16 << 10;  // a larger one is not read on a loop

  explicit RegoRun(bool on_loop) : on_loop_(on_loop) {}

  // From now on evaluations run on an event loop (`true`), or no more.
  void set_on_loop(bool on_loop);
  // Something did not fit into the loop's budget: what was decided does not count.
  bool wants_thread() const { return wants_thread_; }
  // Of the budget, so far.
  std::chrono::nanoseconds spent() const { return spent_; }
  void set_spent(std::chrono::nanoseconds spent) { spent_ = spent; }

  // After kError, context.error() says why.
  ConditionOutcome evaluate_condition(const RegoProgram& program, RequestContext& context);
  // JSON. After an error context.error() says the same.
  base::Result<std::string> evaluate_object(const RegoProgram& program, RequestContext& context);
  // Tells who watches why the script, which was evaluated just now, gave what it gave. No part of
  // the decision: all scripts of a request have a budget of their own for it, as large as that of
  // the decision; where it does not fit, nothing is told.
  void explain(const RegoProgram& program, RequestContext& context, Recorder& recorder);

 private:
  using Clock = std::chrono::steady_clock;
  struct Known {
    const RegoProgram* program;
    const google::protobuf::Struct* attrs;  // nullptr where they are not read
    RegoProgram::Result result;
  };

  const RegoProgram::Result* find_known(const RegoProgram& program,
                                        const google::protobuf::Struct* attrs) const;
  const RegoProgram::Result* result_of(const RegoProgram& program, RequestContext& context);
  const engines_value* ctx_for(const RegoProgram& program, RequestContext& context,
                               RegoValue& storage);
  bool is_too_long_for_loop(const RegoProgram& program, const RequestContext& context) const;
  bool must_leave_loop(const RegoProgram& program, const RequestContext& context) const;
  const RegoProgram::Result* leave_loop(RequestContext& context);
  RegoProgram::Limits limits() const;

  bool on_loop_;
  bool wants_thread_ = false;
  std::chrono::nanoseconds spent_{0};
  std::chrono::nanoseconds told_{0};  // spent on explain()
  std::vector<Known> known_;
  RegoValue whole_ctx_;
};

}  // namespace policy
