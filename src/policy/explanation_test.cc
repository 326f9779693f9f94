#include "policy/explanation.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "policy/cause.h"
#include "policy/explanation_text.h"
#include "policy/testkit_test.h"
#include "resource/json.h"

namespace policy {
namespace {

namespace fs = std::filesystem;

std::string read_file(const fs::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

void use_authorization(World& world, std::string_view yaml) {
  *world.service.mutable_spec()->mutable_authorization() =
      from_yaml<corev1::Service>(yaml).spec().authorization();
}

// With one rule of the Service that allows what `match` says.
World allowing(std::string_view match) {
  World world;
  auto* rule = world.service.mutable_spec()
                   ->mutable_authorization()
                   ->add_inlinepolicies()
                   ->mutable_spec()
                   ->add_rules();
  rule->set_effect(corev1::Policy::Spec::Rule::ALLOW);
  rule->mutable_condition()->set_match(std::string(match));
  return world;
}

extv1::Explanation explained(World& world, Disclosure disclosure = Disclosure::kRedacted) {
  const Decided decided(world);
  const auto dynamic = DynamicConfig::compile(world.service);
  extv1::Explanation out;
  RequestContext context = world.context();
  const Decision decision = explain(context,
                                    {.access = access_of(world.service),
                                     .rules = decided.rules,
                                     .subject = &decided.subject,
                                     .dynamic = dynamic.get()},
                                    disclosure, out);
  EXPECT_EQ(decision.code, decided->code);
  EXPECT_EQ(context.recorder(), nullptr);
  return out;
}

// What the golden file says; UPDATE_GOLDEN=1 writes it anew.
void expect_golden(std::string_view name, const std::string& text) {
  const fs::path file =
      fs::path(GATEWAY_SOURCE_DIR) / "src/policy/testdata" / (std::string(name) + ".txt");
  if (std::getenv("UPDATE_GOLDEN") != nullptr) std::ofstream(file) << text;
  EXPECT_EQ(text, read_file(file)) << file;
}

// The guide's example of access control, with one of its conditions violated at a time.
class ExplainedExample : public testing::Test {
 protected:
  ExplainedExample() {
    const auto file =
        read_file(fs::path(GATEWAY_SOURCE_DIR) / "examples/guide/09-access-control.yaml");
    use_authorization(world, file);
    world.view.method = "POST";
    world.view.path = "/users/7";
    world.headers.fields.emplace_back("X-Custom-Header", "this-value");
    world.set_body(R"({"age": 19, "email": "a@example.com"})");
  }

  std::string text(Disclosure disclosure = Disclosure::kRedacted) {
    return render_text(explained(world, disclosure));
  }

  World world;
};

TEST_F(ExplainedExample, Allowed) { expect_golden("explained_allowed", text()); }

TEST_F(ExplainedExample, WithoutTheGroup) {
  world.user.mutable_spec()->mutable_groups()->RemoveLast();
  expect_golden("explained_groups", text());
}

TEST_F(ExplainedExample, WithAnotherMethod) {
  world.view.method = "GET";
  expect_golden("explained_method", text());
}

TEST_F(ExplainedExample, WithAnotherPath) {
  world.view.path = "/admin";
  expect_golden("explained_path", text());
}

TEST_F(ExplainedExample, WithoutTheHeader) {
  world.headers.fields.pop_back();
  expect_golden("explained_header", text());
}

TEST_F(ExplainedExample, WithAnotherBody) {
  world.set_body(R"({"age": 17, "email": "a@example.com"})");
  expect_golden("explained_body", text());
  expect_golden("explained_body_shown", text(Disclosure::kEverything));
}

TEST(Explanation, NamesWhereRulesComeFrom) {
  World world;
  world.policies.push_back(from_yaml<corev1::Policy>(R"(
metadata: {name: team}
spec: {rules: [{name: working-hours, effect: DENY, condition: {match: 'ctx.user.spec.type == "WORKLOAD"'}}]}
)"));
  world.policies.push_back(from_yaml<corev1::Policy>(R"(
metadata: {name: dev.team}
spec:
  enforcementRules: [{effect: IGNORE, condition: {match: ctx.request.http.method == "POST"}}]
  rules: [{effect: ALLOW, priority: 1, condition: {any: {of: [{none: {of: [{match: ctx.user.metadata.name == "alice"}]}}, {match: 1 / ctx.user.spec.groups.size() > 0 || 1 / (ctx.user.spec.groups.size() - 2) > 0}]}}}]
)"));
  world.ops.mutable_spec()->mutable_authorization()->add_policies("dev.team");
  expect_golden("explained_sources", render_text(explained(world)));
}

TEST(Explanation, SaysWhichFixedCheckFailed) {
  World world = allowing("true");
  world.session.mutable_spec()->mutable_expiresat()->set_seconds(1);
  const auto explanation = explained(world);
  EXPECT_EQ(explanation.decision(), extv1::Explanation::DENY);
  EXPECT_EQ(explanation.reason(), "SESSION_EXPIRED");
  EXPECT_EQ(explanation.steps_size(), 0);
  EXPECT_NE(render_text(explanation).find("✗ session_expired, which no rule can change"),
            std::string::npos);
}

TEST(Explanation, SaysWhichRuleChoseTheConfig) {
  World world = allowing("true");
  *world.service.mutable_spec()->mutable_dynamicconfig() = from_yaml<corev1::Service>(R"(
spec:
  dynamicConfig:
    configs: [{name: a}, {name: b}]
    rules:
      - {condition: {match: ctx.request.http.path == "/a"}, configName: a}
      - {condition: {match: ctx.request.http.path.startsWith("/v1")}, configName: b}
)")
                                                               .spec()
                                                               .dynamicconfig();
  const auto explanation = explained(world);
  EXPECT_EQ(explanation.config().name(), "b");
  EXPECT_EQ(explanation.config().rule(), 1u);
  expect_golden("explained_config", render_text(explanation));
  world.view.path = "/";
  EXPECT_EQ(explained(world).config().name(), "default");
  EXPECT_FALSE(explained(world).config().has_rule());
}

TEST(Explanation, ShowsShadowsBesideTheRuleThatDecides) {
  World world = allowing("true");
  auto* rule = world.service.mutable_spec()
                   ->mutable_authorization()
                   ->mutable_inlinepolicies(0)
                   ->mutable_spec()
                   ->add_rules();
  world.service.mutable_spec()->mutable_authorization()->mutable_inlinepolicies(0)->set_name("own");
  rule->set_name("soon");
  rule->set_effect(corev1::Policy::Spec::Rule::DENY);
  rule->mutable_condition()->set_match(R"(ctx.request.http.method == "GET")");
  (*world.service.mutable_metadata()->mutable_annotations())["octelium-ext-shadow"] = "own/soon";
  const auto explanation = explained(world);
  EXPECT_EQ(explanation.decision(), extv1::Explanation::ALLOW);
  ASSERT_EQ(explanation.steps_size(), 2);
  EXPECT_TRUE(explanation.steps(0).rule().decides());
  EXPECT_TRUE(explanation.steps(1).rule().isshadow());
  expect_golden("explained_shadow", render_text(explanation));
}

TEST(Explanation, NeverShowsCredentials) {
  for (const std::string_view name :
       {"Authorization", "Cookie", "X-Octelium-Auth", "Proxy-Authorization", "Set-Cookie",
        "X-Api-Key", "x-csrf-token", "X-Client-Secret", "X-Db-Password", "X-Aws-Credential",
        "X-Amz-Sig", "X-Pass-Phrase"}) {
    for (const std::string_view expression :
         {R"(ctx.request.http.headers["{}"] == "no")", R"(.ctx.request.http.headers["{}"] == "no")",
          R"(cel.bind(attrs, ctx.request.http.headers["{}"], attrs == "no"))",
          R"(cel.bind(ctx, [ctx.request.http.headers["{}"]], ctx[0] == "no"))",
          R"(ctx.request.http.headers["{}"].size() == 1)",
          R"(ctx.request.http.headers["{}"].split("-").size() > 5)",
          R"(ctx.request.http.headers.exists(h, ctx.request.http.headers[h] == "{}"))",
          R"(cel.bind(all, ctx.request.http.headers, all["{}"] == "x"))",
          R"(int(ctx.request.http.headers["{}"]) == 1)"}) {
      std::string match(expression);
      match.replace(match.find("{}"), 2, name);
      World world = allowing(match);
      world.headers.fields.emplace_back(name, "hush-hush");
      const auto explanation = explained(world);
      EXPECT_EQ(resource::to_json(explanation).find("hush"), std::string::npos) << match;
      EXPECT_EQ(render_text(explanation).find("hush"), std::string::npos) << match;
      EXPECT_GT(explanation.steps(0).rule().condition().parts_size(), 0) << match;
    }
  }
}

// With one rule of the Service that allows what `rules` say.
World allowing_rego(std::string_view rules) {
  World world = allowing("true");
  auto& rule = *world.service.mutable_spec()
                    ->mutable_authorization()
                    ->mutable_inlinepolicies(0)
                    ->mutable_spec()
                    ->mutable_rules(0);
  rule.mutable_condition()->mutable_opa()->set_inline_("package octelium.condition\n" +
                                                       std::string(rules));
  return world;
}

// Neither the log, which has Decision::detail, nor an explanation.
TEST(Explanation, QuotesNothingOfACredentialOrABodyInAnError) {
  const auto opa = [](std::string_view body) {
    return allowing_rego("match if { " + std::string(body) + " }");
  };
  World worlds[] = {
      allowing(R"(int(ctx.request.http.headers["authorization"]) == 1)"),
      allowing(R"(int(ctx.request.http.bodyMap.name) == 1)"),
      opa(R"(startswith(input.ctx.request.http.headers, "x"))"),
      opa(R"(floor(input.ctx.request.http.bodyMap.name) == 1)"),
      opa(R"(to_number(input.ctx.request.http.headers.authorization) == 1)"),
      opa(R"(sum(input.ctx.request.http.bodyMap.name) == 1)"),
      opa(R"(time.parse_rfc3339_ns(input.ctx.request.http.headers.authorization) == 1)"),
      opa(R"(json.unmarshal(input.ctx.request.http.headers.authorization) == 1)"),
      opa(R"(base64.decode(input.ctx.request.http.headers.authorization) == "x")"),
      opa(R"(regex.match(concat("", ["(", input.ctx.request.http.headers.authorization]), "x"))"),
      opa(R"(sprintf("%d", [input.ctx.request.http.headers.authorization]) == "x")"),
      opa(R"(net.cidr_contains(input.ctx.request.http.headers.authorization, "10.0.0.1"))"),
      opa(R"(units.parse_bytes(input.ctx.request.http.headers.authorization) == 1)"),
      opa(R"(semver.compare(input.ctx.request.http.headers.authorization, "1.0.0") == 1)"),
      opa(R"(input.ctx.request.http.headers.authorization - 1 == 1)"),
  };
  int failed = 0;
  for (World& world : worlds) {
    world.headers.fields.emplace_back("Authorization", "hush-hush");
    world.set_body(R"({"name": "hush-hush"})");
    const Decided decided(world);
    EXPECT_EQ(decided->detail.find("hush"), std::string_view::npos) << decided->detail;
    const auto explanation = explained(world);
    EXPECT_EQ(resource::to_json(explanation).find("hush"), std::string::npos)
        << resource::to_json(explanation);
    if (decided->code != "policy_error") continue;
    ++failed;  // at a place, for a reason
    EXPECT_NE(decided->detail.find_first_not_of("0123456789: "), std::string_view::npos);
  }
  EXPECT_GT(failed, 8);
  EXPECT_NE(explained(worlds[0], Disclosure::kEverything).detail().find("hush"), std::string::npos);
  EXPECT_NE(explained(worlds[3], Disclosure::kEverything).detail().find("hush"), std::string::npos);
}

TEST(Explanation, NamesTheStatementOfAScriptThatDoesNotHold) {
  World world = allowing_rego(R"(
match if {
  team
  input.ctx.request.http.method == "GET"
  not adult
}

team if input.ctx.request.http.headers["x-team"] == "blue"

adult if input.ctx.request.http.bodyMap.age >= 18
)");
  world.view.method = "GET";
  world.headers.fields = {{"X-Team", "blue"}};
  world.set_body(R"({"age": 18})");
  EXPECT_NE(render_text(explained(world, Disclosure::kEverything)).find(R"(
          ✗ line 6: not adult = false
          ✓ line 11: input.ctx.request.http.bodyMap.age >= 18 = true
              input.ctx.request.http.bodyMap.age = 18
)"),
            std::string::npos)
      << render_text(explained(world, Disclosure::kEverything));
  EXPECT_NE(render_text(explained(world)).find("bodyMap.age = number, not shown: from the body\n"),
            std::string::npos);

  world.headers.fields = {{"X-Team", "red"}};
  EXPECT_NE(render_text(explained(world)).find(R"(
          ✗ line 4: team = no value
          ✗ line 9: input.ctx.request.http.headers["x-team"] == "blue" = false
              input.ctx.request.http.headers["x-team"] = "red"
)"),
            std::string::npos)
      << render_text(explained(world));
}

TEST(Explanation, SaysWhereTheStatementsOfAScriptCannotBeTold) {
  World world = allowing_rego("match if { some x in numbers.range(1, 9999); x == 0 }");
  const std::string text = render_text(explained(world));
  EXPECT_NE(text.find("          its statements cannot be told\n"), std::string::npos) << text;
}

TEST(Explanation, ShowsOfAScriptNoCredentialAndNoBody) {
  int parts = 0;
  for (
      const std::string_view rules : {
          R"(match if input.ctx.request.http.headers.authorization == "x")",
          R"(match if input["ctx"].request.http.headers["authorization"] == "x")",
          R"(match if { h := input.ctx.request.http.headers; h.authorization == "x" })",
          R"(match if { some _, h in input.ctx.request.http.headers; lower(h) == "x" })",
          R"(match if { some name in ["authorization"]; input.ctx.request.http.headers[name] == "x" })",
          R"(f(x) := {"v": [x]} 
match if f(input.ctx.request.http.headers.authorization).v[0] == "x")",
          R"(match if { input.ctx.request.http.path == "x" with input.ctx.request.http.path as input.ctx.request.http.headers.authorization })",
          R"(import input.ctx.request.http as r
match if { r.headers.authorization == "x" })",
          R"(match if { s := input.ctx; s.request.http.headers.authorization == "x" })",
          R"(match if input.ctx.request.http.bodyMap.name == "x")",
          R"(match if { s := input.ctx.request.http.bodyMap; upper(s.name) == "x" })",
          R"(match if { t := sprintf("%v", [input]); count(t) == 1 })",
          R"(match if { t := split(input.ctx.request.http.headers.authorization, "-"); t[0] == "x" })",
          R"(match if { every h in [input.ctx.request.http.headers.authorization] { h == "x" } })",
          R"(f(input) if input.ctx.user == "x"
match if f({"ctx": {"user": input.ctx.request.http.headers.authorization}}))",
          R"(match if { every input in [{"ctx": {"user": input.ctx.request.http.headers.authorization}}] { input.ctx.user == "x" } })",
          R"(match if input.ctx.request.http.headers["author\u0069zation"] == "x")",
          R"(match if input["ctx"]["request"].http[`headers`].authorization == "x")",
          R"(match if { "x" == input.ctx.request.http.headers[ # one
 "authorization"] })",
          R"(match if { x := {input.ctx.request.http.headers.authorization: 1}; x["x"] == 1 })",
          R"(match if { x := [v | some v in {input.ctx.request.http.bodyMap.name}]; x[_] == "x" })",
          R"(match if object.get(input, ["ctx", "request", "http", "headers", "authorization"], "") == "x")",
          R"(match if data.octelium.condition.path == "x"
path := input.ctx.request.http.headers.authorization)",
          R"(p["input.ctx.user"] := input.ctx.request.http.headers.authorization
match if p["input.ctx.user"] == "x")",
      }) {
    World world = allowing_rego(rules);
    world.headers.fields.emplace_back("Authorization", "hush-hush");
    world.set_body(R"({"name": "hush-hush"})");
    const auto explanation = explained(world);
    parts += explanation.steps(0).rule().condition().parts_size();
    std::string json = resource::to_json(explanation);
    for (char& c : json) c = static_cast<char>(std::tolower(c));
    EXPECT_EQ(json.find("hush"), std::string::npos) << rules << json;
    EXPECT_EQ(explanation.steps(0).rule().outcome(), extv1::NO_MATCH) << rules;
    EXPECT_GT(explanation.steps(0).rule().condition().parts_size(), 0) << rules;
  }
  EXPECT_GT(parts, 25);
}

