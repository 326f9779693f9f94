#include "resource/validate_testkit_test.h"

namespace resource {
namespace {

using ServiceRules = ValidateTest;

const std::string kService = "kind: Service\nmetadata: {name: api}\nspec:\n  mode: HTTP\n";
const std::string kUpstream = "upstream: {url: \"http://a\"}";
const std::string kCertificate =
    "-----BEGIN CERTIFICATE-----\\n"
    "MIIBdDCCARmgAwIBAgIUP60i8uZwAeJAk6so4/uV7L7rdHAwCgYIKoZIzj0EAwIw\\n"
    "DzENMAsGA1UEAwwEdGVzdDAeFw0yNjExMjQwMjU2MTNaFw0zNjExMjEwMjU2MTNa\\n"
    "MA8xDTALBgNVBAMMBHRlc3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAATPe1uc\\n"
    "6PlXxYStMrxG2zRS6RVT0zpc32hUSBBaeUvpbJ3EKCit+ns5ZFvJUt1rk2VPaO53\\n"
    "NMknZnQbljt9UYTOo1MwUTAdBgNVHQ4EFgQUh69FnFw/o2DSIoeMTu2i2YQnGZow\\n"
    "HwYDVR0jBBgwFoAUh69FnFw/o2DSIoeMTu2i2YQnGZowDwYDVR0TAQH/BAUwAwEB\\n"
    "/zAKBggqhkjOPQQDAgNJADBGAiEAjG2q1dWyOAZrOZ3Esr3MitxxvXzqjw4GhyK2\\n"
    "SUHoxNMCIQD5mJ2K3f0ys+8uHrU1GRCG6bb+Xwo2zCCPFAHPVpRf7Q==\\n"
    "-----END CERTIFICATE-----\\n";

TEST_F(ServiceRules, OfTheName) {
  expect("kind: Service\nspec: {mode: HTTP, config: {" + kUpstream + "}}\nmetadata: ",
         {
             {"{name: api}", ""},
             {"{name: api.prod}", ""},
             {"{name: default.prod}", ""},
             {"{name: api.prod.x1}",
              "metadata.name: \"api.prod.x1\" is not the name of a Service: ..."},
             {"{name: api.}", "metadata.name: \"api.\" is not the name of a Service: ..."},
             {"{name: api.nope}", "metadata.name: the Namespace \"nope\" does not exist"},
             {"{name: prod}",
              "metadata.name: the Namespace \"prod\" has this name, and a Service in the Namespace "
              "default cannot have it too: both would answer on the same host"},
             {"{name: default}",
              "metadata.name: default.default would answer on the domain itself, which is the "
              "cluster's"},
         });
}

TEST_F(ServiceRules, OfModeAndAccess) {
  expect(
      "kind: Service\nmetadata: {name: api}\nspec: ",
      {
          {"{mode: WEB, isPublic: true, config: {" + kUpstream + "}}", ""},
          {"{mode: GRPC, isPublic: true, config: {" + kUpstream + "}}", ""},
          {"{config: {" + kUpstream + "}}", "spec.mode: must be HTTP, WEB or GRPC"},
          {"{mode: HTTP}", "spec.config: a Service needs config or dynamicConfig"},
          {"{mode: HTTP, config: {}}", ""},
          {"{mode: HTTP, isPublic: true, isAnonymous: true, isDisabled: true, config: {" +
               kUpstream + "}}",
           ""},
          {"{mode: HTTP, isAnonymous: true, config: {}}", "spec.isAnonymous: needs isPublic"},
          {"{mode: HTTP, isPublic: true, isAnonymous: true, authorization: {}, config: {}}",
           "spec.authorization: an anonymous Service checks no Policies; set enableAnonymous to "
           "have these checked, or leave authorization out"},
          {"{mode: HTTP, isPublic: true, isAnonymous: true, authorization: {enableAnonymous: "
           "true, policies: [allow-all]}, config: {}}",
           ""},
          {"{mode: HTTP, authorization: {enableAnonymous: true}, config: {}}",
           "spec.authorization.enableAnonymous: needs isAnonymous"},
          {"{mode: TCP, isPublic: true, config: {upstream: {url: \"tcp://a:1\"}}}",
           "spec.mode: the mode TCP is not supported by this gateway yet; HTTP, WEB and GRPC are\n"
           "spec.isPublic: a Service of mode TCP cannot be public"},
          {"{mode: KUBERNETES, isPublic: true, isAnonymous: true, config: {http: {}}}",
           "spec.mode: the mode KUBERNETES is not supported by this gateway yet; HTTP, WEB and "
           "GRPC are\n"
           "spec.isAnonymous: a Service of mode KUBERNETES cannot be anonymous\n"
           "spec.config.http: is for the modes HTTP, WEB and GRPC; this Service has the mode "
           "KUBERNETES"},
          {"{mode: HTTP, config: {ssh: {}}}",
           "spec.config.ssh: SSH Services are not supported by this gateway yet"},
          {"{mode: HTTP, attrs: {A: 1}, config: {}}",
           "spec.attrs: \"A\" is not the name of an attribute: ..."},
          {"{mode: HTTP, region: default, deployment: {replicas: 1}, isTLS: true, config: {}}", ""},
          {"{mode: HTTP, region: eu-west, config: {}}",
           "spec.region: the Region \"eu-west\" does not exist"},
          {"{mode: HTTP, deployment: {replicas: 2}, config: {}}",
           "spec.deployment.replicas: 2 replicas are not supported by this gateway yet; every "
           "Service has one"},
      });
}

TEST_F(ServiceRules, OfThePort) {
  expect(
      "kind: Service\nmetadata: {name: api}\nspec: ",
      {
          {"{mode: HTTP, port: 65535, config: {}}", ""},
          {"{mode: HTTP, port: 65536, config: {}}", "spec.port: 65536 is not between 1 and 65535"},
          {"{mode: HTTP, port: 49094, config: {}}", "spec.port: 49094 is reserved"},
          {"{mode: HTTP, config: {upstream: {url: \"http://a:49095\"}}}",
           "spec.port: 49095 is reserved"},
          {"{mode: GRPC, config: {}}",
           "spec.port: must be set: it follows neither from the upstream nor from the mode"},
          {"{mode: GRPC, config: {upstream: {url: \"unix:/run/a.sock\"}}}",
           "spec.port: must be set: it follows neither from the upstream nor from the mode"},
          {"{mode: GRPC, port: 8080, config: {upstream: {url: \"unix:/run/a.sock\"}}}", ""},
      });
}

TEST_F(ServiceRules, OfTheUpstream) {
  const auto endpoints = [](int count) {
    return "{loadbalance: {endpoints: " + list_of(count, "{url: \"http://a\"}") + "}}";
  };
  expect(
      kService + "  config:\n    upstream: ",
      {
          {"{url: \"unix:/run/a.sock\"}", ""},
          {"{}", "spec.config.upstream: must have url or loadbalance"},
          {"{url: nope}",
           "spec.config.upstream.url: No scheme set in the upstream URL \"nope\"; write for "
           "example http://nope"},
          {endpoints(1), ""},
          {endpoints(100), ""},
          {endpoints(0),
           "spec.config.upstream.loadbalance.endpoints: must hold at least one "
           "endpoint"},
          {endpoints(101),
           "spec.config.upstream.loadbalance.endpoints: holds 101 endpoints; at "
           "most 100 are allowed"},
          {"{loadbalance: {endpoints: [{url: \"http://a\"}, {url: \"http://b:81\"}]}}",
           "spec.config.upstream.loadbalance.endpoints[1].url: has the port 81 and the first "
           "endpoint 80; they may differ only when spec.port is set"},
          {"{loadbalance: {endpoints: [{url: \"http://a\"}, {url: \"https://b:80\"}]}}",
           "spec.config.upstream.loadbalance.endpoints[1].url: has the scheme https and the first "
           "endpoint http; all must have the same"},
          {"{loadbalance: {endpoints: [{url: \"http://a\"}, {}]}}",
           "spec.config.upstream.loadbalance.endpoints[1].url: the URL is empty"},
          {"{url: \"http://a\", user: alice}",
           "spec.config.upstream.user: upstreams served by connected Users are not supported by "
           "this gateway yet"},
          {"{container: {image: x, port: 80}}",
           "spec.config.upstream.container: containers are not supported by this gateway yet"},
      });
  EXPECT_EQ(problems(kService + "  port: 80\n  config:\n    upstream: {loadbalance: {endpoints: "
                                "[{url: \"http://a\"}, {url: \"http://b:81\"}]}}"),
            "");
}

TEST_F(ServiceRules, OfUpstreamTls) {
  const std::string pem = "\"" + kCertificate + "\"";
  expect(kService + "  config:\n    upstream: {url: \"https://a\"}\n    tls: ",
         {
             {"{insecureSkipVerify: true}", ""},
             {"{appendToSystemPool: true, trustedCAs: [" + pem + "]}", ""},
             {"{trustedCAs: " + list_of(32, pem) + "}", ""},
             {"{trustedCAs: " + list_of(33, pem) + "}",
              "spec.config.tls.trustedCAs: holds 33 certificates; at most 32 are allowed"},
             {"{trustedCAs: [" + pem + ", nope]}",
              "spec.config.tls.trustedCAs[1]: \"nope\" is not a certificate in PEM form"},
             {"{clientCertificate: {fromSecret: token}}",
              "spec.config.tls.clientCertificate: client certificates towards upstreams are not "
              "supported by this gateway yet"},
         });
}

TEST_F(ServiceRules, OfCredentialsForTheUpstream) {
  expect(
      kService + "  config:\n    " + kUpstream + "\n    http:\n      auth: ",
      {
          {"{bearer: {fromSecret: token}}", ""},
          {"{}", "spec.config.http.auth: must have bearer, basic or custom"},
          {"{bearer: {}}", "spec.config.http.auth.bearer: must name a Secret in fromSecret"},
          {"{bearer: {fromSecret: tokem}}",
           "spec.config.http.auth.bearer.fromSecret: the Secret \"tokem\" does not exist; did you "
           "mean \"token\"?"},
          {"{bearer: {fromSecret: T}}",
           "spec.config.http.auth.bearer.fromSecret: \"T\" is not a name: ..."},
          {"{basic: {username: " + times(150) + ", password: {fromSecret: token}}}", ""},
          {"{basic: {username: " + times(151) + ", password: {fromSecret: token}}}",
           "spec.config.http.auth.basic.username: has 151 bytes; at most 150 are allowed"},
          {"{basic: {password: {fromSecret: token}}}",
           "spec.config.http.auth.basic.username: must be set"},
          {"{basic: {username: \"a:b\", password: {fromSecret: token}}}",
           "spec.config.http.auth.basic.username: cannot have a colon, which ends the name on the "
           "wire"},
          {"{basic: {username: \"\xC3\xA4\", password: {fromSecret: token}}}",
           "spec.config.http.auth.basic.username: \"\xC3\xA4\" has a character that is not ASCII"},
          {"{basic: {username: x}}",
           "spec.config.http.auth.basic.password: must name a Secret in fromSecret"},
          {"{custom: {header: X-Api-Key, value: {fromSecret: token}}}", ""},
          {"{custom: {header: " + times(256) + ", value: {fromSecret: token}}}", ""},
          {"{custom: {header: " + times(257) + ", value: {fromSecret: token}}}",
           "spec.config.http.auth.custom.header: has 257 bytes; at most 256 are allowed"},
          {"{custom: {value: {fromSecret: token}}}",
           "spec.config.http.auth.custom.header: must be set"},
          {"{custom: {header: \"a b\", value: {fromSecret: token}}}",
           "spec.config.http.auth.custom.header: \"a b\" is not the name of a header"},
          {"{custom: {header: Host, value: {fromSecret: token}}}",
           "spec.config.http.auth.custom.header: \"Host\" is set by the gateway itself; see "
           "header.host"},
          {"{custom: {header: x}}",
           "spec.config.http.auth.custom.value: must name a Secret in fromSecret"},
          {"{sigv4: {region: x}}",
           "spec.config.http.auth.sigv4: AWS Signature V4 is not supported by this gateway yet"},
      });
}

TEST_F(ServiceRules, OfHeaders) {
  const std::string header = "{key: X-A, value: b}";
  expect(
      kService + "  config:\n    " + kUpstream + "\n    http:\n      header: ",
      {
          {"{forwardedMode: OBFUSCATE, authorizationMode: PASS, host: {preserve: true}}", ""},
          {"{addRequestHeaders: " + list_of(256, header) + "}", ""},
          {"{addRequestHeaders: " + list_of(257, header) + "}",
           "spec.config.http.header.addRequestHeaders: holds 257 headers; at most 256 are "
           "allowed"},
          {"{addResponseHeaders: " + list_of(256, header) + "}", ""},
          {"{addResponseHeaders: " + list_of(257, header) + "}",
           "spec.config.http.header.addResponseHeaders: holds 257 headers; at most 256 are "
           "allowed"},
          {"{removeRequestHeaders: " + list_of(256, "a") + "}", ""},
          {"{removeRequestHeaders: " + list_of(257, "a") + "}",
           "spec.config.http.header.removeRequestHeaders: holds 257 headers; at most 256 are "
           "allowed"},
          {"{removeResponseHeaders: " + list_of(256, "a") + "}", ""},
          {"{removeResponseHeaders: " + list_of(257, "a") + "}",
           "spec.config.http.header.removeResponseHeaders: holds 257 headers; at most 256 are "
           "allowed"},
          {"{addRequestHeaders: [{key: X-A, value: \"\", append: true}]}", ""},
          {"{addRequestHeaders: [{value: b}]}",
           "spec.config.http.header.addRequestHeaders[0].key: must be set"},
          {"{addRequestHeaders: [{key: \"a:\", value: b}]}",
           "spec.config.http.header.addRequestHeaders[0].key: \"a:\" is not the name of a header"},
          {"{addRequestHeaders: [{key: a}]}",
           "spec.config.http.header.addRequestHeaders[0].value: must be set"},
          {"{addRequestHeaders: [{key: a, value: \"b\\r\\nc: d\"}]}",
           "spec.config.http.header.addRequestHeaders[0].value: \"b\\r\\nc: d\" has a control "
           "character"},
          {"{addRequestHeaders: [{key: a, value: \" b\"}]}",
           "spec.config.http.header.addRequestHeaders[0].value: \" b\" begins or ends with a "
           "blank"},
          {"{addRequestHeaders: [{key: a, value: " + times(8192) + "}]}", ""},
          {"{addRequestHeaders: [{key: a, value: " + times(8193) + "}]}",
           "spec.config.http.header.addRequestHeaders[0].value: has 8193 bytes; at most 8192 are "
           "allowed"},
          {"{addRequestHeaders: [{key: a, eval: b}]}",
           "spec.config.http.header.addRequestHeaders[0].eval: computed header values are not "
           "supported by this gateway yet; use value"},
          {"{addRequestHeaders: [{key: transfer-encoding, value: chunked}]}",
           "spec.config.http.header.addRequestHeaders[0].key: \"transfer-encoding\" is set by the "
           "gateway itself"},
          {"{addResponseHeaders: [{key: Content-Length, value: \"0\"}]}",
           "spec.config.http.header.addResponseHeaders[0].key: \"Content-Length\" is set by the "
           "gateway itself"},
          {"{removeResponseHeaders: [\"\"]}",
           "spec.config.http.header.removeResponseHeaders[0]: must be set"},
          {"{removeRequestHeaders: [Connection]}",
           "spec.config.http.header.removeRequestHeaders[0]: \"Connection\" is set by the gateway "
           "itself"},
          {"{host: {}}", "spec.config.http.header.host: must have preserve or value"},
          {"{host: {value: \"intra.example.com:8080\"}}", ""},
          {"{host: {value: \"a/b\"}}",
           "spec.config.http.header.host.value: \"a/b\" is not a host with or without a port"},
          {"{host: {value: \"\"}}",
           "spec.config.http.header.host.value: \"\" is not a host with or without a port"},
          {"{host: {value: " + times(255) + "}}", ""},
          {"{host: {value: " + times(256) + "}}", "spec.config.http.header.host.value: \"xxx..."},
          {"{host: {eval: x}}",
           "spec.config.http.header.host.eval: computed hosts are not supported by this gateway "
           "yet; use value or preserve"},
      });
}

TEST_F(ServiceRules, OfPaths) {
  expect(
      kService + "  config:\n    " + kUpstream + "\n    http:\n      path: ",
      {
          {"{addPrefix: /v2, removePrefix: /api/}", ""},
          {"{addPrefix: /a%20b%2Fc}", ""},
          {"{addPrefix: /...}", ""},
          {"{addPrefix: /" + times(511) + "}", ""},
          {"{addPrefix: /" + times(512) + "}",
           "spec.config.http.path.addPrefix: has 513 bytes; at most 512 are allowed"},
          {"{removePrefix: /" + times(512) + "}",
           "spec.config.http.path.removePrefix: has 513 bytes; at most 512 are allowed"},
          {"{removePrefix: api}",
           "spec.config.http.path.removePrefix: \"api\" must begin with a slash"},
          {"{addPrefix: /a b}",
           "spec.config.http.path.addPrefix: \"/a b\" has a blank, a control or a non-ASCII "
           "character"},
          {"{addPrefix: \"/a?b=c\"}",
           "spec.config.http.path.addPrefix: \"/a?b=c\" has one of ? # \\, which no path has"},
          {"{addPrefix: /%2}",
           "spec.config.http.path.addPrefix: \"/%2\" has a % that is not followed by two "
           "hexadecimal digits"},
          {"{addPrefix: /a//b}", "spec.config.http.path.addPrefix: \"/a//b\" has an empty segment"},
          {"{addPrefix: /a/..}", "spec.config.http.path.addPrefix: \"/a/..\" has a dot segment"},
          {"{removePrefix: /./a}",
           "spec.config.http.path.removePrefix: \"/./a\" has a dot segment"},
      });
}

TEST_F(ServiceRules, OfBodiesAndResponses) {
  expect(
      kService + "  config:\n    http: ",
      {
          {"{enableRequestBuffering: true, body: {mode: JSON, maxRequestSize: 67108864}}", ""},
          {"{body: {maxRequestSize: 67108865}}",
           "spec.config.http.body.maxRequestSize: 67108865 is more than 67108864 (64 MiB)"},
          {"{body: {validation: {}}}",
           "spec.config.http.body.validation: JSON Schema validation is not supported by this "
           "gateway yet"},
          {"{response: {direct: {inline: hello, contentType: \"text/plain; charset=utf-8\"}}}", ""},
          {"{response: {}}", "spec.config.http.response: must have direct"},
          {"{response: {direct: {}}}",
           "spec.config.http.response.direct: must have inline or inlineBytes"},
          {"{response: {direct: {statusCode: 200, inline: \"\"}}}", ""},
          {"{response: {direct: {statusCode: 599, inline: x}}}", ""},
          {"{response: {direct: {statusCode: 199, inline: x}}}",
           "spec.config.http.response.direct.statusCode: 199 is not between 200 and 599"},
          {"{response: {direct: {statusCode: 600, inline: x}}}",
           "spec.config.http.response.direct.statusCode: 600 is not between 200 and 599"},
          {"{response: {direct: {statusCode: 204, inline: x}}}",
           "spec.config.http.response.direct.statusCode: a response 204 has no body"},
          {"{response: {direct: {statusCode: 204, inline: \"\"}}}", ""},
          {"{response: {direct: {contentType: a/" + times(126) + ", inline: x}}}", ""},
          {"{response: {direct: {contentType: a/" + times(127) + ", inline: x}}}",
           "spec.config.http.response.direct.contentType: has 129 bytes; at most 128 are allowed"},
          {"{response: {direct: {contentType: text, inline: x}}}",
           "spec.config.http.response.direct.contentType: \"text\" is not a media type"},
          {"{response: {direct: {contentType: \"text/plain\\r\\n\", inline: x}}}",
           "spec.config.http.response.direct.contentType: \"text/plain\\r\\n\" is not a media "
           "type"},
          {"{response: {direct: {inline: " + times(50'000) + "}}}", ""},
          {"{response: {direct: {inline: " + times(50'001) + "}}}",
           "spec.config.http.response.direct.inline: has 50001 bytes; at most 50000 are allowed"},
          {"{plugins: [{name: x, lua: {inline: y}}]}",
           "spec.config.http.plugins: plugins are not supported by this gateway yet"},
          {"{cors: {}, retry: {}}",
           "spec.config.http.cors: CORS is not supported by this gateway yet\n"
           "spec.config.http.retry: retries are not supported by this gateway yet"},
      });
  const auto direct = [&](std::size_t bytes) {
    auto message = parse(kService + "  config: {http: {response: {direct: {}}}}");
    static_cast<corev1::Service&>(*message)
        .mutable_spec()
        ->mutable_config()
        ->mutable_http()
        ->mutable_response()
        ->mutable_direct()
        ->set_inlinebytes(times(bytes));
    return problems(std::move(message));
  };
  EXPECT_EQ(direct(35'000), "");
  EXPECT_EQ(direct(35'001),
            "spec.config.http.response.direct.inlineBytes: has 35001 bytes; at most 35000 are "
            "allowed");
}

TEST_F(ServiceRules, OfTheDefaultConfig) {
  expect(kService + "  config: ",
         {
             {"{name: default, " + kUpstream + "}", ""},
             {"{name: other, " + kUpstream + "}",
              "spec.config.name: the default config is named \"default\", not \"other\""},
             {"{parent: default, " + kUpstream + "}",
              "spec.config.parent: the default config has no parent"},
         });
}

TEST_F(ServiceRules, OfNamedConfigs) {
  expect(
      kService + "  dynamicConfig: ",
      {
          {"{configs: [{name: v1}, {name: v2, parent: v1}, {name: v3, parent: default}]}", ""},
          {"{}",
           "spec.dynamicConfig: must hold at least one of configs, or a rule with eval or opa"},
          {"{rules: [{condition: {matchAny: true}, configName: default}]}",
           "spec.dynamicConfig: must hold at least one of configs, or a rule with eval or opa"},
          {"{configs: " + numbered(1000, "{name: cfg", "}") + "}", ""},
          {"{configs: " + numbered(1001, "{name: cfg", "}") + "}",
           "spec.dynamicConfig.configs: holds 1001 configs; at most 1000 are allowed"},
          {"{configs: [{}]}", "spec.dynamicConfig.configs[0].name: \"\" is not a name: ..."},
          {"{configs: [{name: default}]}",
           "spec.dynamicConfig.configs[0].name: \"default\" is the name of spec.config"},
          {"{configs: [{name: v1}, {name: v1}]}",
           "spec.dynamicConfig.configs[1].name: there is another config named \"v1\""},
          {"{configs: [{name: v1, parent: v1}]}",
           "spec.dynamicConfig.configs[0].parent: a config cannot be its own parent"},
          {"{configs: [{name: beta}, {name: v1, parent: betta}]}",
           "spec.dynamicConfig.configs[1].parent: there is no config \"betta\"; did you mean "
           "\"beta\"?"},
          {"{configs: [{name: v1, upstream: {}}]}",
           "spec.dynamicConfig.configs[0].upstream: must have url or loadbalance"},
          {"{configs: [{name: v1, http: {listenHTTP2: true}}]}",
           "spec.dynamicConfig.configs[0].http.listenHTTP2: works in spec.config only: it is "
           "needed before a config is chosen"},
          {"{configs: [{name: v1, http: {enableRequestBuffering: true}}]}",
           "spec.dynamicConfig.configs[0].http.enableRequestBuffering: works in spec.config only: "
           "..."},
          {"{configs: [{name: v1, http: {body: {mode: JSON}}}]}",
           "spec.dynamicConfig.configs[0].http.body: works in spec.config only: ..."},
      });
}

TEST_F(ServiceRules, OfDynamicRules) {
  const std::string rule = "{condition: {matchAny: true}, configName: v1}";
  expect(
      kService + "  dynamicConfig:\n    configs: [{name: v1}]\n    rules: ",
      {
          {list_of(1000, rule), ""},
          {list_of(1001, rule),
           "spec.dynamicConfig.rules: holds 1001 rules; at most 1000 are allowed"},
          {"[{condition: {matchAny: true}, configName: default}]", ""},
          {"[{configName: v1}]",
           "spec.dynamicConfig.rules[0].condition: must be set; `matchAny: true` always matches"},
          {"[{condition: {matchAny: true}}]",
           "spec.dynamicConfig.rules[0]: must have configName, the config to use when the "
           "condition matches, or eval or opa, which compute it"},
          {"[{condition: {matchAny: true}, configName: V1}]",
           "spec.dynamicConfig.rules[0].configName: \"V1\" is not a name: ..."},
          {"[{condition: {matchAny: true}, configName: \"\"}]",
           "spec.dynamicConfig.rules[0].configName: \"\" is not a name: ..."},
          {"[{condition: {matchAny: true}, configName: v2}]",
           "spec.dynamicConfig.rules[0].configName: there is no config \"v2\"; did you mean "
           "\"v1\"?"},
          {"[{condition: {all: {of: [{}]}}, configName: v1}]",
           "spec.dynamicConfig.rules[0].condition.all.of[0]: must have one of..."},
          {"[{condition: {matchAny: true}, eval: \"{}\"}]", ""},
          {"[{condition: {matchAny: true}, opa: x}]", ""},
      });
}

TEST_F(ServiceRules, OfConfigsWithAParentAreThoseOfBothTogether) {
  // The parent has the name, the child the password.
  EXPECT_EQ(problems(kService + R"(
  dynamicConfig:
    configs:
      - {name: base, http: {auth: {basic: {username: u, password: {fromSecret: token}}}}}
      - {name: child, parent: base, http: {auth: {basic: {password: {fromSecret: token}}}}}
)"),
            "");
  // Indexes are those of the file, and what is wrong with the parent is said once.
  EXPECT_EQ(problems(kService + R"(
  dynamicConfig:
    configs:
      - {name: base, http: {header: {removeRequestHeaders: [a, "b c"]}}}
      - {name: child, parent: base, http: {header: {removeRequestHeaders: [d, "e f"]}}}
)"),
            "spec.dynamicConfig.configs[0].http.header.removeRequestHeaders[1]: \"b c\" is not the "
            "name of a header\n"
            "spec.dynamicConfig.configs[1].http.header.removeRequestHeaders[1]: \"e f\" is not the "
            "name of a header");
  // Lists are joined, and the limit is that of the whole.
  EXPECT_EQ(problems(kService + "  dynamicConfig:\n    configs:\n" +
                     "      - {name: base, http: {header: {removeRequestHeaders: " +
                     list_of(200, "a") + "}}}\n" +
                     "      - {name: child, parent: base, http: {header: {removeRequestHeaders: " +
                     list_of(57, "a") + "}}}\n"),
            "spec.dynamicConfig.configs[1].http.header.removeRequestHeaders: holds 257 headers; at "
            "most 256 are allowed");
}

TEST_F(ServiceRules, AManagedServiceNeedsNoConfig) {
  EXPECT_EQ(problems("kind: Service\nmetadata: {name: api}\nspec: {mode: GRPC}\nstatus: "
                     "{managedService: {type: apiserver}}"),
            "");
}

TEST_F(ServiceRules, AnUpdateDoesNotLookAtThePlaceAgain) {
  const std::string service =
      "kind: Service\nmetadata: {name: prod}\nspec: {mode: HTTP, config: {}}";
  EXPECT_EQ(problems_of_update(service, service), "");
}

TEST_F(ServiceRules, OfUnknownNumbers) {
  auto message = parse(kService + "  config: {http: {header: {}, body: {}}}");
  auto& http =
      *static_cast<corev1::Service&>(*message).mutable_spec()->mutable_config()->mutable_http();
  using Http = corev1::Service::Spec::Config::HTTP;
  http.mutable_header()->set_forwardedmode(static_cast<Http::Header::ForwardedMode>(9));
  http.mutable_header()->set_authorizationmode(static_cast<Http::Header::AuthorizationMode>(9));
  http.mutable_body()->set_mode(static_cast<Http::Body::Mode>(9));
  EXPECT_EQ(problems(std::move(message)),
            "spec.config.http.header.forwardedMode: must be DROP, OBFUSCATE or TRANSPARENT\n"
            "spec.config.http.header.authorizationMode: must be PASS or DELETE\n"
            "spec.config.http.body.mode: must be JSON");
}

TEST_F(ServiceRules, ServicesOfTheGuideAreAccepted) {
  references.add(
      "{kind: Secret, metadata: {name: access-token-1}, data: {value: x}}\n---\n"
      "{kind: Secret, metadata: {name: access-token-2}, data: {value: x}}");
  const std::string service =
      "kind: Service\nmetadata: {name: my-api}\nspec: {mode: HTTP, isPublic: true, ";
  EXPECT_EQ(problems(service +
                     "port: 80, config: {upstream: {url: \"http://my-api.default.svc:8080\"}}}"),
            "");
  EXPECT_EQ(problems(service + R"(dynamicConfig: {
    configs: [
      {name: v1, upstream: {url: "https://apiv1.example.com"},
       http: {auth: {bearer: {fromSecret: access-token-1}}}},
      {name: v2, upstream: {url: "https://apiv2.example.com"}, http: {path: {removePrefix: /v2}}}],
    rules: [{condition: {match: 'ctx.request.http.path.startsWith("/v1")'}, configName: v1}]}})"),
            "");
}

}  // namespace
}  // namespace resource
