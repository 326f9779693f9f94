#include "cel/program.h"

#include <gtest/gtest.h>

#include "cel/example_context.h"

namespace cel {
namespace {

// "true", "no such key" and so on: what an expression gives, or why it does not compile.
std::string outcome(std::string_view source) {
  const ExampleSchema schema;
  const auto program = compile(source, schema);
  if (!program)
    return "refused: " + program.error().message.substr(0, program.error().message.find('\n'));
  const ExampleSource context;
  Arena arena;
  const Value value = (*program)->evaluate(context, arena);
  if (value.is_error())
    return (value.is_miss() ? "miss: " : "error: ") + (*program)->describe(value);
  if (value.is(Kind::kBool)) return value.as_bool() ? "true" : "false";
  if (value.is(Kind::kString)) return std::string(value.as_text());
  return std::string(type_name(value));
}

TEST(Cel, HoldsWhatThePolicyAuthorWrites) {
  for (
      const char* source : {
          R"(ctx.user.spec.groups.hasAll("dev", "ops"))",
          R"(ctx.user.spec.groups.hasAll(["dev", "ops"]))",
          R"(ctx.user.spec.groups.hasAny(["sec", "ops"]))",
          R"(!ctx.user.spec.groups.hasAll(["dev", "sec"]))",
          R"(ctx.user.spec.groups.hasAll([]))",
          R"(!ctx.user.spec.groups.hasAny([]))",
          R"(ctx.request.http.method in ["POST", "PUT"])",
          R"(!(ctx.request.http.method in ["GET", "HEAD"]))",
          R"(ctx.request.http.path.startsWith("/users"))",
          R"(ctx.request.http.headers["x-custom-header"] == "this-value")",
          R"(ctx["user"].metadata["name"] == "alice")",
          R"("this-value" == ctx.request.http.headers["x-custom-header"])",
          R"("x-team" in ctx.request.http.headers)",
          R"(!("x-none" in ctx.request.http.headers))",
          R"(ctx.request.http.headers.exists(k, k.startsWith("x-t")))",
          R"(ctx.request.http.headers.exists(k, v, k == "x-team" && v == "blue"))",
          R"(ctx.request.http["headers"]["x-" + "team"] == "blue")",
          R"(ctx.request.http.bodyMap.age > 18 && ctx.request.http.bodyMap.email.endsWith("@example.com"))",
          R"(ctx.request.http.bodyMap.age == 42 && ctx.request.http.bodyMap.age in [41, 42])",
          R"(ctx.request.http.bodyMap.tags[1] == "b")",
          R"(ctx.groups.exists(g, g.metadata.name == "ops"))",
          R"(ctx.groups[0].metadata.name == "dev")",
          R"(ctx.groups.map(g, g.metadata.name) == ["dev", "ops"])",
          R"("dev" in ctx.user.spec.groups)",
          R"(has(ctx.user) && !has(ctx.device))",
          R"(has(ctx.request.http.headers.accept))",
          R"(!has(ctx.request.http.bodyMap.none))",
          R"(!has(ctx.user.metadata.name.nothing))",
          R"(has(ctx.device) || true)",
          R"(ctx.user.isLocked == false)",
          R"(ctx.user.metadata.name > 5 || true)",
          R"(ctx.request.http.path.matches("^/users/[0-9]+$"))",
          R"(ctx.request.http.path.matches("^/" + "users"))",
          R"(ctx.user.metadata.name.toUpper() == "ALICE")",
          R"(ctx.request.http.path.split("/")[1] == "users")",
          R"(cel.bind(g, ctx.user.spec.groups, "dev" in g && "ops" in g))",
          R"(attrs.ports.hasAny([80]) && attrs.ports.hasAll(80u, 443.0))",
          R"(443 in attrs.ports && attrs.ports.min() == 80)",
          R"(json.parse("{\"k\": [1, {\"x\": null}]}").k[1].x == null)",
          R"(json.marshal({"b": [1, "<"], "a": null}) == "{\"a\":null,\"b\":[1,\"\\u003c\"]}")",
          R"(time.isWeekday(now()) && !time.isWeekend(now()))",
          R"(time.isWeekendInTZ(timestamp("2026-03-06T22:00:00Z"), "Asia/Seoul"))",
          R"(time.isWeekdayInTZ(timestamp("2026-03-08T22:00:00Z"), "Asia/Seoul"))",
          R"(now() - timestamp("2026-01-01T00:00:00Z") > duration("24h"))",
          R"(net.isIPInRange("203.0.113.7", "203.0.113.0/24"))",
          R"(net.isIPInRange("::ffff:10.0.0.1", "10.0.0.0/8"))",
          R"(!net.isIPInRange("2001:db8::1", "0.0.0.0/0"))",
          R"(net.isPrivateIP("172.20.3.4") && !net.isPrivateIP("127.0.0.1"))",
          R"(net.isIPv6("2001:db8::1") && !net.isIPv4("2001:db8::1") && !net.isIP("1.2.3.4/8"))",
          R"("user-%s".format([ctx.user.metadata.name]) == "user-alice")",
          R"(string(base64.decode("aGk")) == "hi" && base64.encode(b"hi") == "aGk=")",
          R"(ctx.?device.hasValue() == false)",
          R"(ctx.request.http.headers[?"x-team"].orValue("none") == "blue")",
          R"(ctx.request.http.bodyMap.?none.orValue(7) == 7)",
          R"(ctx.user.metadata.name == 'alice' ? true : 1 / 0 == 1)",
          R"([1, 2, 3].all(x, x > 0) && [1, 2].exists_one(x, x == 2))",
          R"({"a": 1, "b": 2}.transformMap(k, v, v * 2) == {"a": 2, "b": 4})",
          R"([3, 1].transformList(i, v, i > 0, v + i) == [2])",
          R"(math.greatest(1, 2.5, 2u) == 2.5 && math.least([3, 1]) == 1)",
          R"(size("añb") == 3 && "añb".charAt(1) == "ñ" && "añb".reverse() == "bña")",
          R"("ÀÉ".toLower() == "àé" && "straße".toUpper() == "STRAßE" && "АБВ".toLower() == "абв")",
      })
    EXPECT_EQ(outcome(source), "true") << source;
}

// Access-control §2.3: a policy takes a missing input as false, and a fault as a refusal.
TEST(Cel, TellsMissingInputFromFaults) {
  const struct {
    const char* source;
    const char* expected;
  } cases[] = {
      {R"(ctx.device.osType == "LINUX")", "miss: 1:12: no such key"},
      {R"(has(ctx.device.osType))", "miss: 1:16: no such key"},
      {R"(ctx.request.http.headers["nope"] == "x")", "miss: 1:25: no such key"},
      {R"(ctx.request.http.bodyMap.none != 1)", "miss: 1:26: no such key"},
      {R"(ctx.user.spec.groups[5] == "x")", "miss: 1:21: index out of bounds"},
      {R"(ctx.request.http.bodyMap.nothing.first == 1)",
       "miss: 1:34: no such field: the value has no fields"},
      {R"(net.isIPInRange(ctx.request.http.headers["ip"], "10.0.0.0/8"))",
       "miss: 1:41: no such key"},
      {R"(ctx.user.metadata.name > 5)", "error: 1:24: no such overload"},
      {R"(ctx.user.spec.groups.name == "x")", "error: 1:22: a list has no fields"},
      {R"(ctx.request.http.bodyMap.age + 1 == 43)", "error: 1:30: no such overload"},
      {R"(net.isIPInRange("bad", "10.0.0.0/8"))", "error: 1:5: not an IP address: bad"},
      {R"(attrs.empty.min() > 0)", "error: 1:13: min() called on empty list"},
      {R"(json.parse("[1]").size() == 1)", "error: 1:6: json.parse() needs a JSON object"},
      {R"(1 / (size(ctx.user.metadata.name) - 5) == 1)", "error: 1:3: division by zero"},
      {R"(ctx.user.metadata.name && true)", "error: 1:24: no such overload"},
      {R"("abc".substring(4) == "")", "miss: 1:7: index out of range of the text"},
      {R"("abc".substring(2, 1) == "")", "error: 1:7: the substring ends before it starts"},
  };
  for (const auto& c : cases) EXPECT_EQ(outcome(c.source), c.expected) << c.source;
}

TEST(Cel, PointsAtTheFaultWithACaret) {
  const auto program = compile("true &&\n  ctx.user.spec.grups", ExampleSchema());
  ASSERT_FALSE(program);
  EXPECT_EQ(program.error().reason, "cel_invalid");
  EXPECT_EQ(program.error().message,
            "2:17: unknown field \"grups\" of ctx.user.spec; did you mean \"groups\"?\n"
            "   ctx.user.spec.grups\n"
            "                 ^");
}

TEST(Cel, ReadsAPathAsOneSlotAndNamesEachOnce) {
  const auto program = compile(
      R"(ctx.user.metadata.name == "a" || ctx.user.metadata["name"] == "b" ||
         ctx.request.http.headers["x-a"] == "c" || ctx.request.http.bodyMap.x.y == 1)",
      ExampleSchema());
  ASSERT_TRUE(program);
  const auto slots = (*program)->slots();
  ASSERT_EQ(slots.size(), 3);
  EXPECT_EQ(slots[0].id, ExampleSchema::kName);
  EXPECT_EQ(slots[1].id, ExampleSchema::kHeader);
  EXPECT_EQ(slots[1].key, "x-a");
  EXPECT_EQ(slots[2].id, ExampleSchema::kBody);
  EXPECT_FALSE((*program)->reads_clock());
}