// Else it could be neither sent nor read.
TEST(Explanation, IsUtf8WhateverTheRequestIs) {
  for (const std::string_view match :
       {R"(ctx.request.http.headers["x-team"] == "no")", R"(ctx.request.http.path == "no")",
        R"(int(ctx.request.http.headers["x-team"]) == 1)",
        R"(ctx.request.http.headers["x-team"].substring(0, 99) == "no")",
        R"([ctx.request.http.headers["x-team"]].map(x, x + "a")[0] == "no")"}) {
    World world = allowing(match);
    const std::string hostile = "/\xff\xc2\x9b\xed\xa0\x80" + std::string(99, '\xe4');
    world.headers.fields[2].second = hostile;
    world.view.path = hostile;
    world.view.method = hostile;
    world.view.host = hostile;
    extv1::Explanation read;
    EXPECT_TRUE(read.ParseFromString(explained(world).SerializeAsString())) << match;
  }
}

TEST(Explanation, ShowsOfABodyOnlyTypeAndLength) {
  World world = allowing(R"(ctx.request.http.bodyMap.name == "x")");
  world.set_body(R"({"name": "hush-hush"})");
  const std::string text = render_text(explained(world));
  EXPECT_EQ(text.find("hush"), std::string::npos) << text;
  EXPECT_NE(
      text.find("ctx.request.http.bodyMap.name = string of 9 bytes, not shown: from the body"),
      std::string::npos)
      << text;
  EXPECT_NE(render_text(explained(world, Disclosure::kEverything)).find("\"hush-hush\""),
            std::string::npos);
}

