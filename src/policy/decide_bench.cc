// What one decision costs: `./dev bench policy`.
#include <benchmark/benchmark.h>

#include <cstdlib>

#include "base/counted_new_test.h"
#include "policy/bench_headers.h"
#include "policy/residual.h"
#include "resource/document.h"

namespace policy {
namespace {

// The guide's conditions; the fifth reads the body.
constexpr std::string_view kFour = R"(
            - effect: ALLOW
              condition:
                all:
                  of:
                    - match: ctx.user.spec.groups.hasAll("dev", "ops")
                    - match: ctx.request.http.method in ["POST", "PUT"]
                    - match: ctx.request.http.path.startsWith("/users")
                    - match: ctx.request.http.headers["x-custom-header"] == "this-value"
)";
constexpr std::string_view kFifth =
    "                    - match: ctx.request.http.bodyMap.age > 18 && "
    "ctx.request.http.bodyMap.email.endsWith(\"@example.com\")\n";

struct World {
  explicit World(const std::string& rules, std::size_t other_policies = 0) {
    const std::string text =
        "metadata: {name: my-api.default}\nspec:\n  isPublic: true\n  authorization:\n"
        "    inlinePolicies:\n      - spec:\n          rules:\n" +
        rules;
    const bool good = resource::decode_into(text, service) &&
                      resource::decode_into("spec: {groups: [dev, ops]}", user) &&
                      resource::decode_into(
                          "spec: {state: ACTIVE, expiresAt: '2100-01-01T00:00:00Z'}\n"
                          "status: {type: CLIENTLESS}",
                          session);
    if (!good) std::abort();
    view.method = "POST";
    view.path = "/users/7";
    view.headers = &headers;
    subject.service = &service;
    subject.user = &user;
    subject.session = &session;
    for (std::size_t i = 0; i < other_policies; ++i) {
      corev1::Policy policy;
      policy.mutable_metadata()->set_name("other-" + std::to_string(i));
      policy.mutable_spec()->add_rules()->mutable_condition()->set_match(
          "ctx.request.http.method == \"GET\"");
      policies = policies.with(policy);
    }
    AuthorizationCache cache;
    this->rules.service = RuleList::make(Authorization::compile(service), policies);
    prepared = prepare_subject(subject, policies, cache);
  }

  std::shared_ptr<const Residual> remember() const {
    return Residual::make(subject, Access::kAuthenticated, rules, &prepared);
  }

  corev1::Service service;
  corev1::User user;
  corev1::Session session;
  const BenchHeaders headers;
  RequestView view;
  Subject subject;
  PolicySet policies;
  ServiceRules rules;
  SubjectRules prepared;
};

// bench/instructions.py counts what runs in here.
[[gnu::noinline]] Decision measured_call(const World& world, const Residual* residual) {
  constexpr base::WallTime kNow{std::chrono::seconds(1'800'000'000)};
  RequestContext context(world.view, world.subject, kNow);
  return decide(context, Access::kAuthenticated, world.rules, &world.prepared, residual);
}

void run(benchmark::State& state, const World& world, bool is_remembered, bool is_allowed = true) {
  const auto residual = is_remembered ? world.remember() : nullptr;
  const std::size_t before = allocations;
  for (auto _ : state) {
    const Decision decision = measured_call(world, residual.get());
    if (decision.allowed != is_allowed) return state.SkipWithError("another decision");
    benchmark::DoNotOptimize(decision);
  }
  state.counters["allocations"] = benchmark::Counter(static_cast<double>(allocations - before),
                                                     benchmark::Counter::kAvgIterations);
}

// A JSON object of about `size` bytes that the fifth condition holds for.
std::string body_of(std::size_t size) {
  std::string body = R"({"age": 19, "email": "a@example.com")";
  for (int i = 0; body.size() + 40 < size; ++i)
    body += ", \"field-" + std::to_string(i) + "\": [1, true, \"text\"]";
  return body + "}";
}

void decide_four_conditions(benchmark::State& state) {
  run(state, World(std::string(kFour)), true);
}
BENCHMARK(decide_four_conditions);

void decide_four_conditions_unremembered(benchmark::State& state) {
  run(state, World(std::string(kFour)), false);
}
BENCHMARK(decide_four_conditions_unremembered);

void decide_with_body(benchmark::State& state) {
  World world(std::string(kFour.substr(0, kFour.size())) + std::string(kFifth));
  const std::string body = body_of(static_cast<std::size_t>(state.range(0)));
  world.view.body = body;
  world.view.content_length = static_cast<std::int64_t>(body.size());
  run(state, world, true);
}
BENCHMARK(decide_with_body)->Arg(64)->Arg(1 << 10)->Arg(64 << 10);

// 50 rules about the request; of none the condition holds, or of the last.
std::string fifty_rules(bool last_matches) {
  std::string rules;
  for (int i = 0; i < 50; ++i)
    rules += "            - {effect: ALLOW, condition: {match: 'ctx.request.http.path == \"/" +
             (last_matches && i == 49 ? std::string("users/7") : "p" + std::to_string(i)) +
             "\"'}}\n";
  return rules;
}

void decide_fifty_rules_none(benchmark::State& state) {
  run(state, World(fifty_rules(false)), true, false);
}
BENCHMARK(decide_fifty_rules_none);

void decide_fifty_rules_last(benchmark::State& state) {
  run(state, World(fifty_rules(true)), true);
}
BENCHMARK(decide_fifty_rules_last);

// The last of ten fields, and one that is not there.
void decide_header_scan(benchmark::State& state) {
  run(state,
      World("            - effect: ALLOW\n              condition: {match: "
            "'!(\"x-absent\" in ctx.request.http.headers) && "
            "ctx.request.http.headers[\"x-custom-header\"] == \"this-value\"'}\n"),
      true);
}
BENCHMARK(decide_header_scan);

// A Session's first request to a Service.
void remember_four_conditions(benchmark::State& state) {
  const World world{std::string(kFour)};
  for (auto _ : state) benchmark::DoNotOptimize(world.remember());
}
BENCHMARK(remember_four_conditions);

// Policies that nothing names cost nothing.
void decide_beside_policies(benchmark::State& state) {
  run(state, World(std::string(kFour), static_cast<std::size_t>(state.range(0))), true);
}
BENCHMARK(decide_beside_policies)->Arg(10)->Arg(10'000);

void decide_beside_policies_unremembered(benchmark::State& state) {
  run(state, World(std::string(kFour), static_cast<std::size_t>(state.range(0))), false);
}
BENCHMARK(decide_beside_policies_unremembered)->Arg(10)->Arg(10'000);

}  // namespace
}  // namespace policy
