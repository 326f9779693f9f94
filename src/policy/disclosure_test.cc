#include "policy/disclosure.h"

#include <gtest/gtest.h>

namespace policy {
namespace {

using Kind = ExpressionDisclosure::Kind;

Kind kind_of(std::string_view source, std::string_view part = {}) {
  const std::size_t at = part.empty() ? 0 : source.find(part);
  EXPECT_NE(at, std::string_view::npos) << part;
  return ExpressionDisclosure(source).of(at, at + (part.empty() ? source.size() : part.size()));
}

TEST(Disclosure, OfAScriptHidesWhatMayBeFromWhatItReads) {
  using Reads = std::vector<RegoRead>;
  const auto of = [](const Reads& reads, std::string_view part, std::string_view script = {}) {
    return ScriptDisclosure(script, reads).of(part);
  };
  const Reads kPath = {{{"ctx", "request", "http", "path"}, {}}, {{"ctx", "user"}, {}}};
  const Reads kBody = {{{"ctx", "request", "http", "path"}, {}},
                       {{"ctx", "request", "http", "bodyMap", "age"}, {}}};
  const Reads kAll = {{{}, {}}};
  EXPECT_EQ(of(kPath, "x"), Kind::kShown);
  EXPECT_EQ(of(kBody, "x"), Kind::kBody);
  EXPECT_EQ(of(kBody, "lower(input.ctx.request.http.path)"), Kind::kBody);
  EXPECT_EQ(of(kBody, "input.ctx.request.http.path"), Kind::kShown);
  EXPECT_EQ(of(kBody, R"(input["ctx"].request["http"].path)"), Kind::kShown);
  EXPECT_EQ(of(kBody, R"(startswith("with"))", R"(startswith("with"))"), Kind::kBody);
  EXPECT_EQ(of(kBody, "input.ctx.request.http.path", "a with input.ctx as b"), Kind::kBody);
  EXPECT_EQ(of(kBody, "input.ctx.user", "f(input) if input.ctx.user"), Kind::kBody);
  EXPECT_EQ(of(kBody, "input.ctx.user", "every input in x { input.ctx.user }"), Kind::kBody);
  EXPECT_EQ(of(kBody, "input.ctx.user", "f(an_input, inputs) if input.ctx.user"), Kind::kShown);
  EXPECT_EQ(of(kBody, "input.ctx.request.http[x]"), Kind::kBody);
  EXPECT_EQ(of(kBody, "input.ctx.request.http.path :@ x"), Kind::kBody);
  EXPECT_EQ(of(kAll, "x"), Kind::kCredential);
  EXPECT_EQ(of({{{"ctx"}, {}}}, "x"), Kind::kCredential);
  EXPECT_EQ(of({{{"ctx", "request", "http", "headers"}, {}}}, "x"), Kind::kCredential);
  EXPECT_EQ(of({{{"ctx", "request", "http", "headers", "x-team"}, {}}}, "x"), Kind::kShown);
  EXPECT_EQ(of(kAll, R"(input.ctx.request.http.headers["cookie"])"), Kind::kCredential);
  EXPECT_EQ(of(kAll, "input.attrs.k"), Kind::kShown);
  EXPECT_EQ(of(kAll, "input"), Kind::kCredential);
}

TEST(Disclosure, HidesByWhatIsNamed) {
  const struct {
    std::string_view source;
    Kind kind;
  } cases[] = {
      {R"(ctx.request.http.method == "GET")", Kind::kShown},
      {R"(ctx.request.http.headers["x-team"])", Kind::kShown},
      {R"(ctx.request.http.headers.accept)", Kind::kShown},
      {R"(ctx.request.http.headers[?"x-team"].orValue(""))", Kind::kShown},
      {R"(ctx.request.http.headers["authorization"])", Kind::kCredential},
      {R"(ctx.request.http.headers["Author" + "ization"])", Kind::kCredential},
      {R"(ctx.request.http.headers["\x61uthorization"])", Kind::kCredential},
      {R"(ctx["request"]["http"]["headers"]["Cookie"])", Kind::kCredential},
      {R"(ctx.request.http.headers.Cookie)", Kind::kCredential},
      {R"(ctx.request.http.headers.?cookie)", Kind::kCredential},
      {R"(.ctx.request.http.headers["authorization"])", Kind::kCredential},
      {R"(true && .ctx.request.http.bodyMap.age > 18)", Kind::kBody},
      {R"(.ctx.user.metadata.name)", Kind::kShown},
      {R"(ctx.request.http.queryParams["sig"])", Kind::kCredential},
      {R"(ctx.request.http.queryParams["code"])", Kind::kCredential},
      {R"(ctx.request.http.queryParams["PHPSESSID"])", Kind::kCredential},
      {R"(ctx.request.http.headers["x-passphrase"])", Kind::kCredential},
      {R"(ctx.request.http.queryParams["SAMLResponse"])", Kind::kCredential},
      {R"(ctx.request.http.headers["X-Api-Key"].size())", Kind::kCredential},
      {R"(ctx.request.http.headers["x-octelium-auth"])", Kind::kCredential},
      {R"(ctx.request.http.headers["proxy-authorization"])", Kind::kCredential},
      {R"(ctx.request.http.headers)", Kind::kCredential},
      {R"(ctx.request.http.headers[ctx.user.metadata.name])", Kind::kCredential},
      {R"(ctx.request.grpc.http.headers["set-cookie"])", Kind::kCredential},
      {R"(ctx.request.grpc.method)", Kind::kShown},
      {R"(ctx.request.http)", Kind::kCredential},
      {R"(ctx.request)", Kind::kCredential},
      {R"(ctx)", Kind::kCredential},
      {R"(ctx["req" + "uest"])", Kind::kCredential},
      {R"(ctx.request.http.uri)", Kind::kCredential},
      {R"(ctx.request.http.queryParams["page"])", Kind::kShown},
      {R"(ctx.request.http.queryParams["access_token"])", Kind::kCredential},
      {R"(ctx.request.http.queryParams)", Kind::kCredential},
      {R"(ctx.request.http.headerValues["x-team"].size())", Kind::kShown},
      {R"(ctx.request.http.headerValues["Authorization"][0])", Kind::kCredential},
      {R"(ctx.request.http.headerValues.Cookie)", Kind::kCredential},
      {R"(ctx.request.http.headerValues)", Kind::kCredential},
      {R"(ctx.request.http.headerValues[ctx.user.metadata.name])", Kind::kCredential},
      {R"(ctx.request.grpc.http.headerValues["x-api-key"])", Kind::kCredential},
      {R"("b" in ctx.request.http.queryParamValues["tag"])", Kind::kShown},
      {R"(ctx.request.http.queryParamValues["access_token"])", Kind::kCredential},
      {R"(ctx.request.http.queryParamValues)", Kind::kCredential},
      {R"(ctx.request.http.bodyMap.age > 18)", Kind::kBody},
      {R"(string(ctx.request.http.body))", Kind::kBody},
      {R"(ctx.user.spec.groups.hasAll("dev"))", Kind::kShown},
      {R"(ctx.user.spec.groups.exists(g, g == "token"))", Kind::kShown},
      {R"("ctx.request.http.body")", Kind::kShown},
  };
  for (const auto& c : cases) EXPECT_EQ(kind_of(c.source), c.kind) << c.source;
}

TEST(Disclosure, HidesOnlyThePartsThatNameIt) {
  const std::string_view source =
      R"(ctx.request.http.method == "GET" && ctx.request.http.bodyMap.age > 18)";
  EXPECT_EQ(kind_of(source, "ctx.request.http.method"), Kind::kShown);
  EXPECT_EQ(kind_of(source, "ctx.request.http.bodyMap.age"), Kind::kBody);
  EXPECT_EQ(kind_of(source, "ctx.request.http.bodyMap.age > 18"), Kind::kBody);
}

TEST(Disclosure, CutsMessagesBeforeWhatTheyQuote) {
  EXPECT_EQ(without_quote("1:5: not an IP address: x: y"), "1:5: not an IP address");
  EXPECT_EQ(without_quote("1:5: no such overload"), "1:5: no such overload");
  EXPECT_EQ(without_quote("the body is too deep"), "the body is too deep");
  const struct {
    std::string_view error;
    std::string_view rest;
  } cases[] = {
      {"3:1: `floor` expects numeric argument. Got `x` instead",
       "3:1: `floor` expects numeric argument"},
      {"3:1: `io.jwt.decode` expects `x`", "3:1: `io.jwt.decode` expects"},
      {"3:1: `hush hush` is no name", "3:1: the script failed"},
      {"3:1: Error parsing hush", "3:1: the script failed"},
      {"12:34: divide by zero", "12:34: divide by zero"},
      {"divide by zero", "divide by zero"},
      {"the result has no form in JSON: x", "the script failed"},
      {"hush: 3:1: divide by zero", "the script failed"},
      {"123", "the script failed"},
      {"", "the script failed"},
      {"3:1: `", "3:1: the script failed"},
  };
  for (const auto& c : cases) EXPECT_EQ(without_rego_quote(c.error), c.rest) << c.error;
}

TEST(Disclosure, HidesLocalVariablesBesideAnythingHidden) {
  const std::string_view source =
      R"(ctx.request.http.headers.exists(h, h.startsWith("x")) && ctx.user.metadata.name == "a")";
  EXPECT_EQ(kind_of(source, R"(h.startsWith("x"))"), Kind::kCredential);
  EXPECT_EQ(kind_of(source, "ctx.user.metadata.name"), Kind::kShown);
  EXPECT_EQ(kind_of("cel.bind(b, ctx.request.http.bodyMap, b.age > 18)", "b.age"), Kind::kBody);
  EXPECT_EQ(kind_of("cel.bind(attrs, ctx.request.http.bodyMap, attrs.age > 18)", "attrs.age"),
            Kind::kBody);
  EXPECT_EQ(kind_of("[ctx.request.http.bodyMap].exists(ctx, ctx.user == 1)", "ctx.user"),
            Kind::kCredential);
  EXPECT_EQ(kind_of("attrs.min > ctx.request.http.bodyMap.age", "attrs.min"), Kind::kShown);
}

}  // namespace
}  // namespace policy
