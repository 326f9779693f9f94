// A Policy from bytes, as YAML or as protobuf, is compiled and asked: the decision with all that is
// remembered must be the one without, watched or not.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "policy/residual.h"
#include "policy/silent_recorder_test.h"
#include "resource/document.h"

namespace {

using namespace policy;

constexpr std::size_t kMaxBytes = 8 * 1024;

template <typename Message>
Message from_yaml(std::string_view yaml) {
  Message message;
  if (!resource::decode_into(yaml, message)) std::abort();
  return message;
}

class Headers final : public HeaderSource {
 public:
  std::size_t size() const override { return 3; }
  std::string_view name(std::size_t index) const override { return kFields[index][0]; }
  std::string_view value(std::size_t index) const override { return kFields[index][1]; }

 private:
  static constexpr std::string_view kFields[][2] = {
      {"X-Team", "blue"}, {"X-Role", "a"}, {"x-role", "b"}};
};

// Who asks, and for what; the same for all inputs.
struct World {
  corev1::User user = from_yaml<corev1::User>(
      "metadata: {name: alice, uid: u-1}\nspec: {type: HUMAN, groups: [dev, ops], email: a@b.c, "
      "attrs: {level: 3, regions: [eu, us], nick: null}}");
  corev1::Group dev = from_yaml<corev1::Group>("metadata: {name: dev, uid: g-1}\nspec: {}");
  corev1::Session session = from_yaml<corev1::Session>(
      "metadata: {name: s, uid: s-1}\nspec: {state: ACTIVE, expiresAt: '2100-01-01T00:00:00Z'}\n"
      "status: {type: CLIENTLESS}");
  corev1::Service service = from_yaml<corev1::Service>(
      "metadata: {name: api.default, uid: svc-1}\nspec: {mode: HTTP, port: 8080, isPublic: true}");
  corev1::Namespace name_space =
      from_yaml<corev1::Namespace>("metadata: {name: default, uid: ns-1}\nspec: {}");
  Headers headers;

  // `choice` says what the request is like.
  RequestView request(std::uint8_t choice) const {
    RequestView view;
    view.method = (choice & 1) != 0 ? "POST" : "GET";
    view.path = (choice & 2) != 0 ? "/v1/items" : "/";
    view.query = "page=2&tag=a&tag=b";
    view.uri = "/v1/items?page=2&tag=a&tag=b";
    view.host = "api.example.com";
    view.scheme = "https";
    view.protocol = "HTTP/2";
    view.client_ip = "203.0.113.7";
    view.headers = &headers;
    if ((choice & 4) != 0) view.body = (choice & 8) != 0 ? R"({"age": 19, "email": "a@b.c"})" : "[";
    view.content_length = view.body ? static_cast<std::int64_t>(view.body->size()) : 0;
    return view;
  }
};

bool same(const Decision& a, const Decision& b) {
  return a.allowed == b.allowed && a.type == b.type && a.code == b.code && a.rule == b.rule &&
         a.policy == b.policy && a.detail == b.detail && a.shadow.rule == b.shadow.rule &&
         a.shadow.code == b.shadow.code && a.shadow.allowed == b.shadow.allowed;
}

bool decode(std::string_view bytes, bool is_protobuf, corev1::Policy::Spec& spec) {
  if (is_protobuf) return spec.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
  return resource::decode_into(bytes, spec).has_value();
}

}  // namespace

// The first byte says how the rest is written and what the request is like.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const World world;
  if (size < 1 || size > kMaxBytes) return 0;
  const std::uint8_t choice = data[0];
  corev1::Policy::Spec spec;
  if (!decode({reinterpret_cast<const char*>(data) + 1, size - 1}, (choice & 16) != 0, spec))
    return 0;
  corev1::Service service = world.service;
  auto& policy = *service.mutable_spec()->mutable_authorization()->add_inlinepolicies();
  policy.set_name("p");
  *policy.mutable_spec() = std::move(spec);
  if ((choice & 32) != 0)
    (*service.mutable_metadata()->mutable_annotations())["octelium-ext-shadow"] =
        (choice & 64) != 0 ? "*" : "p/trial";

  const corev1::Group* groups[] = {&world.dev};
  Subject subject;
  subject.session = &world.session;
  subject.user = &world.user;
  subject.groups = groups;
  subject.service = &service;
  subject.name_space = &world.name_space;
  AuthorizationCache cache;
  const PolicySet policies;
  const SubjectRules prepared = prepare_subject(subject, policies, cache);
  ServiceRules rules;
  rules.service = RuleList::make(Authorization::compile(service), policies);
  // With and without the time that it takes to decide anything beforehand.
  const auto residual = Residual::make(
      subject, Access::kAuthenticated, rules, &prepared,
      (choice & 128) != 0 ? std::chrono::nanoseconds(-1) : std::chrono::nanoseconds::max() / 4);
  const RequestView view = world.request(choice);
  constexpr base::WallTime kNow{std::chrono::seconds(1'800'000'000)};
  RequestContext plain(view, subject, kNow);
  RequestContext remembered(view, subject, kNow);
  RequestContext watched(view, subject, kNow);
  SilentRecorder silent;
  watched.set_recorder(&silent);
  const auto ask = [&](RequestContext& context, const Residual* with) {
    return decide(context, Access::kAuthenticated, rules, &prepared, with);
  };
  const Decision expected = ask(plain, nullptr);
  const Decision got = ask(remembered, residual.get());
  const Decision seen = ask(watched, residual.get());
  if (same(got, expected) && same(seen, expected)) return 0;
  const auto show = [](const char* how, const Decision& decision) {
    std::fprintf(stderr, "%s: %s %s\n", how, std::string(decision.code).c_str(),
                 std::string(decision.detail).c_str());
  };
  show("without memory", expected);
  show("remembered", got);
  show("watched", seen);
  std::abort();
}
