#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <vector>

#include "base/counted_new_test.h"
#include "cel/example_context.h"
#include "cel/program.h"

namespace {

[[gnu::noinline]] cel::Value measured_call(const cel::Program& program,
                                           const cel::AttributeSource& context) {
  cel::Arena arena;
  return program.evaluate(context, arena);
}

void count_allocations(benchmark::State& state, std::size_t before) {
  state.counters["allocations"] = benchmark::Counter(static_cast<double>(allocations - before),
                                                     benchmark::Counter::kAvgIterations);
}

void evaluate(benchmark::State& state, const char* source) {
  const auto program = cel::compile(source, cel::ExampleSchema());
  if (!program) return state.SkipWithError(program.error().message.c_str());
  const cel::ExampleSource context;
  const std::size_t before = allocations;
  for (auto _ : state) benchmark::DoNotOptimize(measured_call(**program, context));
  count_allocations(state, before);
}

BENCHMARK_CAPTURE(evaluate, constant, "true");
BENCHMARK_CAPTURE(evaluate, groups, R"(ctx.user.spec.groups.hasAll("dev", "ops"))");
BENCHMARK_CAPTURE(evaluate, group, R"("ops" in ctx.user.spec.groups)");
BENCHMARK_CAPTURE(evaluate, method, R"(ctx.request.http.method in ["POST", "PUT"])");
BENCHMARK_CAPTURE(evaluate, path, R"(ctx.request.http.path.startsWith("/users"))");
BENCHMARK_CAPTURE(evaluate, header,
                  R"(ctx.request.http.headers["x-custom-header"] == "this-value")");
BENCHMARK_CAPTURE(evaluate, age, "ctx.request.http.bodyMap.age > 18");
BENCHMARK_CAPTURE(evaluate, body,
                  R"(ctx.request.http.bodyMap.age > 18 &&
                     ctx.request.http.bodyMap.email.endsWith("@example.com"))");
BENCHMARK_CAPTURE(evaluate, exists, R"(ctx.groups.exists(g, g.metadata.name == "ops"))");
BENCHMARK_CAPTURE(evaluate, matches, R"(ctx.request.http.path.matches("^/users/[0-9]+$"))");

// The guide's example 09, one program per condition as a policy has them.
constexpr const char* kGuide[] = {R"(ctx.user.spec.groups.hasAll("dev", "ops"))",
                                  R"(ctx.request.http.method in ["POST", "PUT"])",
                                  R"(ctx.request.http.path.startsWith("/users"))",
                                  R"(ctx.request.http.headers["x-custom-header"] == "this-value")",
                                  R"(ctx.request.http.bodyMap.age > 18 &&
       ctx.request.http.bodyMap.email.endsWith("@example.com"))"};

using Programs = std::vector<std::shared_ptr<const cel::Program>>;

[[gnu::noinline]] bool measured_call(const Programs& programs,
                                     const cel::AttributeSource& context) {
  cel::Arena arena;
  return std::ranges::all_of(
      programs, [&](const auto& program) { return program->evaluate(context, arena).is_true(); });
}

void guide(benchmark::State& state, std::size_t conditions) {
  Programs programs;
  for (std::size_t i = 0; i < conditions; ++i)
    programs.push_back(*cel::compile(kGuide[i], cel::ExampleSchema()));
  const cel::ExampleSource context;
  const std::size_t before = allocations;
  for (auto _ : state)
    if (!measured_call(programs, context)) return state.SkipWithError("a condition does not hold");
  count_allocations(state, before);
}

BENCHMARK_CAPTURE(guide, four_conditions, 4);
BENCHMARK_CAPTURE(guide, five_conditions, 5);

void compile(benchmark::State& state) {
  const cel::ExampleSchema schema;
  for (auto _ : state)
    benchmark::DoNotOptimize(
        cel::compile(R"(ctx.request.http.headers["x-custom-header"] == "this-value")", schema));
}
BENCHMARK(compile);

}  // namespace
