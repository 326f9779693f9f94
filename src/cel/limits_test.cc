#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pthread.h>

#include <map>

#include "cel/example_context.h"
#include "cel/program.h"

namespace cel {
namespace {

constexpr std::string_view kCost = "the evaluation takes more steps than allowed";
constexpr std::string_view kMemory = "the evaluation needs more memory than allowed";
constexpr std::string_view kNesting = "the expression is nested deeper than 250 levels";
constexpr std::string_view kHarmless = "fine";

std::string repeat(std::string_view text, std::size_t times) {
  std::string out;
  out.reserve(text.size() * times);
  for (std::size_t i = 0; i < times; ++i) out += text;
  return out;
}

// Variables as large as a hostile request can make them.
class Hostile final : public Schema, public AttributeSource {
 public:
  Hostile() {
    for (std::int64_t i = 0; i < 100'000; ++i) items_.push_back(Value::integer(i));
    values_ = {{"big", Value::string(big_)},
               {"same", Value::string(same_)},
               {"needle", Value::string(needle_)},
               {"zeros", Value::string(zeros_)},
               {"items", Value::list(items_)},
               {"word", Value::string("word")},
               {"far", Value::string("word")},
               {"ten", Value::list(std::span<const Value>(items_).first(10))}};
  }

  std::optional<Attribute> root(std::string_view name) const override {
    if (!values_.contains(name)) return std::nullopt;
    const std::uint16_t steps = name == "far" ? 20'000 : 0;
    return Attribute{.slot = {.key = std::string(name), .steps = steps}};
  }
  Value resolve(const Slot& slot, Arena&) const override { return values_.find(slot.key)->second; }

 private:
  std::string big_ = std::string(1 << 20, 'a');
  std::string same_ = std::string(1 << 20, 'a');
  std::string needle_ = std::string(1 << 19, 'a') + "b";
  std::string zeros_ = std::string(1 << 20, '0');
  std::vector<Value> items_;
  std::map<std::string, Value, std::less<>> values_;
};

// How an expression ends: the compile error, the error of the evaluation, or kHarmless.
std::string ending(std::string_view source, const Hostile& variables) {
  class Nobody final : public Observer {
    void on_value(std::uint32_t, std::uint32_t, std::uint32_t, const Value&) override {}
  } nobody;
  CompileOptions options;
  options.max_source_bytes = 60'000;
  const auto program = compile(source, variables, options);
  if (!program) return program.error().message;
  Arena arena;
  const Value value = (*program)->evaluate(variables, arena);
  EXPECT_LE(arena.allocated(), Arena::kDefaultLimit) << source.substr(0, 200);
  Arena another;
  const Observed observed = (*program)->observe(variables, another, nobody);
  EXPECT_LE(observed.cost, options.max_cost + 60'000) << source.substr(0, 200);
  if (value.is_error()) EXPECT_FALSE(value.is_miss()) << source.substr(0, 200);
  return value.is_error() ? value.error_message() : std::string(kHarmless);
}

// `body` within loops over ten elements each.
std::string loops(std::string_view macro, int count, std::string body) {
  for (int i = 0; i < count; ++i)
    body = "ten." + std::string(macro) + "(v" + std::to_string(i) + ", " + body + ")";
  return body;
}

// A variable that `step` makes twice as large, thirty times.
std::string doubling(std::string_view first, std::string_view step, std::string body) {
  for (int i = 0; i < 30; ++i) body = "cel.bind(v, " + std::string(step) + ", " + body + ")";
  return "cel.bind(v, " + std::string(first) + ", " + body + ")";
}

std::string block_doubling(std::string_view first, int count) {
  std::string values(first);
  for (int i = 0; i < count; ++i) {
    const std::string before = "cel.index(" + std::to_string(i) + ")";
    values += ", " + before + " + " + before;
  }
  return "size(cel.block([" + values + "], cel.index(" + std::to_string(count) + "))) > 0";
}

struct Row {
  const char* name;
  std::string source;
  std::string_view stopped_by;
};

// What stops an expression before it runs.
std::vector<Row> syntax_rows() {
  return {
      {"parentheses", repeat("(", 5000), kNesting},
      {"closed parentheses", repeat("(", 4000) + "1" + repeat(")", 4000), kNesting},
      {"brackets", repeat("[", 5000), kNesting},
      {"nested lists", repeat("[", 400) + repeat("]", 400), kNesting},
      {"nested maps", repeat("{1:", 1000) + "1" + repeat("}", 1000), kNesting},
      {"negations", repeat("!", 5000) + "true", kNesting},
      {"minus signs", repeat("- ", 4000) + "word", kNesting},
      {"a long sum", "1" + repeat("+1", 4000), kNesting},
      {"a long path", "word" + repeat(".a", 4000), kNesting},
      {"calls", repeat("int(", 2000) + "1" + repeat(")", 2000), kNesting},
      {"methods", "word" + repeat(".trim()", 1000), kNesting},
      {"conditionals", repeat("true?1:", 1000) + "1", kNesting},
      {"indices", "word" + repeat("[0]", 3000), kNesting},
      {"optional indices", "word" + repeat("[?0]", 3000), kNesting},
      {"loops as ranges", repeat("[1].map(x,", 900) + "x" + repeat(")", 900), kNesting},
      {"bindings", repeat("cel.bind(x,1,", 700) + "x" + repeat(")", 700), kNesting},
      {"messages", repeat("google.protobuf.Value{list_value:[", 300), kNesting},
      {"loops in loops", loops("all", 13, "true"), "loops are nested deeper than 12 levels"},
      {"too long", repeat(" ", 60'001), "the expression has 60001 bytes; the limit is 60000"},
      {"many parts", "[1" + repeat(",1", 20'100) + "]", "more than 20000 parts"},
      {"many arguments", "[1].hasAny(1" + repeat(",1", 1'000) + ")", "at most 1000 arguments"},
      {"not UTF-8", "\"\xFF\" == \"\"", "not valid UTF-8"},
      {"a zero byte", std::string("1\0 == 1", 7), "unexpected character U+0000"},
      {"a huge integer", repeat("9", 50'000), "does not fit into an int"},
      {"a huge exponent", "1e" + repeat("9", 50'000), "does not fit into a double"},
      {"an endless text", "'" + repeat("a", 50'000), "no closing quote"},
      {"a huge repetition", "word.matches('((a{100}){100}){100}')", "the regular expression"},
      {"a pattern without end", "word.matches('" + repeat("(", 40'000) + "')",
       "the regular expression"},
      {"many large patterns", "true" + repeat(" || word.matches('(abcdefgh{9}){99}')", 300),
       "too large"},
      {"a wide format", "'%1000000000d'.format([1])", "unknown clause"},
      {"a precise format", "'%.1000000000f'.format([1.0])", "precision of a clause is over 100"},
      {"deep JSON", "json.parse('{\"a\":" + repeat("[", 20'000) + "')", "nested too deep"},
      {"block in block", "cel.block([cel.block([1], 1)], 1)", "cel.block() cannot be inside"},
      {"blank", "  \n\t // nothing", "the expression ends where a value is expected"},
  };
}

// What the budget, the memory limit or a rule of the function stops.
std::vector<Row> evaluation_rows() {
  const std::string often = "ten.all(i, ten.all(j, ";
  return {
      {"six loops", loops("all", 6, "word != ''"), kCost},
      {"six searching loops", loops("exists", 6, "word == ''"), kCost},
      {"loops that make lists", loops("map", 6, "[word]"), kMemory},
      {"twelve loops that fail", loops("exists", 12, "word"), kCost},
      {"doubling text", doubling("word", "v + v", "size(v)"), kCost},
      {"doubling lists", doubling("ten", "v + v", "size(v)"), kMemory},
      {"doubling lists by a loop", doubling("ten", "[v, v].map(x, x)", "v == v"), kCost},
      {"doubling maps", doubling("word", "{'a': v, 'b': v}", "v == v"), kCost},
      {"doubling JSON", doubling("word", "[v, v]", "json.marshal(v)"), kMemory},
      {"doubling print", doubling("[]", "[v, v, ten]", "'%s'.format([v])"), kMemory},
      {"doubling format", doubling("word", "'%s%s'.format([v, v])", "v"), kMemory},
      {"doubling join", doubling("word", "[v, v].join(word)", "v"), kMemory},
      {"doubling replace", doubling("word", "v.replace('w', 'ww')", "v"), kMemory},
      {"doubling flatten", doubling("ten", "[v, v].flatten()", "v"), kMemory},
      {"doubling messages", doubling("word", "[v, v]", "google.protobuf.Value{list_value: v}"),
       kMemory},
      {"text doubled in a block", block_doubling("word", 40), kCost},
      {"lists doubled in a block", block_doubling("ten", 40), kMemory},
      {"constant text doubled in a block", block_doubling("'aaaaaaaaaaaaaaaa'", 40), kCost},
      {"an endless range", "lists.range(9223372036854775807)", kCost},
      {"a large range", "lists.range(900000)", kMemory},
      {"a negative range", "lists.range(-9223372036854775807)", "lists.range() of a negative"},
      {"text between all letters", "big.replace('', big)", kMemory},
      {"all letters apart", "big.split('')", kMemory},
      {"a large separator", "items.map(i, 'x').join(big)", kMemory},
      {"large texts printed", "'" + repeat("%s", 20) + "'.format([big" + repeat(", big", 19) + "])",
       kMemory},
      {"half of it in all", often + "!big.contains(needle)))", kCost},
      {"half of it from the start", often + "big.indexOf(needle) < 0))", kCost},
      {"half of it from the end", "big.lastIndexOf(needle)", kCost},
      {"half of it replaced", often + "big.replace(needle, '') != ''))", kCost},
      {"half of it apart", often + "big.split(needle).size() > 0))", kCost},
      {"letters of it", often + "big.charAt(1000000) == 'a'))", kCost},
      {"parts of it", often + "big.substring(1000000) != ''))", kCost},
      {"length of it", often + "size(big) > 0))", kCost},
      {"edges of it", often + "big.trim() != ''))", kCost},
      {"starts of it", often + "big.startsWith(same)))", kCost},
      {"ends of it", often + "big.endsWith(same)))", kCost},
      {"equal texts", often + "big == same))", kCost},
      {"ordered texts", often + "big <= same))", kCost},
      {"least texts", often + "[big, same].min() != ''))", kCost},
      {"keys of one length", loops("all", 3, "{big: 1}[same] == 1"), kCost},
      {"a long word of many", often + "!(big in ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'])))",
       kHarmless},
      {"large letters", often + "big.toUpper() != ''))", kMemory},
      {"other direction", often + "big.reverse() != ''))", kMemory},
      {"quoted", often + "strings.quote(big) != ''))", kMemory},
      {"base64", often + "base64.encode(bytes(big)) != ''))", kCost},
      {"text of bytes", often + "string(bytes(big)) != ''))", kCost},
      {"numbers of many digits", often + "int(zeros) == 0))", kCost},
      {"a time of many digits", "timestamp(zeros)", "not an RFC 3339 timestamp: 0000"},
      {"a zone of a long name", "timestamp(0).getHours(big)", "unknown time zone: aaaa"},
      {"a long address", "net.isIPInRange(big, big)", "not an IP address: aaaa"},
      {"a slow pattern", often + "!big.matches('(x+x+)+y')))", kCost},
      {"a large pattern", "big.matches('(a|b|c|d|e){500}x')", kCost},
      {"computed patterns", often + "!word.matches(word + 'x')))", kCost},
      {"a long pattern", "word.matches(big)", "the computed regular expression is too long"},
      {"a large computed pattern", "word.matches('\\\\pL{900}' + word)",
       "the regular expression is invalid: pattern too large"},
      {"elements of a long list", "items.all(i, i in items)", kCost},
      {"sets", "sets.equivalent(items, items)", kCost},
      {"sets in one direction", "sets.contains(items, items.reverse())", kCost},
      {"a long list in none", "items.all(i, ![].hasAny(items))", kCost},
      {"a long list and none", often + "!sets.intersects([], items)))", kCost},
      {"all of all", "items.hasAll(items)", kCost},
      {"distinct elements", "items.distinct()", kCost},
      {"equal lists", often + "items == items))", kCost},
      {"joined lists", often + "size(items + items) > 0))", kMemory},
      {"sorted", often + "items.sort().size() > 0))", kCost},
      {"sorted by keys", "items.sortBy(i, -i)", kMemory},
      {"entries one by one", "items.transformMapEntry(i, v, {v: i})", kCost},
      {"greatest", often + "math.greatest(items) > 0))", kCost},
      {"a limit is not absorbed", "lists.range(9223372036854775807).size() > 0 || word == 'word'",
       kCost},
      {"a limit in a loop is not absorbed", "[1, 2].exists(x, x == 2 || big.split('') == [])",
       kMemory},
      {"a limit in a binding", "cel.bind(x, lists.range(9223372036854775807), true)", kCost},
      {"a limit in a block", "cel.block([big.split('')], true)", kMemory},
      {"limits below has()",
       "cel.bind(m, items.transformMap(i, v, v), true" + repeat(" && !has(m.x)", 100) + ")", kCost},
      {"far attributes", often + "far == 'word'))", kCost},
      {"alternatives", "word == 'x'" + repeat(" || false", 5000) + " || true", kHarmless},
  };
}

void check(const std::vector<Row>& rows) {
  const Hostile variables;
  for (const Row& row : rows)
    EXPECT_THAT(ending(row.source, variables), testing::HasSubstr(row.stopped_by)) << row.name;
}

// On a stack as small as a thread can be expected to have.
void check_on_small_stack(const std::vector<Row>& rows) {
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
  constexpr std::size_t kStack = std::size_t{8} << 20;
#else
  constexpr std::size_t kStack = std::size_t{1} << 20;
#endif
#endif
  pthread_attr_t attributes;
  ASSERT_EQ(pthread_attr_init(&attributes), 0);
  ASSERT_EQ(pthread_attr_setstacksize(&attributes, kStack), 0);
  pthread_t thread{};
  const auto run = [](void* argument) -> void* {
    check(*static_cast<const std::vector<Row>*>(argument));
    return nullptr;
  };
  ASSERT_EQ(pthread_create(&thread, &attributes, run, const_cast<std::vector<Row>*>(&rows)), 0);
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
}

TEST(CelLimits, RefuseHostileSyntax) { check_on_small_stack(syntax_rows()); }

TEST(CelLimits, StopHostileEvaluations) { check_on_small_stack(evaluation_rows()); }

// The largest expressions that the limits admit need no more stack than others.
TEST(CelLimits, HoldAtTheirEdges) {
  check_on_small_stack({
      {"249 lists", "size(" + repeat("[", 248) + repeat("]", 248) + ") == 1", kHarmless},
      {"249 negations", repeat("!", 248) + "true", kHarmless},
      {"a sum of 250", "size(word) > 0" + repeat("+1", 240), kHarmless},
      {"a path of 240", "has(json.parse('{}').a) || word != ''" + repeat("+word", 240), kHarmless},
      {"12 loops", loops("all", 12, "false"), kHarmless},
      {"lists in a block",
       [] {
         std::string values = "[1]";
         for (int i = 0; i < 450; ++i) values += ", [cel.index(" + std::to_string(i) + ")]";
         return "cel.block([" + values + "], cel.index(450) == cel.index(450))";
       }(),
       kHarmless},
      {"lists too deep in a block",
       [] {
         std::string values = "[word]";
         for (int i = 0; i < 2500; ++i) values += ", [cel.index(" + std::to_string(i) + ")]";
         return "cel.block([" + values + "], cel.index(2500) == cel.index(2500))";
       }(),
       "the values are nested too deep to be compared"},
  });
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
