#include "cel/testing/generator.h"

#include <iterator>
#include <string_view>

namespace cel::testing {
namespace {

constexpr std::size_t kMaxDepth = 7;
constexpr std::size_t kMaxVariables = 3;

// In a pattern %x stands for an expression: of any kind (a), a bool (b), number (n), text (t),
// list (l), map (m), optional (o). %v brings in a variable, usable after it within the pattern;
// %w a second; %f is a field's name.
using Patterns = std::span<const char* const>;

constexpr const char* kAnyLeaves[] = {
    "null",     "absent",     "ctx.n",  "ctx.gone.s",       "type(1)",  "when", "ctx.sub",
    "items[2]", "b\"\\xff\"", "string", "duration(\"1h\")", "ctx.gone", "ctx"};
constexpr const char* kBoolLeaves[] = {
    "true", "false", "ctx.b", "has(ctx.gone)", "has(ctx.s)", "has(ctx.gone.s)", "table[true]"};
constexpr const char* kNumberLeaves[] = {
    "0",   "1",   "-1",  "2u",   "0u",    "1.0",   "-0.5",  "9223372036854775807", "most", "least",
    "big", "nan", "inf", "zero", "ctx.i", "ctx.u", "ctx.d", "(1.0 / 0.0)",         "1e300"};
constexpr const char* kTextLeaves[] = {
    "\"\"",      "\"a\"",           "\"b\"",      "text",
    "empty",     "ctx.s",           "'a\\u00f1'", "ctx.headers[\"a\"]",
    "ctx.sub.s", "ctx.headers.none"};
constexpr const char* kListLeaves[] = {"[]",           "items",          "ctx.list",
                                       "[1, 2u, 3.0]", "[\"a\"]",        "ctx.rows",
                                       "ctx.sub.list", "[\"a\", \"b\"]", "[null, true]"};
constexpr const char* kMapLeaves[] = {
    "{}", "table", "ctx.map", "ctx.headers", "{\"a\": 1, 1: \"a\"}", "ctx.sub", "ctx"};
constexpr const char* kOptionalLeaves[] = {
    "none", "some", "optional.none()", "ctx.?gone", "ctx.?s", "ctx.headers[?\"a\"]", "items[?99]"};

constexpr const char* kAnyPatterns[] = {"(%b ? %a : %a)",
                                        "dyn(%a)",
                                        "%l[%n]",
                                        "%m[%t]",
                                        "%m[%a]",
                                        "(%a).%f",
                                        "%m.%f",
                                        "cel.bind(%v, %a, %a)",
                                        "%o.value()",
                                        "%o.orValue(%a)",
                                        "type(%a)",
                                        "(%a + %a)",
                                        "(%a)[%a]",
                                        "cel.block([%a, %a], cel.index(0) == cel.index(1))",
                                        "ctx[%t]",
                                        "ctx.rows[%n].%f",
                                        "%l.min()",
                                        "%l.first()",
                                        "%l.max()",
                                        "math.greatest(%a, %a)",
                                        "google.protobuf.Int64Value{value: %n}"};
constexpr const char* kBoolPatterns[] = {"(%b && %b)",
                                         "(%b || %b)",
                                         "!%b",
                                         "(%a == %a)",
                                         "(%a != %a)",
                                         "(%n < %n)",
                                         "(%n <= %n)",
                                         "(%t > %t)",
                                         "(%a >= %a)",
                                         "(%a in %l)",
                                         "(%t in %m)",
                                         "(%a in %m)",
                                         "(%t in [\"a\", \"\"])",
                                         "(%t == \"a\")",
                                         "(\"\" != %t)",
                                         "(%n == 1)",
                                         "(1.0 == %n)",
                                         "(%n > 0)",
                                         "(0u <= %n)",
                                         "has((%a).%f)",
                                         "has(%m.%f)",
                                         "%l.all(%v, %b)",
                                         "%l.exists(%v, %b)",
                                         "%l.exists_one(%v, %b)",
                                         "%m.exists(%v, %w, %b)",
                                         "%m.all(%v, %w, %b)",
                                         "%l.existsOne(%v, %w, %b)",
                                         "%m.exists_one(%v, %w, %b)",
                                         "%t.startsWith(%t)",
                                         "%t.endsWith(\"b\")",
                                         "%t.contains(%t)",
                                         "%t.startsWith(\"a\")",
                                         "%t.contains(\"\")",
                                         "%t.matches(\"^a|b$\")",
                                         "%l.hasAll(%l)",
                                         "%l.hasAny(%l)",
                                         "%l.hasAll(\"a\", \"b\")",
                                         "%l.hasAny(1, \"a\")",
                                         "%l.hasAny(%a, %a)",
                                         "%l.hasAll([%a])",
                                         "sets.contains(%l, %l)",
                                         "sets.intersects(%l, %l)",
                                         "ctx.list.hasAny([\"b\"])",
                                         "%o.hasValue()",
                                         "bool(%t)",
                                         "(%b == %b)",
                                         "(%a in [1, 2u, %a])",
                                         "(size(%l) == 1)",
                                         "(size(%t) > 0)",
                                         "(%b && %b && %b)",
                                         "(%b || %b || %b)"};
constexpr const char* kNumberPatterns[] = {
    "(%n + %n)",      "(%n - %n)", "(%n * %n)",    "(%n / %n)",     "(%n %% %n)", "-%n",
    "size(%a)",       "size(%t)",  "%l.size()",    "int(%a)",       "uint(%n)",   "double(%n)",
    "%t.indexOf(%t)", "%m[\"a\"]", "math.abs(%n)", "(%b ? %n : %n)"};
constexpr const char* kTextPatterns[] = {
    "(%t + %t)",       "string(%a)",         "%t.charAt(%n)",  "%t.substring(%n)",
    "%t.upperAscii()", "%t.replace(%t, %t)", "%l.join(\",\")", "\"%%s\".format([%a])",
    "ctx.headers[%t]", "(%b ? %t : %t)",     "%m[1]"};
constexpr const char* kListPatterns[] = {"[%a]",
                                         "[%a, %a]",
                                         "[%a, ?%o, %a]",
                                         "(%l + %l)",
                                         "%l.map(%v, %a)",
                                         "%l.map(%v, %b, %a)",
                                         "%l.filter(%v, %b)",
                                         "%m.map(%v, %a)",
                                         "%m.filter(%v, %b)",
                                         "%l.transformList(%v, %w, %a)",
                                         "%m.transformList(%v, %w, %b, %a)",
                                         "%t.split(%t)",
                                         "ctx.rows.map(%v, %a)",
                                         "%l.sortBy(%v, %n)",
                                         "%l.flatten()",
                                         "%l.slice(0, %n)",
                                         "%l.distinct()",
                                         "lists.range(%n)",
                                         "%l.reverse()",
                                         "(%b ? %l : %l)"};
constexpr const char* kMapPatterns[] = {"{%t: %a}",
                                        "{%a: %a, %a: %a}",
                                        "{?%t: %o}",
                                        "{\"a\": %a, \"b\": %a}",
                                        "%m.transformMap(%v, %w, %a)",
                                        "%l.transformMap(%v, %w, %b, %a)",
                                        "%m.transformMapEntry(%v, %w, {%a: %a})",
                                        "%l.transformMapEntry(%v, %w, %m)",
                                        "ctx.rows[%n]"};
constexpr const char* kOptionalPatterns[] = {"optional.of(%a)",
                                             "optional.ofNonZeroValue(%a)",
                                             "(%a).?%f",
                                             "%m[?%a]",
                                             "%l[?%n]",
                                             "%m.?%f",
                                             "%o.or(%o)",
                                             "%o.optMap(%v, %a)",
                                             "%o.optFlatMap(%v, %o)",
                                             "%o.%f",
                                             "%o[%a]",
                                             "ctx.?gone.?s"};
constexpr const char* kFields[] = {"a", "s", "list", "sub", "gone", "none", "b", "`x-y`"};

constexpr Patterns kLeaves[] = {kAnyLeaves,  kBoolLeaves, kNumberLeaves,  kTextLeaves,
                                kListLeaves, kMapLeaves,  kOptionalLeaves};
constexpr Patterns kPatterns[] = {kAnyPatterns,  kBoolPatterns, kNumberPatterns,  kTextPatterns,
                                  kListPatterns, kMapPatterns,  kOptionalPatterns};

}  // namespace

Generator::Sort Generator::sort_of(char letter) {
  constexpr std::string_view kLetters = "abntlmo";
  return static_cast<Sort>(kLetters.find(letter));
}

std::size_t Generator::choose(std::size_t alternatives) {
  if (bytes_.empty()) return 0;
  const std::uint8_t byte = bytes_.front();
  bytes_ = bytes_.subspan(1);
  return byte % alternatives;
}

std::string Generator::make(Sort sort, std::size_t depth) {
  // Now and then another kind than is wanted: faults are outcomes, too.
  if (sort == kAny || choose(12) == 11) sort = static_cast<Sort>(choose(kSorts));
  if (bytes_.empty() || depth >= kMaxDepth || choose(4) == 0) return leaf(sort);
  const Patterns patterns = kPatterns[sort];
  return fill(patterns[choose(patterns.size())], depth + 1);
}

std::string Generator::leaf(Sort sort) {
  if (!variables_.empty() && choose(2) == 1) return variables_[choose(variables_.size())];
  return kLeaves[sort][choose(kLeaves[sort].size())];
}

std::string Generator::fill(const char* pattern, std::size_t depth) {
  const std::size_t variables = variables_.size();
  std::string out;
  for (const char* c = pattern; *c != '\0'; ++c) {
    if (*c != '%') {
      out += *c;
      continue;
    }
    switch (*++c) {
      case '%':
        out += '%';
        break;
      case 'v':  // sometimes the name of one around it
      case 'w':
        variables_.push_back("v" +
                             std::to_string(*c == 'w' ? kMaxVariables : choose(kMaxVariables)));
        out += variables_.back();
        break;
      case 'f':
        out += kFields[choose(std::size(kFields))];
        break;
      default:
        out += make(sort_of(*c), depth);
    }
  }
  variables_.resize(variables);
  return out;
}

std::string expression_of(std::span<const std::uint8_t> input) {
  if (input.empty()) return {};
  const std::span<const std::uint8_t> rest = input.subspan(1);
  if (input.front() % 2 == 1) return std::string(rest.begin(), rest.end());
  return Generator(rest).expression();
}

}  // namespace cel::testing
