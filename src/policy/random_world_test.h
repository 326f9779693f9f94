#pragma once

#include <random>
#include <string>

#include "policy/testkit_test.h"

namespace policy {

// Of the identity, the request, the clock, attrs; that hold, do not, miss something, fail.
inline constexpr std::string_view kExpressions[] = {
    R"("dev" in ctx.user.spec.groups)",
    R"(ctx.user.spec.groups.hasAll("dev", "sec"))",
    R"(ctx.session.status.type == "CLIENTLESS")",
    R"(ctx.groups.exists(g, g.metadata.name == "ops"))",
    R"(ctx.user.spec.attrs.level > 2)",
    R"(ctx.user.spec.attrs.nothing == 1)",
    R"(ctx.user.metadata.name > 5)",
    R"(has(ctx.device))",
    R"(ctx.device.status.osType == "LINUX")",
    R"(has(ctx.request.http.bodyMap.age))",
    R"(size(ctx.request.http) > 3)",
    R"(ctx.request.http.size > 5)",
    R"(ctx.request.grpc.method == "Get")",
    R"(ctx.user.spec.groups.exists(g, g == ctx.request.http.headers["x-team"]))",
    R"(cel.bind(r, ctx.request, r.http.method == "GET"))",
    R"(ctx.?device.?status.?id.hasValue())",
    R"(ctx.service.spec.port == 8080.0 && ctx.namespace.metadata.name == "default")",
    R"(ctx.request.http.method == "GET")",
    R"(ctx.request.http.method in ["POST", "PUT"])",
    R"(ctx.request.http.path.startsWith("/v1"))",
    R"(ctx.request.http.headers["x-team"] == "blue")",
    R"(ctx.request.http.headers["x-missing"] == "blue")",
    R"(ctx.request.http.path > 5)",
    R"(ctx.request.http.bodyMap.age > 18)",
    R"(ctx.request.http.path == ctx.user.metadata.name || ctx.user.metadata.name > 5)",
    R"(ctx.user.metadata.name == "alice" && ctx.request.http.path != "/")",
    R"(ctx["user"].metadata.name == "alice")",
    R"(now() > timestamp("2026-03-04T12:00:00Z"))",
    R"(attrs.k == "v")",
    R"(attrs.k == ctx.request.http.method)",
    "true",
    "1 / int(ctx.user.spec.attrs.level - 3.0) == 1",
};

// Of the identity, of the body, and one that fails.
inline constexpr std::string_view kScripts[] = {
    "package octelium.condition\nmatch if { input.ctx.user.metadata.name == \"alice\" }",
    "package octelium.condition\nmatch if { input.ctx.request.http.bodyMap.age > 18 }",
    "package octelium.condition\nmatch := \"yes\"",
};

// Makes the rules of every owner up, and requests to try them with.
class RandomWorld {
 public:
  using Spec = corev1::Policy::Spec;

  explicit RandomWorld(std::uint32_t seed) : random_(seed) {}

  int upto(int n) { return static_cast<int>(random_() % static_cast<std::uint32_t>(n)); }

  void condition(corev1::Condition& out, int depth) {
    const int kind = upto(depth > 2 ? 5 : 9);
    if (kind == 0) return out.set_matchany(upto(3) > 0);
    if (upto(60) == 0) return out.mutable_opa()->set_inline_(std::string(kScripts[upto(3)]));
    if (kind < 4) return out.set_match(expression());
    if (kind == 4) return out.set_not_(expression());
    if (kind > 8) return;  // empty
    auto* of = kind == 5   ? out.mutable_none()->mutable_of()
               : kind == 6 ? out.mutable_any()->mutable_of()
                           : out.mutable_all()->mutable_of();
    for (int i = 1 + upto(3); i > 0; --i) condition(*of->Add(), depth + 1);
  }

  void spec(Spec& out) {
    (*out.mutable_attrs()->mutable_fields())["k"].set_string_value(upto(2) == 0 ? "v" : "GET");
    for (int i = upto(4); i > 0; --i) {
      Spec::Rule& rule = *out.add_rules();
      rule.set_name("r" + std::to_string(i));
      rule.set_effect(upto(2) == 0 ? Spec::Rule::ALLOW : Spec::Rule::DENY);
      rule.set_priority(upto(3) - 1);
      condition(*rule.mutable_condition(), 0);
    }
    for (int i = upto(6) - 3; i > 0; --i) {
      Spec::EnforcementRule& rule = *out.add_enforcementrules();
      rule.set_effect(upto(3) == 0 ? Spec::EnforcementRule::ENFORCE
                                   : Spec::EnforcementRule::IGNORE);
      condition(*rule.mutable_condition(), 0);
    }
    out.set_isdisabled(upto(20) == 0);
  }

