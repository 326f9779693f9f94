#include "policy/condition.h"

#include <ostream>

#include "policy/testkit_test.h"

namespace policy {
namespace {

// Refused: when it is written. Otherwise what evaluation gives.
enum class Result { kTrue, kFalse, kError, kRefused };

std::ostream& operator<<(std::ostream& out, Result result) {
  constexpr const char* kNames[] = {"true", "false", "error", "refused"};
  return out << kNames[static_cast<int>(result)];
}

constexpr auto T = Result::kTrue;
constexpr auto F = Result::kFalse;
constexpr auto ERR = Result::kError;
constexpr auto REJ = Result::kRefused;

Result evaluate(World& world, const corev1::Condition& condition,
                const google::protobuf::Struct* attrs = nullptr,
                ContextSchema::Attrs bound = ContextSchema::Attrs::kBound) {
  std::vector<resource::Problem> problems;
  const auto compiled = Condition::compile(condition, bound, "condition", &problems);
  if (!problems.empty()) return REJ;
  RequestContext context(world.request(), world.subject(), world.now);
  context.set_attrs(attrs);
  switch (compiled.evaluate(context)) {
    case Condition::Outcome::kMatch:
      return T;
    case Condition::Outcome::kNoMatch:
      return F;
    case Condition::Outcome::kError:
      break;
  }
  return ERR;
}

corev1::Condition match(std::string_view expression) {
  corev1::Condition condition;
  condition.set_match(std::string(expression));
  return condition;
}

struct Case {
  const char* expression;
  Result expected;
};

class Expressions : public testing::Test {
 protected:
  void expect(std::initializer_list<Case> cases) {
    for (const Case& each : cases) {
      SCOPED_TRACE(each.expression);
      EXPECT_EQ(evaluate(world, match(each.expression), &attrs), each.expected);
    }
  }
  Result negated(std::string_view expression) {
    corev1::Condition condition;
    condition.set_not_(std::string(expression));
    return evaluate(world, condition, &attrs);
  }

