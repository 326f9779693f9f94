#include "policy/dynamic_config.h"

#include "policy/testkit_test.h"

namespace policy {
namespace {

class DynamicConfigTest : public testing::Test {
 protected:
  // `yaml` is the Service's spec.
  std::shared_ptr<const DynamicConfig> compile(std::string_view yaml) {
    *world.service.mutable_spec() = from_yaml<corev1::Service::Spec>(yaml);
    problems.clear();
    return DynamicConfig::compile(world.service, &problems);
  }
  std::string chosen(const DynamicConfig& configs) {
    RequestContext context(world.request(), world.subject(), world.now);
    choice = configs.choose(context, json);
    switch (choice.kind) {
      case ConfigChoice::Kind::kNamed:
        return configs.configs()[choice.config].name();
      case ConfigChoice::Kind::kComputed:
        return json;
      case ConfigChoice::Kind::kInvalid:
        return "invalid: " + choice.problem;
    }
    return "";
  }
  std::string choose(std::string_view rules) {
    const auto configs = compile(
        "config: {name: default}\n"
        "dynamicConfig:\n"
        "  configs: [{name: c1}, {name: c2}]\n"
        "  rules: " +
        std::string(rules));
    EXPECT_TRUE(problems.empty()) << problems[0].path << ": " << problems[0].message;
    return chosen(*configs);
  }

  World world;
  std::vector<resource::Problem> problems;
  ConfigChoice choice;
  std::string json = "of the request before";
};

TEST_F(DynamicConfigTest, ChoosesByTheFirstRuleThatMatches) {
  EXPECT_EQ(choose("[{condition: {match: 2 < 1}, configName: c1},"
                   " {condition: {match: 2 > 1}, configName: c2}]"),
            "c2");
  EXPECT_EQ(choose("[{condition: {match: 2 > 1}, configName: c1},"
                   " {condition: {match: 2 > 1}, configName: c2}]"),
            "c1");
  EXPECT_EQ(choose("[{condition: {match: 2 < 1}, configName: c1}]"), "default");
  EXPECT_EQ(choose("[]"), "default");
  EXPECT_EQ(choose("[{condition: {matchAny: true}, configName: default},"
                   " {condition: {matchAny: true}, configName: c1}]"),
            "default");
}

TEST_F(DynamicConfigTest, PassesOverConditionsThatFail) {
  EXPECT_EQ(choose("[{condition: {match: ctx.user.metadata.name > 5}, configName: c1},"
                   " {condition: {matchAny: true}, configName: c2}]"),
            "c2");
  EXPECT_EQ(choice.failed, 1u);
  EXPECT_TRUE(choice.problem.starts_with("rules[0].condition: 1:")) << choice.problem;
  EXPECT_EQ(choose("[{condition: {matchAny: true}, configName: c2}]"), "c2");
  EXPECT_EQ(choice.failed, 0u);
  EXPECT_EQ(choice.problem, "");
}

TEST_F(DynamicConfigTest, ReadsTheRequest) {
  const char* rules =
      R"([{condition: {match: 'ctx.request.http.headers["x-channel"] == "beta"'}, configName: c1}])";
  EXPECT_EQ(choose(rules), "default");
  world.headers.fields.emplace_back("X-Channel", "beta");
  EXPECT_EQ(choose(rules), "c1");
}

TEST_F(DynamicConfigTest, WorksForAnonymousRequests) {
  world.make_anonymous();
  EXPECT_EQ(choose("[{condition: {match: ctx.user.metadata.name == 'alice'}, configName: c1},"
                   " {condition: {not: has(ctx.session)}, configName: c2}]"),
            "c2");
}

TEST_F(DynamicConfigTest, ComputesAConfig) {
  EXPECT_EQ(choose(R"([{condition: {match: ctx.user.metadata.name == 'bob'}, configName: c1},
 {condition: {matchAny: true}, eval: '{"upstream": {"url": "https://" + ctx.user.metadata.name + ".up.test"}}'}])"),
            R"({"upstream":{"url":"https://alice.up.test"}})");
  EXPECT_EQ(choice.rule, 1u);
  EXPECT_EQ(computed_by(choice), "rules[1].eval");
  EXPECT_EQ(choice.failed, 0u);
}

TEST_F(DynamicConfigTest, AnUpstreamOfTheServicesUid) {
  EXPECT_EQ(choose(R"([{condition: {matchAny: true},
 eval: '{"upstream": {"url": "https://" + ctx.service.metadata.uid + ".up.test"}}'}])"),
            R"({"upstream":{"url":"https://svc-1.up.test"}})");
}

TEST_F(DynamicConfigTest, AnExpressionThatGivesNoMapIsPassedOver) {
  for (const char* eval : {
           "ctx.user.spec.groups",                                // is no map
           R"({"upstream": {"url": ctx.device.metadata.name}})",  // is not there
           R"({"name": string(int(ctx.user.metadata.name))})",    // fails
       }) {
    const std::string rule = std::string("{condition: {matchAny: true}, eval: '") + eval + "'}";
    EXPECT_EQ(choose("[" + rule + ", {condition: {matchAny: true}, configName: c2}]"), "c2")
        << eval;
    EXPECT_EQ(choice.failed, 1u);
    EXPECT_TRUE(choice.problem.starts_with("rules[0].eval: ")) << choice.problem;
    EXPECT_EQ(choose("[" + rule + "]"), "default") << eval;
    EXPECT_EQ(choice.rule, ConfigChoice::kNoRule);
    // The first that failed is told, all are counted.
    EXPECT_EQ(choose("[" + rule + ", " + rule + "]"), "default");
    EXPECT_EQ(choice.failed, 2u);
    EXPECT_TRUE(choice.problem.starts_with("rules[0].eval: ")) << choice.problem;
  }
}

constexpr const char* kRego = R"(
  - condition: {matchAny: true}
    opa: |
      package octelium.eval
      result := {"upstream": {"url": concat("", ["https://", input.ctx.user.metadata.name, ".up.test"])}}
)";

