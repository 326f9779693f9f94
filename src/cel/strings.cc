#include <algorithm>
#include <array>
#include <utility>

#include "cel/compare.h"
#include "cel/function.h"
#include "cel/letter_case.h"
#include "cel/source.h"
#include "cel/text.h"

namespace cel {
namespace {

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
    case Kind::kMap: {
      const std::size_t entries = v.map_size();
      // A view may have to walk to count them.
      if (!v.is_array() && !evaluation.charge(entries)) return Evaluation::cost_limit();
      return Value::integer(static_cast<std::int64_t>(entries));
    }
    default:
      return Value::no_such_overload();
  }
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

// Every code point of args[0] through `map`.
template <typename Map>
Value map_text(Evaluation& evaluation, const Value* args, Map map) {
  if (!args[0].is(Kind::kString)) return Value::no_such_overload();
  const std::string_view text = args[0].as_text();
  TextBuilder out(evaluation);
  std::array<char, 256> ascii;  // what is collected before it goes out
  std::size_t size = 0;
  std::string other;
  const auto flush = [&] { out.append({ascii.data(), std::exchange(size, 0)}); };
  for (std::size_t i = 0; i < text.size() && !out.failed();) {
    const char32_t c = map(next_utf8(text, i));
    if (c < 0x80) {
      if (size == ascii.size()) flush();
      ascii[size++] = static_cast<char>(c);
      continue;
    }
    flush();
    other.clear();
    append_utf8(other, c);
    out.append(other);
  }
  flush();
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
    {"charAt", "string.(int):string", char_at},
    {"lowerAscii", "string.():string", lower_ascii},
    {"upperAscii", "string.():string", upper_ascii},
    {"toLower", "string.():string", to_lower_case},
    {"toUpper", "string.():string", to_upper_case},
    {"substring", "string.(int):string; string.(int, int):string", substring},
    {"trim", "string.():string", trim},
    {"reverse", "string.():string; list(A).():list(A)", reverse},
    {"join", "list(string).():string; list(string).(string):string", join},
    {"strings.quote", "(string):string", quote},
};

}  // namespace

std::span<const FunctionSpec> string_functions() { return kFunctions; }

}  // namespace cel
