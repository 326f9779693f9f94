#include "policy/config_shape.h"

#include <gtest/gtest.h>

namespace policy {
namespace {

std::string fault(std::string_view expression) {
  return find_config_fault(expression).value_or("");
}

TEST(ConfigShape, WhatIsWrittenOutIsHeldAgainstTheSchema) {
  EXPECT_EQ(fault(R"({"upstraem": {"url": "http://" + ctx.user.metadata.name}})"),
            "1:2: unknown field \"upstraem\" of a config; did you mean \"upstream\"?\n"
            " {\"upstraem\": {\"url\": \"http://\" + ctx.user.metadata.name}}\n"
            "  ^");
  const struct {
    const char* expression;
    const char* fault;
  } kRows[] = {
      {R"({"upstream": {"uri": "x"}})",
       "1:15: unknown field \"uri\" of upstream; did you mean \"url\"?"},
      {R"({"http": {"header": {"addRequestHeaders": [{"key": "a", "value": "b"}, {"name": "c"}]}}})",
       "1:73: unknown field \"name\" of http.header.addRequestHeaders[1]"},
      {R"({"upstream": "http://up.test"})", "1:14: upstream is a map"},
      {R"({"upstream": ["http://up.test"]})", "1:14: upstream is a map"},
      {R"({"upstream": {"url": {"x": 1}}})", "1:22: upstream.url is no map"},
      {R"({"upstream": {"url": ["x"]}})", "1:22: upstream.url is no list"},
      {R"({"tls": {"trustedCAs": "x"}})", "1:24: tls.trustedCAs is a list"},
      {R"({"tls": {"trustedCAs": [["x"]]}})", "1:25: tls.trustedCAs[0] is no list"},
      {R"({"upstream": {"url": "a", "loadbalance": {}}})",
       "1:27: \"loadbalance\" and \"url\" exclude each other; give one of them"},
      {R"({"http": {"cors": {}}})", "1:11: http.cors: CORS is not supported by this gateway yet"},
      {R"({"http": {"header": {"host": {"eval": "x"}}}})",
       "1:31: http.header.host.eval: computed hosts are not supported"},
      // Through what only chooses or names.
      {R"(ctx.request.ip == "" ? {"name": "a"} : {"nam": "b"})",
       "1:41: unknown field \"nam\" of a config; did you mean \"name\"?"},
      {R"(cel.bind(x, "http://a", {"upstream": true ? {"url": x} : {"ur": x}}))",
       "1:59: unknown field \"ur\" of upstream; did you mean \"url\"?"},
      {"{\n  \"upstream\": {\n    \"ulr\": \"x\"\n  }\n}",
       "3:5: unknown field \"ulr\" of upstream"},
  };
  for (const auto& row : kRows)
    EXPECT_EQ(fault(row.expression).substr(0, std::string_view(row.fault).size()), row.fault)
        << row.expression;
}

TEST(ConfigShape, WhatOnlyShowsWhenItRunsIsLeftAlone) {
  for (
      const char* expression : {
          "{}",
          "ctx.user.spec.attrs.config",
          R"({"upstream": ctx.user.spec.attrs.upstream})",
          R"({ctx.user.metadata.name: 1})",
          R"({"upstream": {"url": ctx.user.spec.attrs.url}, "http": null})",
          R"({"tls": {"trustedCAs": ctx.user.spec.attrs.cas}})",
          R"({"tls": {"trustedCAs": ["a" + "b"]}})",
          R"({"auth": {"bearer": {"fromSecret": "token"}}})",  // an alias
          R"({"http": {"header": {"addRequestHeaders": ["a", "b"].map(k, {"key": k, "value": k})}}})",
          R"({?"upstream": optional.none(), "name": "a"})",
          R"({"http": {"response": {"direct": {"inlineBytes": b"x", "statusCode": 200}}}})",
      })
    EXPECT_EQ(fault(expression), "") << expression;
}

}  // namespace
}  // namespace policy
