#include "policy/testkit_test.h"

namespace policy {

World::World()
    : user(from_yaml<corev1::User>(R"(
metadata: {name: alice, uid: u-1}
spec:
  type: HUMAN
  groups: [dev, ops]
  email: Alice@Example.com
  attrs: {level: 3, regions: [eu, us], nick: null}
)")),
      dev(from_yaml<corev1::Group>("metadata: {name: dev, uid: g-1}\nspec: {}")),
      ops(from_yaml<corev1::Group>("metadata: {name: ops, uid: g-2}\nspec: {}")),
      session(from_yaml<corev1::Session>(R"(
metadata: {name: alice-abc123, uid: s-1, resourceVersion: v1}
spec: {state: ACTIVE, expiresAt: "2030-01-01T00:00:00Z"}
status:
  type: CLIENTLESS
  authentication:
    setAt: "2026-01-01T00:00:00Z"
    info: {type: IDENTITY_PROVIDER, aal: AAL2}
)")),
      service(from_yaml<corev1::Service>(R"(
metadata: {name: api.default, uid: svc-1}
spec: {mode: HTTP, port: 8080, isPublic: true}
status: {regionRef: {name: default}, namespaceRef: {name: default}}
)")),
      name_space(from_yaml<corev1::Namespace>("metadata: {name: default, uid: ns-1}\nspec: {}")),
      cluster(from_yaml<corev1::ClusterConfig>("metadata: {name: cluster, uid: cc-1}\nspec: {}")),
      now(std::chrono::sys_days(std::chrono::year(2026) / 3 / 4)) {
  headers.fields = {{"Host", "api.example.com"},
                    {"Accept", "application/json"},
                    {"X-Team", "blue"},
                    {"X-Role", "a"},
                    {"X-Role", "b"}};
  view.method = "GET";
  view.path = "/v1/items";
  view.query = "page=2&tag=a&tag=b";
  view.uri = "/v1/items?page=2&tag=a&tag=b";
  view.host = "api.example.com";
  view.scheme = "https";
  view.protocol = "HTTP/1.1";
  view.client_ip = "203.0.113.7";
  view.content_length = 0;
}

const RequestView& World::request() {
  view.headers = &headers;
  return view;
}

Subject World::subject() const {
  Subject out;
  out.service = &service;
  out.name_space = &name_space;
  if (!is_authenticated) return out;
  groups = {&dev, &ops};
  for (const auto& group : extra_groups) groups.push_back(&group);
  out.session = &session;
  out.user = &user;
  out.groups = groups;
  out.device = device ? &*device : nullptr;
  return out;
}

void World::set_body(std::string_view text) {
  view.body = text;
  view.content_length = static_cast<std::int64_t>(text.size());
}

void World::make_grpc(std::string_view package, std::string_view name, std::string_view method) {
  service.mutable_spec()->set_mode(corev1::Service::Spec::GRPC);
  full_service_name = std::string(package) + "." + std::string(name);
  view.is_grpc = true;
  view.grpc = {package, name, full_service_name, method};
}

Decided::Decided(World& world) {
  for (const auto& policy : world.policies) policies = policies.with(policy);
  const auto rules_of = [&](const resource::Message& owner) {
    return RuleList::make(Authorization::compile(owner), policies);
  };
  auto triggers = std::make_shared<std::vector<TriggerRules>>();
  for (const auto& message : world.triggers)
    if (auto trigger = Trigger::compile(message))
      triggers->push_back({trigger, RuleList::make(trigger->authorization, policies)});
  rules = {rules_of(world.service), rules_of(world.name_space), rules_of(world.cluster), triggers};
  const Access access = access_of(world.service);
  AuthorizationCache cache;
  if (access == Access::kAuthenticated) subject = prepare_subject(world.subject(), policies, cache);
  context.emplace(world.request(), world.subject(), world.now);
  decision = decide(*context, access, rules, &subject);
}

}  // namespace policy
