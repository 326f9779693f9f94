#include <gtest/gtest.h>

#include "cel/example_context.h"
#include "cel/program.h"

namespace cel {
namespace {

std::string repeat(std::string_view text, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += text;
  return out;
}

TEST(CelLimits, RefuseHostileSyntax) {
  const struct {
    const char* name;
    std::string source;
  } cases[] = {
      {"parentheses", repeat("(", 5000)},
      {"closed parentheses", repeat("(", 4000) + "1" + repeat(")", 4000)},
      {"brackets", repeat("[", 5000)},
      {"nested lists", repeat("[", 400) + repeat("]", 400)},
      {"nested maps", repeat("{1:", 1000) + "1" + repeat("}", 1000)},
      {"negations", repeat("!", 5000) + "true"},
      {"minus signs", repeat("- ", 4000) + "x"},
      {"sums", "1" + repeat("+1", 4000)},
      {"selections", "a" + repeat(".a", 4000)},
      {"calls", repeat("int(", 2000) + "1" + repeat(")", 2000)},
      {"conditionals", repeat("true?1:", 1000) + "1"},
      {"indices", "a" + repeat("[0]", 3000)},
      {"loops", repeat("[1].map(x,", 900) + "x" + repeat(")", 900)},
      {"bindings", repeat("cel.bind(x,1,", 700) + "x" + repeat(")", 700)},
      {"too long", repeat(" ", 10'001)},
      {"not UTF-8", "\"\xFF\" == \"\""},
      {"a zero byte", std::string("1\0 == 1", 7)},
      {"a huge repetition", "'a'.matches('((a{100}){100}){100}')"},
      {"many large repetitions",
       "true" + repeat("||ctx.user.metadata.name.matches('(abcdefgh{9}){99}')", 150)},
      {"empty", ""},
      {"blank", "  \n\t // nothing"},
  };
  for (const auto& c : cases) EXPECT_FALSE(compile(c.source, ExampleSchema())) << c.name;
}

TEST(CelLimits, ALongChainOfAlternativesIsNoNesting) {
  const auto program = compile("false" + repeat("||false", 1200) + "||true", EmptySchema());
  ASSERT_TRUE(program);
  Arena arena;
  EXPECT_TRUE((*program)->evaluate(EmptySource(), arena).is_true());
}

TEST(CelLimits, StopHostileEvaluations) {
  const std::string ten = "[0,1,2,3,4,5,6,7,8,9]";
  std::string loops = "x > 0";
  for (int i = 0; i < 9; ++i) loops = ten + ".all(x, " + loops + " || x >= 0)";
  std::string doubling = "size(v)";
  for (int i = 0; i < 30; ++i) doubling = "cel.bind(v, v + v," + doubling + ")";
  std::string lists = "v.size()";
  for (int i = 0; i < 30; ++i) lists = "cel.bind(v, [v, v].map(x, x)," + lists + ")";
  std::string compared = "v == v";
  for (int i = 0; i < 30; ++i) compared = "cel.bind(v, [v, v]," + compared + ")";
  const struct {
    const char* name;
    std::string source;
    ErrorCode expected;
  } cases[] = {
      {"nested loops", loops, ErrorCode::kCostLimit},
      {"doubling text", "cel.bind(v, ctx.user.metadata.name," + doubling + ") > 0",
       ErrorCode::kMemoryLimit},
      {"doubling lists", "cel.bind(v, ctx.user.spec.groups," + doubling + ") > 0",
       ErrorCode::kMemoryLimit},
      {"exponential equality", "cel.bind(v, ctx.user.metadata.name," + compared + ")",
       ErrorCode::kCostLimit},
      {"computed regular expressions",
       ten + ".all(a, " + ten + ".all(b, !'x'.matches(ctx.user.metadata.name)))",
       ErrorCode::kCostLimit},
  };
  for (const auto& c : cases) {
    const auto program = compile(c.source, ExampleSchema());
    ASSERT_TRUE(program) << c.name << ": " << program.error().message;
    Arena arena;
    const Value value = (*program)->evaluate(ExampleSource(), arena);
    ASSERT_TRUE(value.is_error()) << c.name;
    EXPECT_TRUE(value.error_code() == c.expected || value.error_code() == ErrorCode::kCostLimit)
        << c.name << ": " << value.error_message();
    EXPECT_FALSE(value.is_miss()) << c.name;
    EXPECT_LE(arena.allocated(), Arena::kDefaultLimit) << c.name;
  }
}

TEST(CelLimits, ATypicalRuleTakesNoHeap) {
  for (const char* source : {R"(ctx.user.spec.groups.hasAll("dev", "ops"))",
                             R"(ctx.request.http.path.split("/")[1] == "users")",
                             R"(ctx.groups.exists(g, g.metadata.name == "ops"))"}) {
    const auto program = compile(source, ExampleSchema());
    ASSERT_TRUE(program);
    Arena arena;
    EXPECT_TRUE((*program)->evaluate(ExampleSource(), arena).is_true()) << source;
    EXPECT_EQ(arena.allocated(), 0) << source;
  }
}

TEST(Arena, FailsAtItsLimitAndRecoversByReset) {
  Arena arena(64 * 1024);
  std::size_t taken = 0;
  while (arena.allocate(1000, 8) != nullptr) taken += 1000;
  EXPECT_LE(taken, 64 * 1024 + Arena::kInlineBytes);
  EXPECT_GE(taken, 32 * 1024);
  EXPECT_EQ(arena.array<Value>(std::size_t{1} << 60), nullptr);
  arena.reset();
  EXPECT_NE(arena.allocate(1000, 8), nullptr);
  EXPECT_EQ(arena.allocated(), 0);
}

}  // namespace
}  // namespace cel