  template <typename Owner>
  void owner(Owner& out) {
    auto& authorization = *out.mutable_spec()->mutable_authorization();
    for (int i = upto(4) - 1; i > 0; --i) spec(*authorization.add_inlinepolicies()->mutable_spec());
    if (upto(6) == 0)
      (*out.mutable_metadata()->mutable_annotations())["octelium-ext-shadow"] =
          upto(2) == 0 ? "*" : "inline/r1, inline/r2";
    for (auto& policy : *authorization.mutable_inlinepolicies())
      if (upto(2) == 0) policy.set_name("inline");
    if (upto(3) == 0) authorization.add_policies(kNames[upto(std::size(kNames) - (upto(40) > 0))]);
  }

  void world(World& out) {
    if (upto(3) == 0)
      out.device = from_yaml<corev1::Device>(
          "metadata: {name: d, uid: d-1}\nspec: {state: ACTIVE}\nstatus: {osType: LINUX}");
    if (out.device) owner(*out.device);
    owner(out.service);
    owner(out.name_space);
    owner(out.user);
    owner(out.dev);
    owner(out.ops);
    owner(out.session);
    owner(out.cluster);
    for (std::size_t i = 0; i + 1 < std::size(kNames); ++i) {
      corev1::Policy policy;
      policy.mutable_metadata()->set_name(kNames[i]);
      if (upto(6) == 0)
        (*policy.mutable_metadata()->mutable_annotations())["octelium-ext-shadow"] = "r1";
      spec(*policy.mutable_spec());
      out.policies.push_back(policy);
    }
    for (int i = upto(5) - 2; i > 0; --i) trigger(out.triggers.emplace_back());
    if (upto(8) == 0) {
      out.service.mutable_spec()->set_isanonymous(true);
      out.service.mutable_spec()->mutable_authorization()->set_enableanonymous(true);
      out.make_anonymous();
    }
  }

  void trigger(corev1::PolicyTrigger& out) {
    auto& status = *out.mutable_status();
    precondition(*status.mutable_precondition(), 0);
    for (int i = upto(3); i > 0; --i) spec(*status.add_inlinepolicies()->mutable_spec());
    if (upto(3) == 0) status.add_policies(kNames[upto(std::size(kNames))]);
    if (upto(6) == 0) (*out.mutable_metadata()->mutable_annotations())["octelium-ext-shadow"] = "*";
    status.set_isdisabled(upto(10) == 0);
  }

  void precondition(corev1::PolicyTrigger::Status::PreCondition& out, int depth) {
    switch (upto(depth > 2 ? 5 : 8)) {
      case 0:
        return out.set_matchany(upto(4) > 0);
      case 1:
        return condition(*out.mutable_condition(), 1);
      case 2:
        return out.mutable_notbefore()->set_seconds(1'772'600'000);  // within the requests' day
      case 3:
        return out.mutable_userref()->set_uid(upto(2) == 0 ? "u-1" : "u-2");
      case 4:
        return out.mutable_groupref()->set_uid(upto(2) == 0 ? "g-2" : "g-7");
      case 5:
        for (int i = upto(4); i > 0; --i) precondition(*out.mutable_any()->add_of(), depth + 1);
        return;
      case 6:
        for (int i = upto(4); i > 0; --i) precondition(*out.mutable_all()->add_of(), depth + 1);
        return;
      default:
        return;  // never
    }
  }

  void request(World& out) {
    out.view.method = upto(2) == 0 ? "GET" : "POST";
    out.view.path = upto(2) == 0 ? "/v1/items" : "/";
    if (upto(2) == 0) out.set_body(upto(2) == 0 ? R"({"age": 19})" : "[");
    out.now += std::chrono::hours(upto(2) * 13);
  }

 private:
  static constexpr const char* kNames[] = {"pa", "child.pa", "pc", "gone"};

  std::string atom() {
    return std::string(kExpressions[static_cast<std::size_t>(upto(std::size(kExpressions)))]);
  }

  std::string expression(int depth = 0) {
    const int kind = depth > 2 ? 9 : upto(10);
    if (kind > 3) return atom();
    const std::string a = "(" + expression(depth + 1) + ")";
    const std::string b = "(" + expression(depth + 1) + ")";
    if (kind == 0) return a + " && " + b;
    if (kind == 1) return a + " || " + b;
    return kind == 2 ? "!" + a : a + " ? " + b + " : (" + atom() + ")";
  }

  std::mt19937 random_;
};

}  // namespace policy
