#include <algorithm>
#include <cstring>
#include <limits>

#include "cel/compare.h"
#include "cel/function.h"
#include "cel/source.h"
#include "cel/text.h"

// What looks for one text in another: contains, indexOf, matches, replace, split. Texts come from
// requests and parts from expressions, so either may be long: every search is linear or paid for.
namespace cel {
namespace {

constexpr std::size_t kPatternCost = 20'000;  // of compiling one while the expression runs
constexpr std::size_t kMaxPatternBytes = 1'000;
constexpr std::int64_t kPatternMemory = 256 << 10;

// The first place of `part` in `text` from an offset on, or npos.
std::size_t find_text(std::string_view text, std::string_view part, std::size_t from) {
  if (part.empty()) return from;
  if (part.size() > text.size() - from) return std::string_view::npos;
  const void* found = memmem(text.data() + from, text.size() - from, part.data(), part.size());
  if (found == nullptr) return std::string_view::npos;
  return static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
}

// The C library searches for long parts in linear time, for those up to 256 bytes by a hash whose
// every hit is compared.
bool charge_search(Evaluation& evaluation, const Value* args) {
  const std::size_t part = args[1].as_text().size();
  const std::size_t passes = 1 + std::min<std::size_t>(part, 256) / 64;
  return evaluation.charge_text(args[0].as_text().size() * passes + part);
}

Value contains(Evaluation& evaluation, const Value* args, std::size_t) {
  if (!are_texts(args, 2)) return Value::no_such_overload();
  if (!charge_search(evaluation, args)) return Evaluation::cost_limit();
  return Value::boolean(find_text(args[0].as_text(), args[1].as_text(), 0) !=
                        std::string_view::npos);
}

Value starts_with(Evaluation& evaluation, const Value* args, std::size_t) {
  if (!are_texts(args, 2)) return Value::no_such_overload();
  if (!charge_comparison(evaluation, args[0], args[1])) return Evaluation::cost_limit();
  return Value::boolean(args[0].as_text().starts_with(args[1].as_text()));
}

Value ends_with(Evaluation& evaluation, const Value* args, std::size_t) {
  if (!are_texts(args, 2)) return Value::no_such_overload();
  if (!charge_comparison(evaluation, args[0], args[1])) return Evaluation::cost_limit();
  return Value::boolean(args[0].as_text().ends_with(args[1].as_text()));
}

// With a pattern that is not known before; the planner compiles the others.
Value matches(Evaluation& evaluation, const Value* args, std::size_t) {
  if (!are_texts(args, 2)) return Value::no_such_overload();
  const std::string_view text = args[0].as_text();
  const std::string_view pattern = args[1].as_text();
  if (pattern.size() > kMaxPatternBytes)
    return Value::error(ErrorCode::kInvalidArgument, "the computed regular expression is too long");
  if (!evaluation.charge(kPatternCost)) return Evaluation::cost_limit();
  const auto compiled = compile_pattern(pattern, kPatternMemory);
  if (!compiled)
    return error_with(evaluation, ErrorCode::kInvalidArgument,
                      "the regular expression is invalid: ", compiled.error());
  return find_match(evaluation, **compiled, text);
}

// Where the search for indexOf and lastIndexOf starts: false sets `error`.
bool search_start(const Value* args, std::size_t count, std::size_t& at, Value& error) {
  if (!are_texts(args, 2) || (count == 3 && !args[2].is(Kind::kInt))) {
    error = Value::no_such_overload();
    return false;
  }
  if (count == 3)
    at = args[2].as_int() < 0 ? std::string_view::npos
                              : byte_offset(args[0].as_text(), args[2].as_int());
  if (at == std::string_view::npos) error = index_error();
  return at != std::string_view::npos;
}

Value index_of(Evaluation& evaluation, const Value* args, std::size_t count) {
  std::size_t start = 0;
  Value error;
  if (!search_start(args, count, start, error)) return error;
  if (!charge_search(evaluation, args)) return Evaluation::cost_limit();
  const std::size_t found = find_text(args[0].as_text(), args[1].as_text(), start);
  if (found == std::string_view::npos) return Value::integer(-1);
  return Value::integer(
      static_cast<std::int64_t>(count_code_points(args[0].as_text().substr(0, found))));
}

Value last_index_of(Evaluation& evaluation, const Value* args, std::size_t count) {
  std::size_t start = args[0].is(Kind::kString) ? args[0].as_text().size() : 0;
  Value error;
  if (!search_start(args, count, start, error)) return error;
  // From the end there is no linear search: every position may be compared.
  const std::size_t text = args[0].as_text().size();
  if (!evaluation.charge_text(text) || !evaluation.charge(text * args[1].as_text().size() / 1000))
    return Evaluation::cost_limit();
  const std::size_t found = args[0].as_text().rfind(args[1].as_text(), start);
  if (found == std::string_view::npos) return Value::integer(-1);
  return Value::integer(
      static_cast<std::int64_t>(count_code_points(args[0].as_text().substr(0, found))));
}

// The third argument of replace and split: how often; negative is without limit.
bool read_limit(const Value* args, std::size_t count, std::size_t position, std::size_t& limit) {
  limit = std::numeric_limits<std::size_t>::max();
  if (count <= position) return true;
  if (!args[position].is(Kind::kInt)) return false;
  if (args[position].as_int() >= 0) limit = static_cast<std::size_t>(args[position].as_int());
  return true;
}

// The end of the piece that starts at `from`, and where the next one starts. An empty separator
// stands between code points.
struct Piece {
  std::size_t end;
  std::size_t next;
};

Piece find_separator(std::string_view text, std::string_view separator, std::size_t from) {
  if (separator.empty()) {
    std::size_t next = from;
    if (next < text.size()) next_utf8(text, next);
    return {next < text.size() ? next : std::string_view::npos, next};
  }
  const std::size_t found = find_text(text, separator, from);
  return {found, found == std::string_view::npos ? found : found + separator.size()};
}

Value replace(Evaluation& evaluation, const Value* args, std::size_t count) {
  std::size_t limit = 0;
  if (!are_texts(args, 3) || !read_limit(args, count, 3, limit)) return Value::no_such_overload();
  const std::string_view text = args[0].as_text();
  const std::string_view old = args[1].as_text();
  if (!charge_search(evaluation, args)) return Evaluation::cost_limit();
  TextBuilder out(evaluation);
  std::size_t at = 0;
  for (; limit > 0 && !out.failed(); --limit) {
    if (old.empty()) {
      out.append(args[2].as_text());
      const std::size_t start = at;
      if (at >= text.size()) break;
      next_utf8(text, at);
      out.append(text.substr(start, at - start));
      continue;
    }
    const std::size_t found = find_text(text, old, at);
    if (found == std::string_view::npos) break;
    out.append(text.substr(at, found - at));
    out.append(args[2].as_text());
    at = found + old.size();
  }
  out.append(text.substr(std::min(at, text.size())));
  return out.finish();
}

Value split(Evaluation& evaluation, const Value* args, std::size_t count) {
  std::size_t limit = 0;
  if (!are_texts(args, 2) || !read_limit(args, count, 2, limit)) return Value::no_such_overload();
  const std::string_view text = args[0].as_text();
  const std::string_view separator = args[1].as_text();
  if (!charge_search(evaluation, args)) return Evaluation::cost_limit();
  ListBuilder out(evaluation);
  if (limit == 0 || (separator.empty() && text.empty())) return out.finish();
  std::size_t at = 0;
  while (--limit > 0) {
    const Piece piece = find_separator(text, separator, at);
    if (piece.end == std::string_view::npos) break;
    if (!out.add(Value::string(text.substr(at, piece.end - at)))) return out.finish();
    at = piece.next;
  }
  out.add(Value::string(text.substr(at)));
  return out.finish();
}

constexpr FunctionSpec kFunctions[] = {
    {"contains", "string.(string):bool", contains},
    {"startsWith", "string.(string):bool", starts_with},
    {"endsWith", "string.(string):bool", ends_with},
    {"matches", "(string, string):bool; string.(string):bool", matches},
    {"indexOf", "string.(string):int; string.(string, int):int", index_of},
    {"lastIndexOf", "string.(string):int; string.(string, int):int", last_index_of},
    {"replace", "string.(string, string):string; string.(string, string, int):string", replace},
    {"split", "string.(string):list(string); string.(string, int):list(string)", split},
};

}  // namespace

std::span<const FunctionSpec> search_functions() { return kFunctions; }

}  // namespace cel