TEST(Explanation, IsBounded) {
  World world =
      allowing(R"(ctx.user.spec.attrs.all.all(x, x.size() > 0) && ctx.user.metadata.name == "b")");
  const std::string element(5000, 'x');
  auto* attrs = world.user.mutable_spec()->mutable_attrs()->mutable_fields();
  for (int i = 0; i < 1000; ++i)
    (*attrs)["all"].mutable_list_value()->add_values()->set_string_value(element);
  for (int i = 0; i < 2000; ++i) {
    auto* rule = world.service.mutable_spec()
                     ->mutable_authorization()
                     ->mutable_inlinepolicies(0)
                     ->mutable_spec()
                     ->add_rules();
    rule->set_effect(corev1::Policy::Spec::Rule::ALLOW);
    rule->set_priority(1);
    rule->mutable_condition()->set_match(i < 1999 ? R"(ctx.user.metadata.name == "b")" : "true");
  }
  const auto explanation = explained(world);
  EXPECT_EQ(explanation.decision(), extv1::Explanation::ALLOW);
  EXPECT_LT(explanation.ByteSizeLong(), 2 * kMaxExplanationBytes);
  EXPECT_GT(explanation.omitted(), 0u);
  const auto& last = explanation.steps(explanation.steps_size() - 1).rule();
  EXPECT_TRUE(last.decides());
  EXPECT_EQ(last.index(), 2000u);
}