TEST(Cel, FoldsConstantsSoThatNothingIsReadForThem) {
  for (const char* source : {"1 + 2 == 3 || ctx.user.isLocked", "false && ctx.user.isLocked",
                             "true ? 1 == 1 : ctx.user.isLocked"}) {
    const auto program = compile(source, ExampleSchema());
    ASSERT_TRUE(program) << source;
    Arena arena;
    EXPECT_TRUE((*program)->evaluate(EmptySource(), arena).is(Kind::kBool)) << source;
  }
}

TEST(Cel, NeverFoldsTheClock) {
  const auto program = compile("now() > timestamp(0)", EmptySchema());
  ASSERT_TRUE(program);
  EXPECT_TRUE((*program)->reads_clock());
}

TEST(Cel, RefusesAResultThatIsCertainlyOfAnotherType) {
  CompileOptions options;
  options.expected = Expected::kBool;
  EXPECT_FALSE(compile("1 + 1", EmptySchema(), options));
  EXPECT_TRUE(compile("ctx.user.metadata.name", ExampleSchema(), options));
  EXPECT_TRUE(compile("1 < 2", EmptySchema(), options));
}

// One variable, `text`.
class OneText final : public Schema, public AttributeSource {
 public:
  explicit OneText(std::string_view text) : text_(text) {}
  std::optional<Attribute> root(std::string_view name) const override {
    return name == "text" ? std::optional<Attribute>(Attribute{}) : std::nullopt;
  }
  Value resolve(const Slot&, Arena&) const override { return Value::string(text_); }

