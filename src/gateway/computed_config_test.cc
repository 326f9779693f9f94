#include "gateway/computed_config.h"

#include "gateway/resource_yaml_test.h"

namespace gateway {
namespace {

// Compiles computed configs of one Service, whose spec has these further members.
class ComputedConfigTest : public testing::Test {
 protected:
  ComputedConfigTest() { set_service(""); }

  void set_service(const std::string& more) {
    basis.service = from_yaml<corev1::Service>(R"(
metadata: {name: a.default}
spec:
  mode: HTTP
  config:
    upstream: {url: "http://default.test"}
    http:
      auth: {bearer: {fromSecret: token}}
      header: {addRequestHeaders: [{key: X-From, value: default}]}
)" + more);
    auto secret = std::make_shared<corev1::Secret>();
    secret->mutable_metadata()->set_name("token");
    secret->mutable_data()->set_value("SECRET");
    auto table = std::make_shared<SecretTable>();
    table->emplace("token", std::move(secret));
    basis.secrets = std::move(table);
  }
  ComputedConfig compile(std::string_view json) { return compile_computed_config(basis, json); }
  std::string problem(std::string_view json) {
    const ComputedConfig made = compile(json);
    EXPECT_EQ(made.config == nullptr, !made.problem.empty());
    EXPECT_GT(made.bytes, 0u);
    return made.problem;
  }

