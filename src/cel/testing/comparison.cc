#include "cel/testing/comparison.h"

#include <fmt/format.h>

#include "cel/checker.h"
#include "cel/parser.h"
#include "cel/plan.h"
#include "cel/planner.h"
#include "cel/testing/oracle.h"

namespace cel::testing {
namespace {

bool is_limit(const Plain& value) {
  return value.is_error() &&
         (value.code == ErrorCode::kCostLimit || value.code == ErrorCode::kMemoryLimit);
}

// Checks what an Observer may rely on, and keeps the last value.
class Watcher final : public Observer {
 public:
  explicit Watcher(std::string_view source) : source_(source) {}

  void on_value(std::uint32_t begin, std::uint32_t end, std::uint32_t depth,
                const Value& value) override {
    if (begin >= end || end > source_.size()) wrong = "an extent outside the source";
    if (!last_.is_error() && depth_ == 0 && seen_) wrong = "a value after the whole's";
    seen_ = true;
    depth_ = depth;
    last_ = value;
  }

  // The whole is reported unless it is a constant.
  void finish(const Value& result, Arena& arena) {
    if (!seen_) return;
    if (depth_ != 0) wrong = "the whole is not reported last";
    if (!identical(from_value(last_, arena), from_value(result, arena)))
      wrong = "the whole is reported with another value";
  }

  std::string_view wrong;

 private:
  std::string_view source_;
  bool seen_ = false;
  std::uint32_t depth_ = 0;
  Value last_;
};

}  // namespace

std::string Comparison::difference(std::string_view source, Checks checks) {
  CompileOptions options;
  options.checks = checks;
  options.max_cost = 100'000;
  auto ast = parse(source, options.max_depth, options.macros);
  if (!ast) return ++counts_.refused, std::string();
  auto checked = check(*ast, schema_, options);
  if (!checked) return ++counts_.refused, std::string();
  Arena oracle_arena;
  const auto expected = Oracle(*ast, *checked, environment_, oracle_arena).run();
  auto plan = make_plan(source, std::move(*ast), *checked, options);
  if (!plan) return ++counts_.refused, std::string();
  const Program program(std::move(*plan));
  Arena arena;
  const Value value = program.evaluate(source_, arena);

  Watcher watcher(source);
  Arena observed_arena;
  const Value observed = program.observe(source_, observed_arena, watcher).value;
  watcher.finish(observed, observed_arena);
  const Plain actual = from_value(value, arena);
  if (!identical(actual, from_value(observed, observed_arena)))
    watcher.wrong = "observed it is different";
  if (!watcher.wrong.empty()) return fmt::format("{}\n  {}", source, watcher.wrong);

  if (!expected || is_limit(*expected) || is_limit(actual))
    return ++counts_.unbounded, std::string();
  ++counts_.agreed;
  if (identical(actual, *expected)) return {};
  return fmt::format("{}\n  evaluator: {}\n  oracle:    {}", source, show(actual), show(*expected));
}

}  // namespace cel::testing