TEST_F(DynamicConfigTest, RegoComputesAConfig) {
  std::string found = choose(kRego);
  std::erase_if(found, [](char c) { return c == ' ' || c == '\n'; });
  EXPECT_EQ(found, R"({"upstream":{"url":"https://alice.up.test"}})");
  EXPECT_EQ(computed_by(choice), "rules[0].opa");
  world.make_anonymous();
  EXPECT_EQ(choose(kRego), "default");
  EXPECT_EQ(choice.failed, 1u);
  EXPECT_EQ(choice.problem, "rules[0].opa: \"result\" is undefined");
}

TEST_F(DynamicConfigTest, RegoThatGivesNoObjectIsPassedOver) {
  for (const char* result : {"\"text\"", "[1]", "1 / 0", "input.ctx.device"}) {
    EXPECT_EQ(choose("\n  - condition: {matchAny: true}\n    opa: |\n      package octelium.eval\n"
                     "      result := " +
                     std::string(result) + "\n  - {condition: {matchAny: true}, configName: c2}"),
              "c2")
        << result;
    EXPECT_EQ(choice.failed, 1u);
    EXPECT_TRUE(choice.problem.starts_with("rules[0].opa: ")) << choice.problem;
  }
}

TEST_F(DynamicConfigTest, AMapThatCanBeNoConfigIsTheChoiceAllTheSame) {
  EXPECT_EQ(choose(R"([{condition: {matchAny: true}, eval: '{"http": {1: "x"}}'},
 {condition: {matchAny: true}, configName: c2}])"),
            "invalid: rules[0].eval: http: a key of type int; the keys of a config are texts");
}

TEST_F(DynamicConfigTest, AValueOfCtxCanBePartOfAConfig) {
  EXPECT_EQ(choose(R"([{condition: {matchAny: true}, eval: '{"http": ctx.user.spec.attrs}'}])"),
            R"({"http":{"level":3,"nick":null,"regions":["eu","us"]}})");
}

TEST_F(DynamicConfigTest, ComputesForAnonymousRequests) {
  world.make_anonymous();
  EXPECT_EQ(choose(R"([{condition: {matchAny: true}, eval: '{"name": ctx.user.metadata.name}'},
 {condition: {matchAny: true}, eval: '{"name": ctx.request.http.path}'}])"),
            R"({"name":"/v1/items"})");
}

TEST_F(DynamicConfigTest, KnowsWhetherItComputesAndReadsTheBody) {
  const auto with_eval = [&](const char* eval) {
    return compile("dynamicConfig: {rules: [{condition: {matchAny: true}, eval: '" +
                   std::string(eval) + "'}]}");
  };
  EXPECT_TRUE(with_eval("{}")->computes());
  EXPECT_FALSE(with_eval("{}")->reads_body());
  EXPECT_TRUE(with_eval(R"({"name": ctx.request.http.bodyMap.tenant})")->reads_body());
  EXPECT_FALSE(compile("dynamicConfig: {configs: [{name: child}]}")->computes());
}

