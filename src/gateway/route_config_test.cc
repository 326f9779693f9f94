#include "gateway/route_config.h"

#include <sys/stat.h>
#include <unistd.h>

#include <map>

#include "gateway/resource_yaml_test.h"
#include "io/listener.h"

namespace gateway {
namespace {

// Compiles the config of a Service given as the YAML of its `config`.
class Compiler {
 public:
  base::Result<std::shared_ptr<const RouteConfig>> operator()(std::string_view config,
                                                              std::string_view more = "") {
    const auto service =
        from_yaml<corev1::Service>("metadata: {name: a.default}\nspec: {mode: HTTP, " +
                                   std::string(more) + "config: " + std::string(config) + "}");
    used.clear();
    return compile_route_config(
        *service, service->spec().config(),
        RouteConfigContext{endpoints, dial_override,
                           [this](std::string_view name) {
                             const auto it = secrets.find(std::string(name));
                             return it == secrets.end() ? nullptr : it->second;
                           },
                           "", &used, forbidden_socket});
  }
  void put_secret(const std::string& name, std::string value) {
    auto secret = std::make_shared<corev1::Secret>();
    secret->mutable_data()->set_value(std::move(value));
    secrets[name] = std::move(secret);
  }

  upstream::EndpointTable endpoints;
  std::map<std::string, std::shared_ptr<const corev1::Secret>> secrets;
  std::function<std::optional<io::Address>(std::string_view, std::uint16_t)> dial_override;
  std::unordered_set<std::string> used;
  std::string forbidden_socket;
};

TEST(RouteConfig, UpstreamsByScheme) {
  struct Row {
    const char* url;
    const char* authority;
    upstream::Protocol protocol;
    bool tls;
    const char* dial;
  };
  using upstream::Protocol;
  Compiler compile;
  for (const Row& row : {
           Row{"http://up.test", "up.test", Protocol::kHttp1, false, ""},
           Row{"http://up.test:8080", "up.test:8080", Protocol::kHttp1, false, ""},
           Row{"https://UP.test", "up.test", Protocol::kHttp1, true, ""},
           Row{"http://127.0.0.1:81", "127.0.0.1:81", Protocol::kHttp1, false, "127.0.0.1:81"},
           Row{"http://[::1]:81", "[::1]:81", Protocol::kHttp1, false, "[::1]:81"},
           Row{"h2c://up.test", "up.test", Protocol::kHttp2, false, ""},
           Row{"unix:/run/up.sock", "localhost", Protocol::kHttp1, false, "unix:/run/up.sock"},
       }) {
    const auto config = compile("{upstream: {url: '" + std::string(row.url) + "'}}");
    ASSERT_TRUE(config) << row.url << config.error().message;
    ASSERT_EQ((*config)->endpoints.size(), 1u);
    const upstream::Endpoint& endpoint = *(*config)->endpoints[0];
    EXPECT_EQ(endpoint.authority, row.authority);
    EXPECT_EQ(endpoint.protocol, row.protocol) << row.url;
    EXPECT_EQ(endpoint.tls != nullptr, row.tls) << row.url;
    EXPECT_EQ(endpoint.dial ? endpoint.dial->text() : "", row.dial);
  }
}

TEST(RouteConfig, ConfigsThatSayTheSameShareConnections) {
  Compiler compile;
  const auto one = *compile("{upstream: {url: 'https://up.test'}}");
  const auto same = *compile("{upstream: {url: 'https://up.test'}, http: {path: {addPrefix: /x}}}");
  const auto other =
      *compile("{upstream: {url: 'https://up.test'}, tls: {insecureSkipVerify: true}}");
  EXPECT_EQ(one->endpoints[0], same->endpoints[0]);
  EXPECT_NE(one->endpoints[0], other->endpoints[0]);
}

TEST(RouteConfig, WhereToDialCanBeOverridden) {
  Compiler compile;
  compile.dial_override = [](std::string_view host, std::uint16_t port) {
    EXPECT_EQ(host, "up.test");
    EXPECT_EQ(port, 443);
    return std::optional(*io::Address::parse("127.0.0.1:9"));
  };
  const auto config = *compile("{upstream: {url: 'https://up.test'}}");
  EXPECT_EQ(config->endpoints[0]->dial->text(), "127.0.0.1:9");
  EXPECT_EQ(config->endpoints[0]->host, "up.test") << "for SNI and the certificate";
}

TEST(RouteConfig, CredentialsComeFromSecrets) {
  Compiler compile;
  compile.put_secret("s", "pa:ss");
  struct Row {
    const char* auth;
    const char* field;
    const char* value;
  };
  for (const Row& row : {
           Row{"{bearer: {fromSecret: s}}", "Authorization", "Bearer pa:ss"},
           Row{"{basic: {username: me, password: {fromSecret: s}}}", "Authorization",
               "Basic bWU6cGE6c3M="},
           Row{"{custom: {header: X-Key, value: {fromSecret: s}}}", "X-Key", "pa:ss"},
       }) {
    const auto config =
        compile("{upstream: {url: 'http://u'}, http: {auth: " + std::string(row.auth) + "}}");
    ASSERT_TRUE(config) << config.error().message;
    EXPECT_EQ((*config)->credential, RouteConfig::Credential::kPresent);
    EXPECT_EQ((*config)->credential_field, row.field);
    EXPECT_EQ((*config)->credential_value.reveal(), row.value);
    EXPECT_EQ(compile.used, std::unordered_set<std::string>{"s"});
  }
}

TEST(RouteConfig, ASecretThatIsMissingEmptyOrNoFieldValueFailsClosed) {
  Compiler compile;
  compile.put_secret("empty", "");
  compile.put_secret("split", "a\r\nX-Admin: 1");
  compile.secrets["unset"] = std::make_shared<corev1::Secret>();
  for (const char* name : {"missing", "empty", "split", "unset"}) {
    const auto config = compile(
        "{upstream: {url: 'http://u'}, http: {auth: {bearer: {fromSecret: " + std::string(name) +
        "}}}}");
    ASSERT_TRUE(config);
    EXPECT_EQ((*config)->credential, RouteConfig::Credential::kMissing) << name;
    EXPECT_EQ((*config)->missing_secret, name);
    EXPECT_TRUE((*config)->credential_value.reveal().empty());
  }
}

TEST(RouteConfig, WhatWouldSplitAHeadDoesNotCompile) {
  Compiler compile;
  for (const char* header : {
           R"({addRequestHeaders: [{key: X, value: "a\r\nb"}]})",
           R"({addRequestHeaders: [{key: "X: y", value: a}]})",
           R"({addResponseHeaders: [{key: X, value: "a\0b"}]})",
           R"({addResponseHeaders: [{key: "", value: a}]})",
           R"({host: {value: "a\r\nb"}})",
       }) {
    EXPECT_FALSE(
        compile("{upstream: {url: 'http://u'}, http: {header: " + std::string(header) + "}}"))
        << header;
  }
  EXPECT_FALSE(compile(R"({http: {response: {direct: {inline: a, contentType: "a\nb"}}}})"));
  EXPECT_FALSE(compile("{http: {response: {direct: {inline: a, statusCode: 101}}}}"));
  EXPECT_FALSE(compile("{upstream: {url: 'ftp://u'}}"));
}

TEST(RouteConfig, AuthorizationPassesByDefaultOnlyWhenTheServiceIsAnonymous) {
  Compiler compile;
  const auto passes = [&](const char* header, const char* more) {
    return (*compile("{upstream: {url: 'http://u'}, http: {header: " + std::string(header) + "}}",
                     more))
        ->pass_authorization;
  };
  EXPECT_FALSE(passes("{}", ""));
  EXPECT_TRUE(passes("{}", "isAnonymous: true, "));
  EXPECT_TRUE(passes("{authorizationMode: PASS}", ""));
  EXPECT_FALSE(passes("{authorizationMode: DELETE}", "isAnonymous: true, "));
}

TEST(RouteConfig, TheGatewaysOwnSocketIsNoUpstreamByAnyName) {
  const std::string folder = testing::TempDir() + "own-socket-" + std::to_string(getpid());
  ASSERT_EQ(mkdir(folder.c_str(), 0700), 0);
  const std::string own = folder + "/api.sock";
  const std::string link = folder + "/link.sock";
  const auto listener = io::bind_listener(*io::Address::unix_path(own), false);
  ASSERT_TRUE(listener) << listener.error().message;
  ASSERT_EQ(symlink(own.c_str(), link.c_str()), 0);
  Compiler compile;
  const auto to = [&](const std::string& path) {
    return compile("{upstream: {url: 'unix:" + path + "'}}").has_value();
  };
  EXPECT_TRUE(to(own));
  compile.forbidden_socket = own;
  EXPECT_FALSE(to(own));
  EXPECT_FALSE(to(link));
  EXPECT_FALSE(to(folder + "/../" + folder.substr(folder.rfind('/') + 1) + "/api.sock"));
  EXPECT_TRUE(to(folder + "/other.sock"));
  close(*listener);
  unlink(own.c_str());
  unlink(link.c_str());
  rmdir(folder.c_str());
}

TEST(RouteConfig, DirectResponses) {
  Compiler compile;
  const auto config = *compile("{http: {response: {direct: {inline: hi, statusCode: 404}}}}");
  ASSERT_TRUE(config->direct);
  EXPECT_EQ(config->direct->status, 404);
  EXPECT_EQ(config->direct->body, "hi");
  EXPECT_EQ((*compile("{http: {response: {direct: {inline: hi}}}}"))->direct->status, 200);
}

}  // namespace
}  // namespace gateway
