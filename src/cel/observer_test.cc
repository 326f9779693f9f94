#include "cel/observer.h"

#include <gtest/gtest.h>

#include "cel/example_context.h"
#include "cel/program.h"

namespace cel {
namespace {

// Writes each reported value as a line "depth part = value".
class Transcript final : public Observer {
 public:
  explicit Transcript(std::string_view source) : source_(source) {}

  void on_value(std::uint32_t begin, std::uint32_t end, std::uint32_t depth,
                const Value& value) override {
    ASSERT_LE(begin, end);
    ASSERT_LE(end, source_.size());
    lines += std::to_string(depth) + " " + std::string(source_.substr(begin, end - begin)) + " = " +
             describe(value) + "\n";
  }

  std::string lines;

 private:
  static std::string describe(const Value& value) {
    if (value.is(Kind::kBool)) return value.as_bool() ? "true" : "false";
    if (value.is(Kind::kString)) return std::string(value.as_text());
    if (value.is(Kind::kInt)) return std::to_string(value.as_int());
    if (value.is(Kind::kError)) return value.error_message();
    return std::string(type_name(value));
  }

  std::string_view source_;
};

std::shared_ptr<const Program> program(std::string_view source, CompileOptions options = {}) {
  auto out = compile(source, ExampleSchema(), options);
  EXPECT_TRUE(out) << out.error().message;
  return *out;
}

std::string transcript(std::string_view source) {
  const ExampleSource context;
  Arena arena;
  Transcript out(source);
  program(source)->observe(context, arena, out);
  return out.lines;
}

TEST(Observer, LearnsEveryPartWithItsExtent) {
  EXPECT_EQ(transcript(R"(ctx.request.http.method in ["POST", "PUT"])"),
            "1 ctx.request.http.method = POST\n"
            "0 ctx.request.http.method in [\"POST\", \"PUT\"] = true\n");
  EXPECT_EQ(transcript(R"(ctx.request.http.path.startsWith( "/users" ) )"),
            "1 ctx.request.http.path = /users/7\n"
            "0 ctx.request.http.path.startsWith( \"/users\" ) = true\n");
  EXPECT_EQ(transcript(R"(has(ctx.user) && !ctx.user.isLocked)"),
            "1 has(ctx.user) = true\n"
            "2 ctx.user.isLocked = false\n"
            "1 !ctx.user.isLocked = true\n"
            "0 has(ctx.user) && !ctx.user.isLocked = true\n");
}

TEST(Observer, LearnsNothingOfWhatWasNotEvaluated) {
  EXPECT_EQ(transcript(R"(ctx.user.isLocked && ctx.user.metadata.name == "bob")"),
            "1 ctx.user.isLocked = false\n"
            "0 ctx.user.isLocked && ctx.user.metadata.name == \"bob\" = false\n");
  EXPECT_EQ(transcript(R"(ctx.user.isLocked ? ctx.device : ctx.user.metadata.name)"),
            "1 ctx.user.isLocked = false\n"
            "1 ctx.user.metadata.name = alice\n"
            "0 ctx.user.isLocked ? ctx.device : ctx.user.metadata.name = alice\n");
  EXPECT_EQ(transcript("1 + 1 == 2"), "");
}

TEST(Observer, KeepsParenthesesOfOperandsInTheirParent) {
  EXPECT_EQ(transcript("((size(ctx.user.metadata.name) + 1) * 2) == 12"),
            "4 ctx.user.metadata.name = alice\n"
            "3 size(ctx.user.metadata.name) = 5\n"
            "2 size(ctx.user.metadata.name) + 1 = 6\n"
            "1 (size(ctx.user.metadata.name) + 1) * 2 = 12\n"
            "0 ((size(ctx.user.metadata.name) + 1) * 2) == 12 = true\n");
  EXPECT_EQ(transcript(R"((ctx.user).metadata[ "name" ] != -1)"),
            "1 (ctx.user).metadata[ \"name\" ] = alice\n"
            "0 (ctx.user).metadata[ \"name\" ] != -1 = true\n");
  EXPECT_EQ(transcript("ctx.request.http.bodyMap.`age` > -1.5 || - - - 1 == size(attrs)"),
            "3 ctx.request.http.bodyMap = map\n"
            "2 ctx.request.http.bodyMap.`age` = double\n"
            "1 ctx.request.http.bodyMap.`age` > -1.5 = true\n"
            "0 ctx.request.http.bodyMap.`age` > -1.5 || - - - 1 == size(attrs) = true\n");
}

TEST(Observer, FollowsWhatThePlannerRewrites) {
  // Sides are swapped, so that the constant is on the right.
  EXPECT_EQ(transcript(R"("alice" == ctx.user.metadata.name)"),
            "1 ctx.user.metadata.name = alice\n"
            "0 \"alice\" == ctx.user.metadata.name = true\n");
  EXPECT_EQ(transcript(R"(true ? ctx.user.metadata.name : "x" + "y")"),
            "0 ctx.user.metadata.name = alice\n");
  EXPECT_EQ(transcript(R"(ctx.request.http.path.matches("^/" + "users"))"),
            "1 ctx.request.http.path = /users/7\n"
            "0 ctx.request.http.path.matches(\"^/\" + \"users\") = true\n");
}

TEST(Observer, LearnsTheBodyOfALoopForEachElement) {
  EXPECT_EQ(transcript(R"(ctx.user.spec.groups.exists(g, g == "ops"))"),
            "1 ctx.user.spec.groups = list\n"
            "2 g = dev\n"
            "1 g == \"ops\" = false\n"
            "2 g = ops\n"
            "1 g == \"ops\" = true\n"
            "0 ctx.user.spec.groups.exists(g, g == \"ops\") = true\n");
  EXPECT_EQ(transcript(R"(cel.bind(n, ctx.user.metadata.name, n + "!"))"),
            "1 ctx.user.metadata.name = alice\n"
            "2 n = alice\n"
            "1 n + \"!\" = alice!\n"
            "0 cel.bind(n, ctx.user.metadata.name, n + \"!\") = alice!\n");
}

TEST(Observer, LearnsErrors) {
  EXPECT_EQ(transcript(R"(ctx.device.osType == "LINUX" || true == ctx.user.isLocked)"),
            "2 ctx.device.osType = no such key\n"
            "1 ctx.device.osType == \"LINUX\" = no such key\n"
            "2 ctx.user.isLocked = false\n"
            "1 true == ctx.user.isLocked = false\n"
            "0 ctx.device.osType == \"LINUX\" || true == ctx.user.isLocked = no such key\n");
}

// The limit must stop an observed evaluation where it stops an ordinary one.
TEST(Observer, ChangesNeitherValueNorCost) {
  const std::string source = "ctx.user.spec.groups.all(g, [g, g].all(x, x.size() == 3))";
  const ExampleSource context;
  Arena arena;
  Transcript out(source);
  const std::uint64_t cost = program(source)->observe(context, arena, out).cost;
  EXPECT_GT(cost, 10u);
  EXPECT_LT(cost, 100u);
  for (const bool enough : {false, true}) {
    const auto limited = program(source, {.max_cost = enough ? cost : cost - 1});
    const Value plain = limited->evaluate(context, arena);
    const Observed observed = limited->observe(context, arena, out);
    EXPECT_EQ(plain.is_true(), enough);
    EXPECT_EQ(observed.value.is_true(), enough);
    EXPECT_EQ(observed.cost, cost);
  }
}

}  // namespace
}  // namespace cel
