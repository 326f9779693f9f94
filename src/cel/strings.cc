#include <algorithm>
#include <limits>

#include "cel/compare.h"
#include "cel/function.h"
#include "cel/letter_case.h"
#include "cel/source.h"
#include "cel/text.h"

namespace cel {
namespace {

constexpr std::size_t kPatternCost = 20'000;  // of compiling one while the expression runs
constexpr std::size_t kMaxPatternBytes = 1'000;

bool are_texts(const Value* args, std::size_t count) {
  return std::all_of(args, args + count, [](const Value& v) { return v.is(Kind::kString); });
}

Value index_error() {
  return Value::error(ErrorCode::kIndexOutOfBounds, "index out of range of the text");
}

// The byte offset of a code point, or npos when `index` is beyond the end (the end itself is in).
std::size_t byte_offset(std::string_view text, std::int64_t index) {
  std::size_t at = 0;
  for (; index > 0; --index) {
    if (at >= text.size()) return std::string_view::npos;
    next_utf8(text, at);
  }
  return at;
}

Value size(Evaluation& evaluation, const Value* args, std::size_t) {
  const Value& v = args[0];
  switch (v.kind()) {
    case Kind::kString:
      if (!evaluation.charge_text(v.as_text().size())) return Evaluation::cost_limit();
      return Value::integer(static_cast<std::int64_t>(count_code_points(v.as_text())));
    case Kind::kBytes:
      return Value::integer(static_cast<std::int64_t>(v.as_text().size()));
    case Kind::kList:
      return Value::integer(static_cast<std::int64_t>(v.list_size()));
    case Kind::kMap:
      return Value::integer(static_cast<std::int64_t>(v.map_size()));
    default:
      return Value::no_such_overload();
  }
}

Value contains(Evaluation& evaluation, const Value* args, std::size_t) {
  if (!are_texts(args, 2)) return Value::no_such_overload();
  if (!evaluation.charge_text(args[0].as_text().size() + args[1].as_text().size()))
    return Evaluation::cost_limit();
  return Value::boolean(args[0].as_text().find(args[1].as_text()) != std::string_view::npos);
}

Value starts_with(Evaluation&, const Value* args, std::size_t) {
  if (!are_texts(args, 2)) return Value::no_such_overload();
  return Value::boolean(args[0].as_text().starts_with(args[1].as_text()));
}

Value ends_with(Evaluation&, const Value* args, std::size_t) {
  if (!are_texts(args, 2)) return Value::no_such_overload();
  return Value::boolean(args[0].as_text().ends_with(args[1].as_text()));
}

// With a pattern that is not known before; the planner compiles the others.
Value matches(Evaluation& evaluation, const Value* args, std::size_t) {
  if (!are_texts(args, 2)) return Value::no_such_overload();
  const std::string_view text = args[0].as_text();
  const std::string_view pattern = args[1].as_text();
  if (pattern.size() > kMaxPatternBytes)
    return Value::error(ErrorCode::kInvalidArgument, "the computed regular expression is too long");
  if (!evaluation.charge(kPatternCost) || !evaluation.charge_text(text.size()))
    return Evaluation::cost_limit();
  const auto compiled = compile_pattern(pattern);
  if (!compiled)
    return error_with(evaluation, ErrorCode::kInvalidArgument,
                      "the regular expression is invalid: ", compiled.error());
  return Value::boolean(
      re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), **compiled));
}

