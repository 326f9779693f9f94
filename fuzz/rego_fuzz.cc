// A script and the body of a request from bytes: compiled and evaluated within small limits, which
// must hold; no builtin may fail otherwise than by an error. What is explained is what was decided.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "policy/rego.h"
#include "policy/request_context.h"
#include "resource/document.h"

namespace {

using namespace policy;
using namespace std::chrono_literals;

constexpr std::string_view kBetween = "\n---\n";  // the script and the body
constexpr RegoProgram::Limits kLimits{.time = 20ms, .memory = 8 << 20};
// The clock of a busy machine, sanitizers and one more step of long integers.
constexpr auto kMuchTooLong = 3s;

template <typename Message>
Message from_yaml(std::string_view yaml) {
  Message message;
  if (!resource::decode_into(yaml, message)) std::abort();
  return message;
}

class Headers final : public HeaderSource {
 public:
  std::size_t size() const override { return 2; }
  std::string_view name(std::size_t index) const override { return index == 0 ? "X-Team" : "Via"; }
  std::string_view value(std::size_t) const override { return "blue"; }
};

// Who asks; the same for all inputs.
struct World {
  corev1::User user = from_yaml<corev1::User>(
      "metadata: {name: alice, uid: u-1}\n"
      "spec: {type: HUMAN, groups: [dev, ops], attrs: {level: 3, big: 1e300, nick: null}}");
  corev1::Session session = from_yaml<corev1::Session>("status: {type: CLIENT}");
  corev1::Service service =
      from_yaml<corev1::Service>("metadata: {name: api.default}\nspec: {port: 8080}");
  google::protobuf::Struct attrs =
      from_yaml<corev1::Policy>("spec: {attrs: {k: v, ports: [80, 443]}}").spec().attrs();
  Headers headers;
};

bool is_none(RegoProgram::Outcome outcome) {
  using enum RegoProgram::Outcome;
  return outcome == kError || outcome == kOutOfTime || outcome == kOutOfMemory;
}

bool is_by_chance(std::string_view script) {
  return script.find("now_ns") != std::string_view::npos ||
         script.find("rand") != std::string_view::npos ||
         script.find("uuid") != std::string_view::npos;
}

void evaluate(const RegoProgram& program, std::string_view body) {
  static const World world;
  RequestView view;
  view.method = "POST";
  view.path = "/v1/items";
  view.query = "page=2&tag=a";
  view.uri = "/v1/items?page=2&tag=a";
  view.client_ip = "203.0.113.7";
  view.headers = &world.headers;
  view.body = body;
  view.content_length = static_cast<std::int64_t>(body.size());
  Subject subject;
  subject.user = &world.user;
  subject.session = &world.session;
  subject.service = &world.service;
  RequestContext context(view, subject, base::WallTime{});
  const RegoValue ctx = program.input().make_ctx(context);
  const RegoValue attrs = RegoInput::make_attrs(world.attrs, context);
  if (ctx == nullptr) return;
  // The second evaluation has what the first one kept.
  program.evaluate(ctx.get(), attrs.get(), kLimits);
  const auto outcome = program.evaluate(ctx.get(), attrs.get(), kLimits).outcome;
  const auto told = program.explain(ctx.get(), attrs.get(), kLimits).outcome;
  if (outcome == told || is_none(outcome) || is_none(told) || is_by_chance(program.source()))
    return;
  std::fprintf(stderr, "the explanation is one of another outcome\n");
  std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t end = input.find(kBetween);
  const bool is_config = size % 2 == 1;
  std::string script = is_config ? "package octelium.eval\n" : "package octelium.condition\n";
  script += input.substr(0, end);
  const auto before = std::chrono::steady_clock::now();
  const auto program = RegoProgram::compile(
      script, is_config ? RegoProgram::Entry::kConfig : RegoProgram::Entry::kCondition,
      ContextSchema::Attrs::kBound);
  if (program)
    evaluate(**program,
             end == std::string_view::npos ? "null" : input.substr(end + kBetween.size()));
  if (std::chrono::steady_clock::now() - before < kMuchTooLong) return 0;
  std::fprintf(stderr, "the limit of time did not hold\n");
  std::abort();
}
