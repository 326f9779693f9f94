#include "policy/rego_run.h"

#include <fmt/format.h>

#include <algorithm>

#include "policy/request_context.h"

namespace policy {

void RegoRun::set_on_loop(bool on_loop) {
  on_loop_ = on_loop;
  wants_thread_ = false;
  spent_ = {};
}

RegoProgram::Limits RegoRun::limits() const {
  const auto all = on_loop_ ? kLoopBudget : kDeadline;
  return {std::max(all - spent_, std::chrono::nanoseconds(0)), on_loop_ ? kLoopMemory : kMemory};
}

bool RegoRun::must_leave_loop(const RegoProgram& program, const RequestContext& context) const {
  if (!on_loop_) return false;
  const auto& body = context.request().body;
  return program.was_slow() || spent_ >= kLoopBudget ||
         (program.reads_body() && body && body->size() > kLoopBody);
}

const RegoProgram::Result* RegoRun::leave_loop(RequestContext& context) {
  wants_thread_ = true;
  context.set_error("the Rego policy needs longer than an event loop has");
  return nullptr;
}

const engines_value* RegoRun::ctx_for(const RegoProgram& program, RequestContext& context,
                                      RegoValue& storage) {
  if (!program.input().reads_whole_context())
    return (storage = program.input().make_ctx(context)).get();
  if (whole_ctx_ == nullptr) whole_ctx_ = program.input().make_ctx(context);
  return whole_ctx_.get();
}

// nullptr: there is none, and context.error() says why.
const RegoProgram::Result* RegoRun::result_of(const RegoProgram& program, RequestContext& context) {
  const auto* attrs = program.input().reads_attrs() ? &context.attrs() : nullptr;
  for (const Known& known : known_)
    if (known.program == &program && known.attrs == attrs) return &known.result;
  if (must_leave_loop(program, context)) return leave_loop(context);

  const auto started = Clock::now();
  RegoValue storage;
  const engines_value* ctx = ctx_for(program, context, storage);
  if (ctx == nullptr) return nullptr;
  RegoValue attrs_value;
  if (attrs != nullptr) {
    attrs_value = RegoInput::make_attrs(*attrs, context);
    if (attrs_value == nullptr) return nullptr;
  }
  auto result = program.evaluate(ctx, attrs_value.get(), limits());
  const auto took = Clock::now() - started;
  spent_ += took;
  if (took > kLoopBudget) program.note_slow();
  const bool is_cut_short = result.outcome == RegoProgram::Outcome::kOutOfTime ||
                            result.outcome == RegoProgram::Outcome::kOutOfMemory;
  if (on_loop_ && is_cut_short) {
    program.note_slow();
    return leave_loop(context);
  }
  known_.push_back({&program, attrs, std::move(result)});
  return &known_.back().result;
}

ConditionOutcome RegoRun::evaluate_condition(const RegoProgram& program, RequestContext& context) {
  using enum RegoProgram::Outcome;
  const RegoProgram::Result* result = result_of(program, context);
  if (result == nullptr) return ConditionOutcome::kError;
  switch (result->outcome) {
    case kUndefined:
    case kFalse:
      return ConditionOutcome::kNoMatch;
    case kTrue:
      return ConditionOutcome::kMatch;
    case kObject:
      context.set_error("\"match\" is an object, not a boolean");
      break;
    case kOther:
      context.set_error(fmt::format("\"match\" is a {}, not a boolean", result->text));
      break;
    case kError:
      context.set_error(result->text);
      break;
    case kOutOfTime:
      context.set_error("the Rego policy takes longer than two seconds");
      break;
    case kOutOfMemory:
      context.set_error("the Rego policy needs more than 32 MiB");
      break;
  }
  return ConditionOutcome::kError;
}

base::Result<std::string> RegoRun::evaluate_object(const RegoProgram& program,
                                                   RequestContext& context) {
  using enum RegoProgram::Outcome;
  const RegoProgram::Result* result = result_of(program, context);
  if (result != nullptr) {
    switch (result->outcome) {
      case kObject:
        return result->text;
      case kUndefined:
        context.set_error("\"result\" is undefined");
        break;
      case kFalse:
      case kTrue:
        context.set_error("\"result\" is a boolean, not an object");
        break;
      case kOther:
        context.set_error(fmt::format("\"result\" is a {}, not an object", result->text));
        break;
      case kError:
        context.set_error(result->text);
        break;
      case kOutOfTime:
        context.set_error("the Rego policy takes longer than two seconds");
        break;
      case kOutOfMemory:
        context.set_error("the Rego policy needs more than 32 MiB");
        break;
    }
  }
  return base::fail(base::Code::kFailedPrecondition, "rego", context.error(),
                    base::Source::kPolicy);
}

}  // namespace policy
