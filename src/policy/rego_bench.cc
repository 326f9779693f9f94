// The guide's five conditions as one Rego script: policy_bench --benchmark_filter=rego
#include <benchmark/benchmark.h>

#include <cstdlib>

#include "policy/bench_headers.h"
#include "policy/condition.h"
#include "policy/rego_run.h"
#include "resource/document.h"

namespace policy {
namespace {

constexpr std::string_view kScript = R"(package octelium.condition
match if {
  {"dev", "ops"} & {group | some group in input.ctx.user.spec.groups} == {"dev", "ops"}
  input.ctx.request.http.method in {"POST", "PUT"}
  startswith(input.ctx.request.http.path, "/users")
  input.ctx.request.http.headers["x-custom-header"] == "this-value"
  input.ctx.request.http.bodyMap.age > 18
  endswith(input.ctx.request.http.bodyMap.email, "@example.com")
}
)";
// What of it needs no set: a script as fast as there is one.
constexpr std::string_view kPlainScript = R"(package octelium.condition
match if {
  "dev" in input.ctx.user.spec.groups
  "ops" in input.ctx.user.spec.groups
  input.ctx.request.http.method in ["POST", "PUT"]
  startswith(input.ctx.request.http.path, "/users")
  input.ctx.request.http.headers["x-custom-header"] == "this-value"
  input.ctx.request.http.bodyMap.age > 18
  endswith(input.ctx.request.http.bodyMap.email, "@example.com")
}
)";

struct RegoWorld {
  RegoWorld() {
    if (!resource::decode_into("spec: {groups: [dev, ops]}", user)) std::abort();
    view.method = "POST";
    view.path = "/users/7";
    view.headers = &headers;
    view.body = R"({"age": 19, "email": "a@example.com"})";
    view.content_length = static_cast<std::int64_t>(view.body->size());
    subject.user = &user;
  }
  RequestContext context() const { return {view, subject, base::WallTime{}}; }

  corev1::User user;
  const BenchHeaders headers;
  RequestView view;
  Subject subject;
};

std::shared_ptr<const RegoProgram> program_of(std::string_view script) {
  auto made =
      RegoProgram::compile(script, RegoProgram::Entry::kCondition, ContextSchema::Attrs::kBound);
  if (!made) std::abort();
  return *made;
}

void evaluate(benchmark::State& state, std::string_view script) {
  const RegoWorld world;
  const auto program = program_of(script);
  RequestContext context = world.context();
  const RegoValue ctx = program->input().make_ctx(context);
  std::int64_t late = 0;  // the machine did something else meanwhile
  for (auto _ : state) {
    const auto result =
        program->evaluate(ctx.get(), nullptr, {RegoRun::kLoopBudget, RegoRun::kLoopMemory});
    late += result.outcome == RegoProgram::Outcome::kOutOfTime;
    if (result.outcome != RegoProgram::Outcome::kTrue &&
        result.outcome != RegoProgram::Outcome::kOutOfTime)
      return state.SkipWithError("no match");
  }
  state.counters["late"] = static_cast<double>(late);
}

void rego_evaluate(benchmark::State& state) { evaluate(state, kScript); }
BENCHMARK(rego_evaluate);

void rego_evaluate_plain(benchmark::State& state) { evaluate(state, kPlainScript); }
BENCHMARK(rego_evaluate_plain);

void rego_evaluate_nothing(benchmark::State& state) {
  evaluate(state, "package octelium.condition\nmatch := true\n");
}
BENCHMARK(rego_evaluate_nothing);

// What an explanation needs more.
void rego_explain(benchmark::State& state) {
  const RegoWorld world;
  const auto program = program_of(kScript);
  RequestContext context = world.context();
  const RegoValue ctx = program->input().make_ctx(context);
  for (auto _ : state)
    benchmark::DoNotOptimize(
        program->explain(ctx.get(), nullptr, {RegoRun::kDeadline, RegoRun::kMemory}));
}
BENCHMARK(rego_explain);

void rego_input(benchmark::State& state) {
  const RegoWorld world;
  const auto program = program_of(kScript);
  for (auto _ : state) {
    RequestContext context = world.context();
    benchmark::DoNotOptimize(program->input().make_ctx(context));
  }
}
BENCHMARK(rego_input);

// From the received request to the outcome, as a worker does it.
void condition(benchmark::State& state, std::string_view script) {
  const RegoWorld world;
  corev1::Condition written;
  written.mutable_opa()->set_inline_(std::string(script));
  const Condition compiled = Condition::compile(written, ContextSchema::Attrs::kBound);
  std::int64_t late = 0;
  for (auto _ : state) {
    RequestContext context = world.context();
    context.set_on_loop(true);
    auto outcome = compiled.evaluate(context);
    if (context.wants_thread()) {
      ++late;
      context.set_on_loop(false);
      outcome = compiled.evaluate(context);
    }
    if (outcome != Condition::Outcome::kMatch) return state.SkipWithError("no match");
  }
  state.counters["late"] = static_cast<double>(late);
}

void rego_condition(benchmark::State& state) { condition(state, kScript); }
BENCHMARK(rego_condition);

void rego_condition_plain(benchmark::State& state) { condition(state, kPlainScript); }
BENCHMARK(rego_condition_plain);

}  // namespace
}  // namespace policy
