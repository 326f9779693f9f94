#include <benchmark/benchmark.h>

#include "cel/example_context.h"
#include "cel/program.h"

namespace {

void evaluate(benchmark::State& state, const char* source) {
  const auto program = cel::compile(source, cel::ExampleSchema());
  if (!program) return state.SkipWithError(program.error().message.c_str());
  const cel::ExampleSource context;
  for (auto _ : state) {
    cel::Arena arena;
    benchmark::DoNotOptimize((*program)->evaluate(context, arena));
  }
}

BENCHMARK_CAPTURE(evaluate, constant, "true");
BENCHMARK_CAPTURE(evaluate, groups, R"(ctx.user.spec.groups.hasAll("dev", "ops"))");
BENCHMARK_CAPTURE(evaluate, method, R"(ctx.request.http.method in ["POST", "PUT"])");
BENCHMARK_CAPTURE(evaluate, path, R"(ctx.request.http.path.startsWith("/users"))");
BENCHMARK_CAPTURE(evaluate, header,
                  R"(ctx.request.http.headers["x-custom-header"] == "this-value")");
BENCHMARK_CAPTURE(evaluate, body,
                  R"(ctx.request.http.bodyMap.age > 18 &&
                     ctx.request.http.bodyMap.email.endsWith("@example.com"))");
BENCHMARK_CAPTURE(evaluate, four_conditions,
                  R"(ctx.user.spec.groups.hasAll("dev", "ops") &&
                     ctx.request.http.method in ["POST", "PUT"] &&
                     ctx.request.http.path.startsWith("/users") &&
                     ctx.request.http.headers["x-custom-header"] == "this-value")");
BENCHMARK_CAPTURE(evaluate, exists, R"(ctx.groups.exists(g, g.metadata.name == "ops"))");
BENCHMARK_CAPTURE(evaluate, matches, R"(ctx.request.http.path.matches("^/users/[0-9]+$"))");

void compile(benchmark::State& state) {
  const cel::ExampleSchema schema;
  for (auto _ : state)
    benchmark::DoNotOptimize(
        cel::compile(R"(ctx.request.http.headers["x-custom-header"] == "this-value")", schema));
}
BENCHMARK(compile);

}  // namespace
