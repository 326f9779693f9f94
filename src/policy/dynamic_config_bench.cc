#include <benchmark/benchmark.h>

#include "policy/dynamic_config.h"
#include "resource/document.h"

namespace policy {
namespace {

class NoHeaders final : public HeaderSource {
 public:
  std::size_t size() const override { return 0; }
  std::string_view name(std::size_t) const override { return {}; }
  std::string_view value(std::size_t) const override { return {}; }
};

constexpr std::string_view kNamed = R"(
spec:
  config: {upstream: {url: 'http://default.test'}}
  dynamicConfig:
    configs: [{name: v1}, {name: v2}]
    rules:
      - {condition: {match: 'ctx.request.http.path.startsWith("/v1")'}, configName: v1}
      - {condition: {match: 'ctx.request.http.path.startsWith("/v2")'}, configName: v2}
)";
constexpr std::string_view kComputed = R"(
spec:
  dynamicConfig:
    rules:
      - condition: {matchAny: true}
        eval: '{"upstream": {"url": "https://" + ctx.user.metadata.name + ".up.test"}}'
)";
constexpr std::string_view kWithHeaders = R"(
spec:
  dynamicConfig:
    rules:
      - condition: {matchAny: true}
        eval: >-
          {"parent": "default", "http": {"header": {"addRequestHeaders": [
            {"key": "X-User", "value": ctx.user.metadata.name},
            {"key": "X-Groups", "value": ctx.user.spec.groups.join(",")},
            {"key": "X-Path", "value": ctx.request.http.path}]}}}
)";

// Everything that a request pays for its choice but the look-up of the compiled config.
void choose(benchmark::State& state, std::string_view service_text) {
  corev1::Service service;
  corev1::User user;
  corev1::Session session;
  if (!resource::decode_into(service_text, service) ||
      !resource::decode_into("metadata: {name: alice}\nspec: {groups: [dev, ops]}", user))
    return state.SkipWithError("the example does not decode");
  const auto configs = DynamicConfig::compile(service);
  const NoHeaders headers;
  RequestView view;
  view.method = "GET";
  view.path = "/v2/users/1";
  view.headers = &headers;
  Subject subject;
  subject.session = &session;
  subject.user = &user;
  subject.service = &service;
  std::string json;
  for (auto _ : state) {
    RequestContext context(view, subject, {});
    const ConfigChoice choice = configs->choose(context, json);
    benchmark::DoNotOptimize(choice.kind);
  }
}

BENCHMARK_CAPTURE(choose, named, kNamed);
BENCHMARK_CAPTURE(choose, computed_upstream, kComputed);
BENCHMARK_CAPTURE(choose, computed_headers, kWithHeaders);

}  // namespace
}  // namespace policy