 private:
  std::string_view text_;
};

// A header may hold bytes that are no UTF-8; a pattern that denies must not be blind behind them.
TEST(Cel, MatchesTextAroundMalformedBytes) {
  const OneText variables("a\xFF\xC3 evil \xE2\x82");
  for (const char* source :
       {"text.matches('^.*evil')", "text.matches('evil.*$')", "text.matches('^a.. evil ..$')",
        "text.matches('^[^b]*$')", "text.matches('\\uFFFD')", "matches(text, ['^.*evil'][0])",
        "!text.matches('^\\\\w* evil')"}) {
    const auto program = compile(source, variables);
    ASSERT_TRUE(program) << program.error().message;
    Arena arena;
    EXPECT_TRUE((*program)->evaluate(variables, arena).is_true()) << source;
  }
}

TEST(Cel, AbsorbsErrorsThatAnotherOperandDecides) {
  EXPECT_EQ(outcome("ctx.device.osType == 'x' || true"), "true");
  EXPECT_EQ(outcome("true || ctx.device.osType == 'x'"), "true");
  EXPECT_EQ(outcome("ctx.device.osType == 'x' && false"), "false");
  EXPECT_EQ(outcome("[1, 2].exists(x, x == 2 || ctx.device.osType == 'x')"), "true");
  EXPECT_EQ(outcome("[1, 2].all(x, x == 2 && ctx.device.osType == 'x')"), "false");
  EXPECT_EQ(outcome("ctx.device.osType == 'x' || false"), "miss: 1:12: no such key");
}

}  // namespace
}  // namespace cel
