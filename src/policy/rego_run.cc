#include "policy/rego_run.h"

#include <fmt/format.h>

#include <algorithm>

#include "policy/recorder.h"
#include "policy/request_context.h"

namespace policy {
namespace {

// Why an evaluation gave nothing to use: `rule` had to be `wanted`.
std::string fault_of(const RegoProgram::Result& result, std::string_view rule,
                     std::string_view wanted, Disclosure disclosure) {
  using enum RegoProgram::Outcome;
  switch (result.outcome) {
    case kUndefined:
      return fmt::format("\"{}\" is undefined", rule);
    case kFalse:
    case kTrue:
      return fmt::format("\"{}\" is a boolean, not {}", rule, wanted);
    case kObject:
      return fmt::format("\"{}\" is an object, not {}", rule, wanted);
    case kOther:
      return fmt::format("\"{}\" is a {}, not {}", rule, result.text, wanted);
    case kOutOfTime:
      return "the Rego policy takes longer than two seconds";
    case kOutOfMemory:
      return "the Rego policy needs more than 32 MiB";
    case kError:
      break;
  }
  return disclosure == Disclosure::kEverything ? result.text : without_rego_quote(result.text);
}

}  // namespace

void RegoRun::set_on_loop(bool on_loop) {
  on_loop_ = on_loop;
  wants_thread_ = false;
  spent_ = {};
}

RegoProgram::Limits RegoRun::limits() const {
  const auto all = on_loop_ ? kLoopBudget : kDeadline;
  return {std::max(all - spent_, std::chrono::nanoseconds(0)), on_loop_ ? kLoopMemory : kMemory};
}

// To make its input alone.
bool RegoRun::is_too_long_for_loop(const RegoProgram& program,
                                   const RequestContext& context) const {
  const auto& body = context.request().body;
  return on_loop_ && program.reads_body() && body && body->size() > kLoopBody;
}

bool RegoRun::must_leave_loop(const RegoProgram& program, const RequestContext& context) const {
  if (!on_loop_) return false;
  return program.is_slow() || spent_ >= kLoopBudget || is_too_long_for_loop(program, context);
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

const RegoProgram::Result* RegoRun::find_known(const RegoProgram& program,
                                               const google::protobuf::Struct* attrs) const {
  const auto known = std::ranges::find_if(
      known_, [&](const Known& each) { return each.program == &program && each.attrs == attrs; });
  return known == known_.end() ? nullptr : &known->result;
}

// nullptr: there is none, and context.error() says why.
const RegoProgram::Result* RegoRun::result_of(const RegoProgram& program, RequestContext& context) {
  const auto* attrs = program.input().reads_attrs() ? &context.attrs() : nullptr;
  if (const auto* known = find_known(program, attrs)) return known;
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
  if (took > kLoopBudget)
    program.note_slow();
  else
    program.note_quick();
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
  const RegoProgram::Result* result = result_of(program, context);
  if (result == nullptr) return ConditionOutcome::kError;
  switch (result->outcome) {
    case RegoProgram::Outcome::kUndefined:
    case RegoProgram::Outcome::kFalse:
      return ConditionOutcome::kNoMatch;
    case RegoProgram::Outcome::kTrue:
      return ConditionOutcome::kMatch;
    default:
      context.set_error(fault_of(*result, "match", "a boolean", context.disclosure()));
      return ConditionOutcome::kError;
  }
}

void RegoRun::explain(const RegoProgram& program, RequestContext& context, Recorder& recorder) {
  const auto* attrs = program.input().reads_attrs() ? &context.attrs() : nullptr;
  const RegoProgram::Result* known = find_known(program, attrs);
  const auto left = (on_loop_ ? kLoopBudget : kDeadline) - told_;
  if (known == nullptr || known->outcome > RegoProgram::Outcome::kTrue ||
      left <= std::chrono::nanoseconds(0) || is_too_long_for_loop(program, context))
    return;
  const auto started = Clock::now();
  RegoValue storage;
  const engines_value* ctx = ctx_for(program, context, storage);
  const RegoValue attrs_value = attrs == nullptr ? nullptr : RegoInput::make_attrs(*attrs, context);
  const auto explanation =
      program.explain(ctx, attrs_value.get(), {left, on_loop_ ? kLoopMemory : kMemory});
  told_ += Clock::now() - started;
  if (explanation.outcome != known->outcome) return;
  for (const RegoPart& part : explanation.parts) recorder.on_part(part, program);
}

base::Result<std::string> RegoRun::evaluate_object(const RegoProgram& program,
                                                   RequestContext& context) {
  const RegoProgram::Result* result = result_of(program, context);
  if (result != nullptr) {
    if (result->outcome == RegoProgram::Outcome::kObject) return result->text;
    context.set_error(fault_of(*result, "result", "an object", context.disclosure()));
  }
  return base::fail(base::Code::kFailedPrecondition, "rego", context.error(),
                    base::Source::kPolicy);
}

}  // namespace policy