Value char_at(Evaluation& evaluation, const Value* args, std::size_t) {
  if (!args[0].is(Kind::kString) || !args[1].is(Kind::kInt)) return Value::no_such_overload();
  const std::string_view text = args[0].as_text();
  if (!evaluation.charge_text(text.size())) return Evaluation::cost_limit();
  if (args[1].as_int() < 0) return index_error();
  const std::size_t at = byte_offset(text, args[1].as_int());
  if (at == std::string_view::npos) return index_error();
  std::size_t end = at;
  if (at < text.size()) next_utf8(text, end);
  return Value::string(text.substr(at, end - at));
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

// Substring search is quadratic at worst; both texts are paid for.
bool charge_search(Evaluation& evaluation, const Value* args) {
  const std::size_t text = args[0].as_text().size();
  return evaluation.charge_text(text + std::min(text, args[1].as_text().size()));
}

Value index_of(Evaluation& evaluation, const Value* args, std::size_t count) {
  std::size_t start = 0;
  Value error;
  if (!search_start(args, count, start, error)) return error;
  if (!charge_search(evaluation, args)) return Evaluation::cost_limit();
  const std::size_t found = args[0].as_text().find(args[1].as_text(), start);
  if (found == std::string_view::npos) return Value::integer(-1);
  return Value::integer(
      static_cast<std::int64_t>(count_code_points(args[0].as_text().substr(0, found))));
}

Value last_index_of(Evaluation& evaluation, const Value* args, std::size_t count) {
  std::size_t start = args[0].is(Kind::kString) ? args[0].as_text().size() : 0;
  Value error;
  if (!search_start(args, count, start, error)) return error;
  if (!charge_search(evaluation, args)) return Evaluation::cost_limit();
  const std::size_t found = args[0].as_text().rfind(args[1].as_text(), start);
  if (found == std::string_view::npos) return Value::integer(-1);
  return Value::integer(
      static_cast<std::int64_t>(count_code_points(args[0].as_text().substr(0, found))));
}

// Every code point of args[0] through `map`.
template <typename Map>
Value map_text(Evaluation& evaluation, const Value* args, Map map) {
  if (!args[0].is(Kind::kString)) return Value::no_such_overload();
  const std::string_view text = args[0].as_text();
  TextBuilder out(evaluation);
  std::string one;
  for (std::size_t i = 0; i < text.size() && !out.failed();) {
    const char32_t c = next_utf8(text, i);
    if (c < 0x80) {
      out.append(static_cast<char>(map(c)));
      continue;
    }
    one.clear();
    append_utf8(one, map(c));
    out.append(one);
  }
  return out.finish();
}

Value lower_ascii(Evaluation& evaluation, const Value* args, std::size_t) {
  return map_text(evaluation, args, [](char32_t c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; });
}
Value upper_ascii(Evaluation& evaluation, const Value* args, std::size_t) {
  return map_text(evaluation, args, [](char32_t c) { return c >= 'a' && c <= 'z' ? c - 32 : c; });
}
Value to_lower_case(Evaluation& evaluation, const Value* args, std::size_t) {
  return map_text(evaluation, args, to_lower);
}
Value to_upper_case(Evaluation& evaluation, const Value* args, std::size_t) {
  return map_text(evaluation, args, to_upper);
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
  const std::size_t found = text.find(separator, from);
  return {found, found + separator.size()};
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
    const std::size_t found = text.find(old, at);
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

Value substring(Evaluation& evaluation, const Value* args, std::size_t count) {
  if (!args[0].is(Kind::kString) || !args[1].is(Kind::kInt) ||
      (count == 3 && !args[2].is(Kind::kInt)))
    return Value::no_such_overload();
  const std::string_view text = args[0].as_text();
  if (!evaluation.charge_text(text.size())) return Evaluation::cost_limit();
  if (args[1].as_int() < 0 || (count == 3 && args[2].as_int() < 0)) return index_error();
  if (count == 3 && args[1].as_int() > args[2].as_int())
    return Value::error(ErrorCode::kInvalidArgument, "the substring ends before it starts");
  const std::size_t start = byte_offset(text, args[1].as_int());
  if (start == std::string_view::npos) return index_error();
  if (count == 2) return Value::string(text.substr(start));
  const std::size_t length = byte_offset(text.substr(start), args[2].as_int() - args[1].as_int());
  if (length == std::string_view::npos) return index_error();
  return Value::string(text.substr(start, length));
}

Value trim(Evaluation& evaluation, const Value* args, std::size_t) {
  if (!args[0].is(Kind::kString)) return Value::no_such_overload();
  const std::string_view text = args[0].as_text();
  if (!evaluation.charge_text(text.size())) return Evaluation::cost_limit();
  std::size_t first = text.size();
  std::size_t end = 0;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t start = i;
    if (is_space(next_utf8(text, i))) continue;
    first = std::min(first, start);
    end = i;
  }
  return Value::string(end == 0 ? std::string_view("") : text.substr(first, end - first));
}

Value reverse(Evaluation& evaluation, const Value* args, std::size_t) {
  if (args[0].is(Kind::kList)) return reverse_list(evaluation, args[0]);
  if (!args[0].is(Kind::kString)) return Value::no_such_overload();
  const std::string_view text = args[0].as_text();
  if (!evaluation.charge_text(text.size())) return Evaluation::cost_limit();
  char* out = evaluation.arena().array<char>(text.size());
  if (out == nullptr) return Value::memory_limit();
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t start = i;
    next_utf8(text, i);
    text.substr(start, i - start).copy(out + (text.size() - i), i - start);
  }
  return Value::string({out, text.size()});
}