TEST_F(DynamicConfigTest, MergesTheParent) {
  const auto configs = compile(R"(
config:
  upstream: {url: 'https://one.example.com'}
  http:
    isUpstreamHTTP2: true
    auth: {basic: {username: u}}
    header: {removeRequestHeaders: [a]}
dynamicConfig:
  configs:
    - name: child
      parent: default
      http:
        auth: {basic: {password: {fromSecret: s}}}
        header: {removeRequestHeaders: [b]}
    - {name: alone}
    - {name: resets, parent: default, http: {isUpstreamHTTP2: false}}
    - {name: replaces, parent: default, upstream: {loadbalance: {endpoints: [{url: 'https://two'}]}}}
    - {name: grandchild, parent: child}
)");
  ASSERT_EQ(configs->configs().size(), 6u);
  const auto& child = configs->configs()[1];
  EXPECT_EQ(child.upstream().url(), "https://one.example.com");
  EXPECT_TRUE(child.http().isupstreamhttp2());
  EXPECT_EQ(child.http().auth().basic().username(), "u");
  EXPECT_EQ(child.http().auth().basic().password().fromsecret(), "s");
  ASSERT_EQ(child.http().header().removerequestheaders_size(), 2);
  EXPECT_EQ(child.http().header().removerequestheaders(0), "a");
  EXPECT_EQ(child.http().header().removerequestheaders(1), "b");
  EXPECT_FALSE(configs->configs()[2].has_upstream());
  // A child cannot reset what is set; of a oneof it replaces the parent's member.
  EXPECT_TRUE(configs->configs()[3].http().isupstreamhttp2());
  EXPECT_FALSE(configs->configs()[4].upstream().has_url());
  EXPECT_EQ(configs->configs()[4].upstream().loadbalance().endpoints_size(), 1);
  // The parent's own parent is not followed.
  EXPECT_FALSE(configs->configs()[5].has_upstream());
  EXPECT_EQ(configs->configs()[5].http().auth().basic().password().fromsecret(), "s");
}

TEST_F(DynamicConfigTest, ExplainsWhatItRefuses) {
  struct {
    const char* rule;
    const char* path;
    const char* message;
  } constexpr kCases[] = {
      {"{condition: {matchAny: true}, configName: chlid}", "spec.dynamicConfig.rules[0].configName",
       "there is no config \"chlid\"; did you mean \"child\"?"},
      {"{condition: {matchAny: true}, eval: ' '}", "spec.dynamicConfig.rules[0].eval",
       "the expression is empty"},
      {"{condition: {matchAny: true}, eval: '{\"name\": ctx.usr}'}",
       "spec.dynamicConfig.rules[0].eval",
       "did you mean \"user\"?\n {\"name\": ctx.usr}\n              ^"},
      {"{condition: {matchAny: true}, eval: '\"text\"'}", "spec.dynamicConfig.rules[0].eval",
       "1:1: "},
      {"{condition: {matchAny: true}, eval: '{\"upstream\": {\"ur\": 1}}'}",
       "spec.dynamicConfig.rules[0].eval", "did you mean \"url\"?"},
      {"{condition: {matchAny: true}, eval: attrs}", "spec.dynamicConfig.rules[0].eval",
       "unknown variable \"attrs\""},
      {"{condition: {matchAny: true}, opa: x}", "spec.dynamicConfig.rules[0].opa", "1:1: "},
      {"{condition: {matchAny: true}}", "spec.dynamicConfig.rules[0]", "configName"},
      {"{condition: {match: attrs.x}, configName: child}",
       "spec.dynamicConfig.rules[0].condition.match", "unknown variable \"attrs\""},
      {"{configName: child}", "spec.dynamicConfig.rules[0].condition", "empty"},
  };
  for (const auto& each : kCases) {
    compile("dynamicConfig: {configs: [{name: child}], rules: [" + std::string(each.rule) + "]}");
    ASSERT_EQ(problems.size(), 1u) << each.rule;
    EXPECT_EQ(problems[0].path, each.path);
    EXPECT_NE(problems[0].message.find(each.message), std::string::npos) << problems[0].message;
  }
}

TEST_F(DynamicConfigTest, KnowsWhetherThereIsADefaultConfig) {
  EXPECT_FALSE(compile("dynamicConfig: {configs: [{name: child}]}")->has_default());
  EXPECT_TRUE(compile("config: {}")->has_default());
}

}  // namespace
}  // namespace policy