  ConfigBasis basis{.endpoints = std::make_shared<upstream::EndpointTable>()};
};

TEST_F(ComputedConfigTest, InheritsNothingByItself) {
  const auto made = compile(R"({"upstream":{"url":"https://alice.up.test"}})");
  ASSERT_NE(made.config, nullptr) << made.problem;
  ASSERT_EQ(made.config->endpoints.size(), 1u);
  EXPECT_EQ(made.config->endpoints[0]->authority, "alice.up.test");
  EXPECT_NE(made.config->endpoints[0]->tls, nullptr);
  EXPECT_EQ(made.config->credential, RouteConfig::Credential::kNone);
  EXPECT_TRUE(made.config->request_fields.empty());
  EXPECT_EQ(made.name, "");
}

TEST_F(ComputedConfigTest, IsMergedWithItsParent) {
  const auto made = compile(
      R"({"name":"tenant","parent":"default","http":{"header":{"addRequestHeaders":[{"key":"X-To","value":"b"}]}}})");
  ASSERT_NE(made.config, nullptr) << made.problem;
  EXPECT_EQ(made.name, "tenant");
  EXPECT_EQ(made.config->endpoints[0]->authority, "default.test");
  EXPECT_EQ(made.config->credential_value.reveal(), "Bearer SECRET");
  ASSERT_EQ(made.config->request_fields.size(), 2u);
  EXPECT_EQ(made.config->request_fields[0].value, "default");
  EXPECT_EQ(made.config->request_fields[1].value, "b");
}

TEST_F(ComputedConfigTest, IsHeldToWhatAppliedConfigsAreHeldTo) {
  const struct {
    const char* json;
    const char* problem;
  } kRows[] = {
      {R"({"upstream":{"url":"nope"}})", "upstream.url: No scheme set in the upstream URL"},
      {R"({"upstream":{"url":"https://u:p@up.test"}})", "upstream.url: user information"},
      {R"({"upstream":{"url":"http://evil.test/.up.test"}})", "upstream.url: "},
      {R"({"upstream":{"url":"http://a b"}})", "upstream.url: "},
      {R"({"upstraem":{"url":"http://up.test"}})",
       "upstraem: unknown field; did you mean \"upstream\"?"},
      {R"({"http":{"header":{"addRequestHeader":[]}}})",
       "http.header.addRequestHeader: unknown field; did you mean \"addRequestHeaders\"?"},
      {R"({"upstream":"http://up.test"})", "upstream: expected a mapping, found the text"},
      {R"({"upstream":{"url":80}})", "upstream.url: "},
      {R"({"upstream":{"url":"http://a.test","loadbalance":{}}})", "exclude each other"},
      {R"({"http":{"header":{"addRequestHeaders":[{"key":"X-A","value":"b\r\nX-Evil: 1"}]}}})",
       "http.header.addRequestHeaders[0].value: "},
      {R"({"http":{"header":{"addRequestHeaders":[{"key":"X-A\r\nX","value":"b"}]}}})",
       "http.header.addRequestHeaders[0].key: "},
      {R"({"http":{"header":{"host":{"value":"a\nb"}}}})", "http.header.host.value: "},
      {R"({"http":{"response":{"direct":{"contentType":"a/b\r\nX: y","inline":"x"}}}})",
       "http.response.direct.contentType: "},
      {R"({"http":{"header":{"forwardedMode":"TRANSPARNT"}}})", "http.header.forwardedMode: "},
      {R"({"http":{"auth":{"bearer":{"fromSecret":"tokne"}}}})",
       "http.auth.bearer.fromSecret: the Secret \"tokne\" does not exist; did you mean \"token\"?"},
      {R"({"http":{"header":{"addRequestHeaders":[{"key":"X-A","eval":"ctx"}]}}})",
       "http.header.addRequestHeaders[0].eval: computed header values are not supported"},
      {R"({"http":{"plugins":[{"name":"p1"}]}})", "http.plugins: plugins are not supported"},
      {R"({"http":{"body":{"mode":"JSON"}}})", "http.body: works in spec.config only"},
      {R"({"http":{"enableRequestBuffering":true}})", "http.enableRequestBuffering: works in"},
      {R"({"parent":"nobody"})", "parent: there is no config \"nobody\""},
      {R"({"name":"Not A Label"})", "name: "},
      {R"({"tls":{"trustedCAs":["x"]}})", "tls.trustedCAs[0]: "},
  };
  for (const auto& row : kRows)
    EXPECT_NE(problem(row.json).find(row.problem), std::string::npos) << row.json << "\n"
                                                                      << problem(row.json);
  EXPECT_EQ(problem("{}"), "");
  EXPECT_EQ(problem(R"({"http":null,"upstream":{"url":"http://up.test"}})"), "");
}

TEST_F(ComputedConfigTest, NeverLeadsToTheGatewaysOwnSocket) {
  basis.forbidden_socket = "/run/gw/api.sock";
  EXPECT_NE(problem(R"({"upstream":{"url":"unix:/run/gw/api.sock"}})").find("own socket"),
            std::string::npos);
  EXPECT_EQ(problem(R"({"upstream":{"url":"unix:/run/other.sock"}})"), "");
}

TEST_F(ComputedConfigTest, AProblemIsShort) {
  const std::string name(60'000, 'x');
  EXPECT_LE(problem(R"({")" + name + R"(":1})").size(), 1024u);
  EXPECT_LE(problem(R"({"upstream":{"url":")" + name + R"("}})").size(), 1024u);
  EXPECT_FALSE(problem("{\"upstream\":{\"url\":\"" + std::string(70'000, 'x') + "\"}}").empty());
}

TEST_F(ComputedConfigTest, OneTlsContextServesAllUpstreamsOfTheSameSettings) {
  const auto a = compile(R"({"upstream":{"url":"https://a.test"}})");
  const auto b = compile(R"({"upstream":{"url":"https://b.test"}})");
  const auto c =
      compile(R"({"upstream":{"url":"https://c.test"},"tls":{"insecureSkipVerify":true}})");
  EXPECT_NE(a.config->endpoints[0], b.config->endpoints[0]);
  EXPECT_EQ(a.config->endpoints[0]->tls, b.config->endpoints[0]->tls);
  EXPECT_NE(a.config->endpoints[0]->tls, c.config->endpoints[0]->tls);
  EXPECT_GT(c.bytes, 2 * a.bytes) << "a context of its own weighs more";
}

}  // namespace
}  // namespace gateway