TEST(Explanation, OfALongLoopIsShortAndNamesTheCause) {
  World world = allowing(
      "ctx.user.spec.attrs.all.all(x, ctx.user.spec.attrs.all.exists(y, y == x)) && "
      R"(ctx.user.metadata.name == "b")");
  auto* attrs = world.user.mutable_spec()->mutable_attrs()->mutable_fields();
  for (int i = 0; i < 400; ++i)
    (*attrs)["all"].mutable_list_value()->add_values()->set_number_value(i);
  const auto explanation = explained(world);
  EXPECT_GT(explanation.omitted(), 10'000u);
  EXPECT_NE(render_text(explanation).find(R"(✗ ctx.user.metadata.name == "b" = false)"),
            std::string::npos)
      << render_text(explanation);
}

TEST(Causes, AreFoundThroughLogicalOperators) {
  using Truth = EvaluatedPart::Truth;
  const std::string_view source = "a && (b || !c)";
  const std::vector<EvaluatedPart> parts = {{0, 1, 1, Truth::kTrue},   {6, 7, 2, Truth::kFalse},
                                            {12, 13, 3, Truth::kTrue}, {11, 13, 2, Truth::kFalse},
                                            {6, 13, 1, Truth::kFalse}, {0, 14, 0, Truth::kFalse}};
  EXPECT_EQ(causes(source, parts), (std::vector<std::size_t>{1, 2}));
  EXPECT_TRUE(causes(source, {}).empty());
}

}  // namespace
}  // namespace policy
