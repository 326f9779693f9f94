#include <benchmark/benchmark.h>

#include "policy/residual.h"
#include "resource/document.h"

namespace policy {
namespace {

class Headers final : public HeaderSource {
 public:
  std::size_t size() const override { return std::size(kFields); }
  std::string_view name(std::size_t index) const override { return kFields[index][0]; }
  std::string_view value(std::size_t index) const override { return kFields[index][1]; }

 private:
  static constexpr std::string_view kFields[][2] = {
      {"Host", "my-api.example.com"},
      {"User-Agent", "curl/7.88.1"},
      {"Accept", "*/*"},
      {"Authorization", "Bearer abcdefghijklmnopqrstuvwxyz"},
      {"X-Request-Id", "4711"},
      {"X-Custom-Header", "this-value"},
      {"Content-Length", "37"}};
};

constexpr std::string_view kFour = R"(
metadata: {name: my-api.default}
spec:
  isPublic: true
  authorization:
    inlinePolicies:
      - spec:
          rules:
            - effect: ALLOW
              condition:
                all:
                  of:
                    - match: ctx.user.spec.groups.hasAll("dev", "ops")
                    - match: ctx.request.http.method in ["POST", "PUT"]
                    - match: ctx.request.http.path.startsWith("/users")
                    - match: ctx.request.http.headers["x-custom-header"] == "this-value"
)";
constexpr std::string_view kBody = R"(
                    - match: ctx.request.http.bodyMap.age > 18 && ctx.request.http.bodyMap.email.endsWith("@example.com")
)";

void decide_guide_example(benchmark::State& state, std::string_view service_text,
                          bool is_remembered) {
  corev1::Service service;
  corev1::User user;
  corev1::Session session;
  if (!resource::decode_into(service_text, service) ||
      !resource::decode_into("spec: {groups: [dev, ops]}", user) ||
      !resource::decode_into("spec: {state: ACTIVE, expiresAt: '2100-01-01T00:00:00Z'}\n"
                             "status: {type: CLIENTLESS}",
                             session))
    return state.SkipWithError("the example does not decode");
  const Headers headers;
  RequestView view;
  view.method = "POST";
  view.path = "/users/7";
  view.headers = &headers;
  view.body = R"({"age": 19, "email": "a@example.com"})";
  Subject subject;
  subject.service = &service;
  subject.user = &user;
  subject.session = &session;
  const PolicySet policies;
  AuthorizationCache cache;
  ServiceRules rules;
  rules.service = RuleList::make(Authorization::compile(service), policies);
  const SubjectRules prepared = prepare_subject(subject, policies, cache);
  const auto residual =
      is_remembered ? Residual::make(subject, Access::kAuthenticated, rules, &prepared) : nullptr;
  const base::WallTime now{std::chrono::seconds(1'800'000'000)};
  for (auto _ : state) {
    RequestContext context(view, subject, now);
    const Decision decision =
        decide(context, Access::kAuthenticated, rules, &prepared, residual.get());
    if (!decision.allowed) return state.SkipWithError("the example is denied");
    benchmark::DoNotOptimize(decision);
  }
}

void decide_four_conditions(benchmark::State& state) { decide_guide_example(state, kFour, true); }
BENCHMARK(decide_four_conditions);

void decide_four_conditions_unremembered(benchmark::State& state) {
  decide_guide_example(state, kFour, false);
}
BENCHMARK(decide_four_conditions_unremembered);

void decide_with_body(benchmark::State& state) {
  decide_guide_example(state, std::string(kFour) + std::string(kBody.substr(1)), true);
}
BENCHMARK(decide_with_body);

}  // namespace
}  // namespace policy