  World world;
  google::protobuf::Struct attrs =
      from_yaml<corev1::Policy::Spec>("attrs: {ports: [80, 443], empty: [], k1: v1, flag: true}")
          .attrs();
};

TEST_F(Expressions, ReadTheUserAndTheGroups) {
  expect({
      {R"(ctx.user.metadata.name == "alice")", T},
      {R"("dev" in ctx.user.spec.groups)", T},
      {R"(ctx.user.spec.groups.hasAny(["sec", "ops"]))", T},
      {R"(ctx.user.spec.groups.hasAll(["dev", "sec"]))", F},
      {R"(ctx.user.spec.groups.hasAll("dev", "ops"))", T},
      {R"(ctx.user.spec.groups.hasAll("dev", "sec"))", F},
      {R"(ctx.user.spec.groups.hasAll([]))", T},
      {R"(ctx.user.spec.groups.hasAny([]))", F},
      {R"(ctx.groups.exists(g, g.metadata.name == "ops"))", T},
      {R"(ctx.groups.size() == 2)", T},
      {R"(ctx.groups[1].metadata.name == "ops")", T},
      {R"(ctx.user.spec.groups[5] == "x")", F},
      {R"(ctx.user.spec.email.toLower().endsWith("@example.com"))", T},
      {R"(ctx.user.metadata.name.toUpper() == "ALICE")", T},
      {R"("user-%s".format([ctx.user.metadata.name]) == "user-alice")", T},
      {R"(cel.bind(g, ctx.user.spec.groups, "dev" in g && "ops" in g))", T},
  });
}

// Whoever sends the request chooses how much there is to search.
TEST_F(Expressions, PayForTheWayThroughALargeBody) {
  std::string keys = "{\"k\": 1";
  for (int i = 0; i < 150'000; ++i) keys += ",\"" + std::to_string(i) + "\":1";
  keys += "}";
  world.set_body(keys);
  expect({
      {R"(ctx.request.http.bodyMap.k == 1 && ctx.request.http.bodyMap["149999"] == 1.0)", T},
      {R"(ctx.request.http.bodyMap.all(k, k.size() > 0))", T},
      {R"(ctx.request.http.bodyMap.all(k, ctx.request.http.bodyMap[k] == 1.0))", ERR},
      {R"(ctx.request.http.bodyMap.all(k, has(ctx.request.http.bodyMap.none) == false))", ERR},
      {R"(ctx.request.http.bodyMap.all(k, !(k + "x" in ctx.request.http.bodyMap)))", ERR},
      {R"(ctx.request.http.bodyMap == ctx.request.http.bodyMap)", ERR},
  });
  std::string elements = "{\"a\": [1";
  for (int i = 0; i < 500'000; ++i) elements += ",1";
  elements += "]}";
  world.set_body(elements);
  expect({
      {R"(ctx.request.http.bodyMap.a[5] == 1.0 && ctx.request.http.bodyMap.a[499999] == 1.0)", T},
      {R"(lists.range(100000).all(i, ctx.request.http.bodyMap.a[400000 + i] == 1.0))", ERR},
      {R"(lists.range(100000).all(i, ctx.request.http.bodyMap.a.last() == optional.of(1.0)))", ERR},
  });
}

TEST_F(Expressions, ReadZerosAndMissWhatIsUnset) {
  expect({
      {R"(has(ctx.device) && ctx.device.status.osType == "LINUX")", F},
      {R"(!has(ctx.device))", T},
      {R"(!has(ctx.device.status))", F},
      {R"(ctx.session.status.isBrowser == false)", T},
      {R"(has(ctx.session.status.isBrowser))", F},
      {R"("isBrowser" in ctx.session.status)", F},
      {R"("type" in ctx.session.status && "session" in ctx && !("device" in ctx))", T},
      {R"(cel.bind(s, ctx.session.status, has(s.isBrowser) || "isBrowser" in s))", F},
      {R"(ctx.session.status.isBrowser || true)", T},
      {R"(ctx.session.status.totalConnections == 0)", T},
      {R"(ctx.session.status.scopes.size() == 0)", T},
      {R"(ctx.session.status.connection.type == "X")", F},
      {R"(ctx.service.spec.isPublic)", T},
      {R"(has(ctx.service.spec.isPublic))", T},
      {R"(ctx.service.spec.config.upstream.url == "")", F},
      {R"(ctx.device.status.osType != "LINUX")", F},
  });
  EXPECT_EQ(negated("ctx.session.status.isBrowser"), T);
  EXPECT_EQ(negated("ctx.device.status.isLocked"), T);
  EXPECT_EQ(negated("ctx.user.spec.isDisabled == false"), F);
}

TEST_F(Expressions, SeeValuesAsJsonHasThem) {
  world.session.mutable_status()
      ->mutable_authentication()
      ->mutable_accesstokenduration()
      ->set_hours(4);
  world.user.mutable_metadata()->mutable_createdat()->set_nanos(120'000'000);
  (*world.user.mutable_metadata()->mutable_labels())["team"] = "blue";
  expect({
      {R"(ctx.user.spec.type == "HUMAN")", T},
      {R"(ctx.user.spec.type == 1)", F},
      {R"(ctx.service.spec.port == 8080)", T},
      {R"(ctx.service.spec.port in [80, 8080])", T},
      {R"(ctx.service.spec.port > 1024)", T},
      {R"(ctx.service.spec.port + 1 == 8081)", ERR},
      {R"(int(ctx.service.spec.port) + 1 == 8081)", T},
      {R"(ctx.session.status.authentication.info.aal in ["AAL2", "AAL3"])", T},
      {R"(ctx.session.status.authentication.setAt == "2026-01-01T00:00:00Z")", T},
      {R"(ctx.user.metadata.createdAt == "1970-01-01T00:00:00.120Z")", T},
      {R"(ctx.session.status.authentication.accessTokenDuration.hours == 4)", T},
      {R"(ctx.session.status.authentication.accessTokenDuration.days == 0)", F},
      {R"(now() - timestamp(ctx.session.status.authentication.setAt) > duration("1s"))", T},
      {R"(time.isWeekend(ctx.session.status.authentication.setAt))", ERR},
      {R"(ctx.service.status.regionRef.name == "default")", T},
      {R"(ctx.namespace.metadata.name == "default")", T},
      {R"(ctx.user.metadata.labels["team"] == "blue")", T},
      {R"(ctx.user.metadata.labels.team == "blue")", T},
      {R"(ctx.user.metadata.labels["nope"] == "blue")", F},
      {R"(ctx.user.metadata.labels.size() == 1)", T},
      {R"(ctx.user.metadata.labels.all(k, k == "team"))", T},
  });
}

TEST_F(Expressions, ReadStructs) {
  expect({
      {R"(ctx.user.spec.attrs.level > 2)", T},
      {R"(ctx.user.spec.attrs.regions.hasAny(["eu"]))", T},
      {R"(ctx.user.spec.attrs.nick == null)", T},
      {R"(ctx.user.spec.attrs.nick.first == "x")", F},
      {R"(ctx.user.spec.attrs.nothing == "x")", F},
      {R"(ctx.user.spec.attrs.exists(k, k == "level"))", T},
      {R"(ctx.user.spec.attrs.size() == 3)", T},
      {R"(attrs.ports.hasAny([80.0]) && 443 in attrs.ports && attrs.ports.min() == 80)", T},
      {R"(attrs.empty.min() > 0)", ERR},
      {R"(attrs.k1 == "v1" && attrs.flag)", T},
      {R"(attrs["k1"] == "v1")", T},
      {R"(attrs.nothing == "v1")", F},
  });
}

TEST_F(Expressions, ReadTheRequest) {
  expect({
      {R"(ctx.request.http.method in ["GET", "HEAD"])", T},
      {R"(ctx.request.http.headers["x-team"] == "blue")", T},
      {R"(ctx.request.http.headers["X-Team"] == "blue")", T},
      {R"(ctx.request.http.headers["x-none"] == "blue")", F},
      {R"(has(ctx.request.http.headers.host))", F},
      {R"("x-team" in ctx.request.http.headers)", T},
      {R"("host" in ctx.request.http.headers)", F},
      {R"(ctx.request.http.headers["x-" + "team"] == "blue")", T},
      {R"(ctx.request.http.headers["x-role"] == "b")", F},
      {R"(ctx.request.http.headers["x-role"] == "a")", T},
      {R"(ctx.request.http.headers.size() == 3)", T},
      {R"(ctx.request.http.headers.all(k, k in ["accept", "x-team", "x-role"]))", T},
      {R"(ctx.request.http.queryParams["tag"] == "a")", T},
      {R"(ctx.request.http.queryParams.page == "2")", T},
      {R"(ctx.request.http.queryParams.page == 2)", F},
      {R"(ctx.request.http.queryParams.none == "")", F},
      {R"(ctx.request.http.queryParams.size() == 2)", T},
      {R"(ctx.request.http.uri == "/v1/items?page=2&tag=a&tag=b")", T},
      {R"(ctx.request.http.path.matches("items"))", T},
      {R"(ctx.request.http.path.split("/")[1] == "v1")", T},
      {R"(ctx.request.http.scheme == "https")", T},
      {R"(ctx.request.http.host == "api.example.com")", T},
      {R"(ctx.request.http.size == "0")", T},
      {R"(ctx.request.grpc.method == "GetUser")", F},
      {R"(has(ctx.request.http) && !has(ctx.request.grpc))", T},
      {R"(!has(ctx.request.ssh) && !has(ctx.request.mcp))", T},
      {R"(!has(ctx.request.ssh.connect))", F},
      {R"(!has(ctx.request.mcp.http.headers.accept))", F},
      {R"(!has(ctx.request.kubernetes.http.path))", F},
      {R"(ctx.request.mcp.method == "tools/call")", F},
      {R"(net.isIPInRange(ctx.request.ip, "203.0.113.0/24"))", T},
      {R"(net.isIPInRange("bad", "10.0.0.0/8"))", ERR},
      {R"(net.isIPv4("2001:db8::1"))", F},
      {R"(net.isPrivateIP("172.20.3.4") && !net.isPrivateIP("127.0.0.1"))", T},
  });
  world.view.client_ip = {};
  expect({{R"(net.isIPInRange(ctx.request.ip, "203.0.113.0/24"))", F}});
}

TEST_F(Expressions, ReadGrpcRequestsInTheirOwnPlace) {
  world.make_grpc("octelium.api.main.core.v1", "MainService", "ListUser");
  expect({
      {R"(ctx.request.grpc.method.startsWith("List"))", T},
      {R"(ctx.request.grpc.package == "octelium.api.main.core.v1")", T},
      {R"(ctx.request.grpc.service == "MainService")", T},
      {R"(ctx.request.grpc.serviceFullName == "octelium.api.main.core.v1.MainService")", T},
      {R"(ctx.request.grpc.http.path == "/v1/items")", T},
      {R"(ctx.request.grpc.http.headers["x-team"] == "blue")", T},
      {R"(ctx.request.http.path == "/v1/items")", F},
      {R"(has(ctx.request.grpc) && !has(ctx.request.http))", T},
      {R"(has(ctx.request.http.path))", F},
  });
  // Messages are no JSON: bodyMap is missing from the whole, and an error where it is named.
  world.set_body(std::string_view("\0\0\0\0\1x", 6));
  expect({
      {R"(json.marshal(ctx.request).contains("ListUser"))", T},
      {R"(ctx.request.grpc.http.exists(k, k == "body") && ctx.request.grpc.http.size == 6)", T},
      {R"(ctx.request.grpc.http.exists(k, k == "bodyMap"))", F},
      {R"(ctx.request.grpc.http.bodyMap.a == 1)", ERR},
  });
}

TEST_F(Expressions, ReadWholePartsOfTheContext) {
  expect({
      {R"(ctx["user"]["metadata"]["name"] == "alice")", T},
      {R"(ctx["us" + "er"].metadata.name == "alice")", T},
      {R"("device" in ctx)", F},
      {R"(ctx.request["http"].method == "GET")", T},
      {R"(ctx.user.spec == ctx.user.spec)", T},
      {R"(json.marshal(ctx.request.http.queryParams) == "{\"page\":\"2\",\"tag\":\"a\"}")", T},
  });
}

TEST_F(Expressions, ReadALengthThatNobodyKnows) {
  world.view.content_length = -1;
  expect({
      {"ctx.request.http.size == -1", T},
      {"ctx.request.http.size < 0 || ctx.request.http.size > 1000000", T},
      {"ctx.request.http.size > 1000000", F},
      {"has(ctx.request.http.size)", T},
  });
}

TEST_F(Expressions, DecodeQueries) {
  world.view.query = "a=1+2&b%20c=x%2fy&bad=%zz&=empty&flag&a=3&d;e=f&bad2=%4&%41=upper";
  expect({
      {R"(ctx.request.http.queryParams.a == "1 2")", T},
      {R"(ctx.request.http.queryParams["b c"] == "x/y")", T},
      {R"("bad" in ctx.request.http.queryParams)", F},
      {R"("bad2" in ctx.request.http.queryParams)", F},
      {R"(ctx.request.http.queryParams.bad == "")", F},
      {R"(ctx.request.http.queryParams.flag == "")", T},
      {R"(has(ctx.request.http.queryParams.flag))", T},
      {R"(ctx.request.http.queryParams["d;e"] == "f")", T},
      {R"(ctx.request.http.queryParams["A"] == "upper")", T},
      {R"(ctx.request.http.queryParams[""] == "empty")", T},
  });
}

TEST_F(Expressions, ReadBodies) {
  world.set_body(R"({"action":"delete","count":5,"tags":["a","b"],"deep":{"x":null}})");
  expect({
      {R"(ctx.request.http.bodyMap.action == "delete" && ctx.request.http.bodyMap.count == 5)", T},
      {R"(ctx.request.http.bodyMap.tags.hasAll("a", "b"))", T},
      {R"(ctx.request.http.bodyMap.tags[1] == "b")", T},
      {R"(ctx.request.http.bodyMap.tags.exists(t, t == "b"))", T},
      {R"(ctx.request.http.bodyMap.deep.x == null)", T},
      {R"(ctx.request.http.bodyMap.nothing == "x")", F},
      {R"(ctx.request.http.bodyMap.map(k, k).size() == 4)", T},
      {R"(int(ctx.request.http.size) == 64)", T},
      {R"(ctx.request.http.size > 10)", T},
      {R"(ctx.request.http.body.contains("delete"))", F},
      {R"(string(base64.decode(ctx.request.http.body)).contains("delete"))", T},
      {R"(json.parse(string(base64.decode(ctx.request.http.body))).count == 5)", T},
  });
  world.view.body.reset();
  expect({
      {R"(ctx.request.http.bodyMap.action == "delete")", F},
      {R"(has(ctx.request.http.body) || has(ctx.request.http.bodyMap))", F},
  });
  // Nothing is an object without members: a rule that misses a member there finds that out.
  for (const char* nothing : {"", "null"}) {
    world.set_body(nothing);
    expect({
        {R"(has(ctx.request.http.bodyMap) && ctx.request.http.bodyMap == {})", T},
        {R"(!has(ctx.request.http.bodyMap.approved))", T},
        {R"(ctx.request.http.bodyMap.action == "delete")", F},
    });
  }
  world.set_body("");
  expect({{R"(ctx.request.http.body == "" && !has(ctx.request.http.body))", T}});
}

TEST_F(Expressions, RefuseBodiesThatTwoReadersCouldTakeForDifferentOnes) {
  const std::string deep = "{\"a\":" + std::string(64, '[') + std::string(64, ']') + "}";
  const std::string large = "{\"a\":\"" + std::string(2 << 20, 'x') + "\"}";
  for (const std::string& body :
       {std::string("[1]"), std::string("{oops"), std::string("7"), std::string(R"({"a":1,"a":2})"),
        std::string(R"({"b":[{"a":1,"\u0061":2}]})"), std::string(R"({"a":1} x)"), deep, large,
        std::string("{\"a\":\"\xff\"}"), std::string(R"({"a":1e999})")}) {
    SCOPED_TRACE(body.substr(0, 60));
    world.set_body(body);
    EXPECT_EQ(evaluate(world, match("ctx.request.http.bodyMap.a == 1")), ERR);
    // Nor is it left out of what is read as a whole.
    for (const char* whole :
         {R"(json.marshal(ctx.request).contains("a"))", R"("bodyMap" in ctx.request["h" + "ttp"])",
          "cel.bind(h, ctx.request.http, has(h.bodyMap))",
          "cel.bind(h, ctx.request.http, h.?bodyMap.a.orValue(2) == 1)",
          R"(ctx.request.http.exists(k, v, k == "bodyMap" && v.a == 1))",
          R"("%s".format([ctx.request.http]) == "")", "ctx.request.http == ctx.request.http"})
      EXPECT_EQ(evaluate(world, match(whole)), ERR) << whole;
  }
}

TEST_F(Expressions, AreRefusedWhenTheyCannotBeRight) {
  expect({
      {R"(ctx.user.spec.nothing == "x")", REJ},
      {R"(ctx.region == "default")", REJ},
      {R"(ctx.groups.metadata == "x")", REJ},
      {R"(ctx.user.metadata.name.toTitle() == "Alice")", REJ},
      {R"(user.metadata.name == "alice")", REJ},
      {R"("1" == 1)", REJ},
      {R"(1 < 2.0)", REJ},
      {R"(1 = 1)", REJ},
      {R"(has(ctx))", REJ},
      {R"(!!!!)", REJ},
      {R"(((()", REJ},
      {R"(1 + 1)", REJ},
      {R"( )", REJ},
      {R"(ctx.user.spec.email.matches("["))", REJ},
      {R"(timestamp("nope") < now())", REJ},
      {R"(ctx.groups.exists(g, g.metadata.nam == "ops"))", REJ},
  });
}

TEST_F(Expressions, FailWhenTypesDoNotFit) {
  expect({
      {R"(ctx.user.metadata.name > 5)", ERR},
      {R"(ctx.user.metadata.name > 5 || true)", T},
      {R"(ctx.user.metadata.name)", ERR},
      {R"(json.parse("[1]").size() == 1)", ERR},
  });
}

TEST_F(Expressions, HaveNoAttrsOutsidePolicies) {
  EXPECT_EQ(evaluate(world, match(R"(attrs.k1 == "v1")"), nullptr, ContextSchema::Attrs::kUnbound),
            REJ);
}

TEST_F(Expressions, AreExplained) {
  std::vector<resource::Problem> problems;
  const auto condition = from_yaml<corev1::Condition>(
      "all: {of: [{match: 'ctx.user.spec.group.hasAll(\"dev\")'}, {match: 'true'}]}");
  Condition::compile(condition, ContextSchema::Attrs::kBound, "spec.rules[0].condition", &problems);
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems[0].path, "spec.rules[0].condition.all.of[0].match");
  EXPECT_NE(problems[0].message.find("did you mean \"groups\"?"), std::string::npos)
      << problems[0].message;
  EXPECT_NE(problems[0].message.find("^"), std::string::npos) << problems[0].message;
}

TEST_F(Expressions, TellWhetherTheyReadTheBody) {
  const auto reads = [](std::string_view expression) {
    return Condition::compile(match(expression), ContextSchema::Attrs::kBound).reads_body();
  };
  EXPECT_TRUE(reads("ctx.request.http.bodyMap.age > 18"));
  EXPECT_TRUE(reads("has(ctx.request.http.body)"));
  EXPECT_TRUE(reads("ctx.request.http[ctx.user.metadata.name] == ''"));
  EXPECT_FALSE(reads("ctx.request.http.method == 'GET' && ctx.user.metadata.name == 'x'"));
}

TEST(ConditionTest, CombinesConditions) {
  struct {
    const char* yaml;
    Result expected;
  } constexpr kCases[] = {
      {"any: {of: [{match: 'ctx.user.spec.attrs.nothing == 1'}, {match: 'true'}]}", T},
      {"any: {of: [{match: 'ctx.user.metadata.name > 5'}, {match: 'true'}]}", ERR},
      {"any: {of: [{match: 'true'}, {match: 'ctx.user.metadata.name > 5'}]}", T},
      {"any: {of: [{match: 'false'}, {matchAny: false}]}", F},
      {"none: {of: [{match: 'ctx.user.spec.attrs.nothing == 1'}]}", T},
      {"none: {of: [{match: '2 < 1'}, {all: {of: [{match: '2 < 1'}, {match: '2 > 1'}]}}]}", T},
      {"none: {of: [{match: '2 < 1'}, {matchAny: true}]}", F},
      {"none: {of: [{match: 'ctx.user.metadata.name > 5'}]}", ERR},
      {"all: {of: [{match: 'true'}, {not: 'false'}]}", T},
      {"all: {of: [{match: 'false'}, {match: 'ctx.user.metadata.name > 5'}]}", F},
      {"not: 'ctx.user.spec.attrs.nothing == 1'", T},
      {"not: 'ctx.user.metadata.name > 5'", ERR},
      {"not: 'true'", F},
      {"matchAny: true", T},
      {"matchAny: false", F},
      {"{}", REJ},
      {"all: {of: []}", REJ},
      {"all: {of: [{match: 'true'}, {}]}", REJ},
      {"none: {of: []}", REJ},
      {"opa: {inline: 'package x'}", F},
      {"opa: {inline: '  '}", REJ},
      {"match: '   '", REJ},
  };
  World world;
  for (const auto& each : kCases) {
    SCOPED_TRACE(each.yaml);
    EXPECT_EQ(evaluate(world, from_yaml<corev1::Condition>(each.yaml)), each.expected);
  }
}

TEST(ConditionTest, NestsSixteenDeep) {
  corev1::Condition condition = match("true");
  World world;
  for (int i = 0; i < 17; ++i) {
    corev1::Condition outer;
    *(i % 2 == 0 ? outer.mutable_all()->add_of() : outer.mutable_any()->add_of()) = condition;
    condition = outer;
    EXPECT_EQ(evaluate(world, condition), i < 16 ? T : REJ) << i;
  }
}

TEST(ConditionTest, LimitsListsAndExpressions) {
  World world;
  corev1::Condition many;
  for (int i = 0; i < 100; ++i) *many.mutable_all()->add_of() = match("true");
  EXPECT_EQ(evaluate(world, many), T);
  *many.mutable_all()->add_of() = match("true");
  EXPECT_EQ(evaluate(world, many), REJ);
  EXPECT_EQ(evaluate(world, match("'" + std::string(9'990, 'x') + "'!=''")), T);
  EXPECT_EQ(evaluate(world, match("'" + std::string(10'000, 'x') + "'!=''")), REJ);
}

// Stored by other means than the API, which would have refused them.
TEST(ConditionTest, DamagedPartsNeverMatchOrFail) {
  World world;
  RequestContext context = world.context();
  const auto outcome = [&](std::string_view yaml) {
    return Condition::compile(from_yaml<corev1::Condition>(yaml), ContextSchema::Attrs::kBound)
        .evaluate(context);
  };
  EXPECT_EQ(outcome("{}"), Condition::Outcome::kNoMatch);
  EXPECT_EQ(outcome("none: {of: []}"), Condition::Outcome::kNoMatch);
  EXPECT_EQ(outcome("all: {of: [{match: '2 > 1'}, {}]}"), Condition::Outcome::kNoMatch);
  EXPECT_EQ(outcome("not: ''"), Condition::Outcome::kNoMatch);
  EXPECT_EQ(outcome("match: 'ctx.usr'"), Condition::Outcome::kError);
  EXPECT_EQ(outcome("not: 'ctx.usr'"), Condition::Outcome::kError);
  EXPECT_EQ(outcome("opa: {inline: x}"), Condition::Outcome::kError);
}

}  // namespace
}  // namespace policy