Value join(Evaluation& evaluation, const Value* args, std::size_t count) {
  if (!args[0].is(Kind::kList) || (count == 2 && !args[1].is(Kind::kString)))
    return Value::no_such_overload();
  TextBuilder out(evaluation);
  ListIterator elements(args[0], evaluation.arena());
  Value element;
  bool first = true;
  while (!out.failed() && elements.next(element)) {
    if (!evaluation.charge(1)) return Evaluation::cost_limit();
    if (!element.is(Kind::kString))
      return element.is_error()
                 ? element
                 : Value::error(ErrorCode::kInvalidArgument, "join() needs a list of texts");
    if (!first && count == 2) out.append(args[1].as_text());
    first = false;
    out.append(element.as_text());
  }
  const Value joined = out.finish();
  return first ? Value::string("") : joined;
}

Value quote(Evaluation& evaluation, const Value* args, std::size_t) {
  if (!args[0].is(Kind::kString)) return Value::no_such_overload();
  static constexpr std::string_view kPlain = "\a\b\f\n\r\t\v\\\"";
  static constexpr std::string_view kEscaped = "abfnrtv\\\"";
  const std::string_view text = args[0].as_text();
  TextBuilder out(evaluation);
  std::string one;
  out.append('"');
  for (std::size_t i = 0; i < text.size() && !out.failed();) {
    one.clear();
    append_utf8(one, next_utf8(text, i));
    if (const auto special = kPlain.find(one[0]); special != std::string_view::npos) {
      out.append('\\');
      out.append(kEscaped[special]);
    } else {
      out.append(one);
    }
  }
  out.append('"');
  return out.finish();
}

constexpr FunctionSpec kFunctions[] = {
    {"size",
     "(string):int; (bytes):int; (list(A)):int; (map(A, B)):int; string.():int; bytes.():int; "
     "list(A).():int; map(A, B).():int",
     size},
    {"contains", "string.(string):bool", contains},
    {"startsWith", "string.(string):bool", starts_with},
    {"endsWith", "string.(string):bool", ends_with},
    {"matches", "(string, string):bool; string.(string):bool", matches},
    {"charAt", "string.(int):string", char_at},
    {"indexOf", "string.(string):int; string.(string, int):int", index_of},
    {"lastIndexOf", "string.(string):int; string.(string, int):int", last_index_of},
    {"lowerAscii", "string.():string", lower_ascii},
    {"upperAscii", "string.():string", upper_ascii},
    {"toLower", "string.():string", to_lower_case},
    {"toUpper", "string.():string", to_upper_case},
    {"replace", "string.(string, string):string; string.(string, string, int):string", replace},
    {"split", "string.(string):list(string); string.(string, int):list(string)", split},
    {"substring", "string.(int):string; string.(int, int):string", substring},
    {"trim", "string.():string", trim},
    {"reverse", "string.():string; list(A).():list(A)", reverse},
    {"join", "list(string).():string; list(string).(string):string", join},
    {"strings.quote", "(string):string", quote},
};

}  // namespace

std::span<const FunctionSpec> string_functions() { return kFunctions; }

}  // namespace cel
