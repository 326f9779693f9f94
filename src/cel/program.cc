#include "cel/program.h"

#include <fmt/format.h>

#include <algorithm>

#include "cel/checker.h"
#include "cel/parser.h"
#include "cel/plan.h"
#include "cel/planner.h"
#include "cel/source.h"

namespace cel {
namespace {

// Keeps the numbers of a plan's children within their 16 bits.
constexpr std::size_t kMostSourceBytes = 60'000;

std::expected<std::unique_ptr<Plan>, Problem> compile_plan(std::string_view source,
                                                           const Schema& schema,
                                                           const CompileOptions& options) {
  auto ast = parse(source, options.max_depth, options.macros);
  if (!ast) return std::unexpected(std::move(ast).error());
  auto checked = check(*ast, schema, options);
  if (!checked) return std::unexpected(std::move(checked).error());
  return make_plan(source, std::move(*ast), *checked, options);
}

}  // namespace

Program::Program(std::unique_ptr<const Plan> plan) : plan_(std::move(plan)) {}
Program::~Program() = default;

Value Program::evaluate(const AttributeSource& source, Arena& arena) const noexcept {
  return run(*plan_, source, arena);
}

Observed Program::observe(const AttributeSource& source, Arena& arena,
                          Observer& observer) const noexcept {
  return run(*plan_, source, arena, observer);
}

std::span<const Slot> Program::slots() const { return plan_->slots; }
bool Program::reads_clock() const { return plan_->reads_clock; }
std::string_view Program::source() const { return plan_->source; }

std::string Program::describe(const Value& error) const {
  const std::string message = printable(error.error_message());
  if (error.error_position() == 0) return message;
  const LineColumn at = locate(plan_->source, error.error_position() - 1);
  return fmt::format("{}:{}: {}", at.line, at.column, message);
}

base::Result<std::shared_ptr<const Program>> compile(std::string_view source, const Schema& schema,
                                                     const CompileOptions& options) {
  const std::size_t limit = std::min(options.max_source_bytes, kMostSourceBytes);
  if (source.size() > limit)
    return base::fail_invalid(
        "cel_too_long",
        fmt::format("the expression has {} bytes; the limit is {}", source.size(), limit));
  if (!is_utf8(source))
    return base::fail_invalid("cel_invalid", "the expression is not valid UTF-8");
  auto plan = compile_plan(source, schema, options);
  if (!plan) return base::fail_invalid("cel_invalid", render(source, plan.error()));
  return std::make_shared<const Program>(std::move(*plan));
}

}  // namespace cel
