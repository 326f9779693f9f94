#include "cel/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include "cel/source.h"

namespace cel {
namespace {

constexpr std::size_t kMaxDetail = 80;

// Instructions of a pattern that one pass over the text is counted for.
constexpr std::size_t kInstructionsOfPass = 16;

bool is_ascii(std::string_view text) {
  unsigned char all = 0;
  for (const char c : text) all |= static_cast<unsigned char>(c);
  return all < 0x80;
}

// A copy with U+FFFD for each malformed byte.
Value well_formed(Evaluation& evaluation, std::string_view text) {
  TextBuilder out(evaluation);
  std::string one;
  for (std::size_t i = 0; i < text.size() && !out.failed();) {
    one.clear();
    append_utf8(one, next_utf8(text, i));
    out.append(one);
  }
  return out.finish();
}

}  // namespace

Value error_with(Evaluation& evaluation, ErrorCode code, std::string_view head,
                 std::string_view detail) {
  detail = cel::head(detail, kMaxDetail);
  char* text = evaluation.arena().array<char>(head.size() + detail.size() + 1);
  if (text == nullptr) return Value::memory_limit();
  char* end = std::copy(head.begin(), head.end(), text);
  end = std::copy(detail.begin(), detail.end(), end);
  *end = '\0';
  return Value::error(code, text);
}

Value new_string(Evaluation& evaluation, std::string_view text) {
  if (!evaluation.charge_text(text.size())) return Evaluation::cost_limit();
  const std::string_view copy = evaluation.arena().copy(text);
  return copy.data() == nullptr ? Value::memory_limit() : Value::string(copy);
}

Value new_bytes(Evaluation& evaluation, std::string_view text) {
  const Value copy = new_string(evaluation, text);
  return copy.is_error() ? copy : Value::bytes(copy.as_text());
}

void TextBuilder::append(std::string_view text) {
  if (failed()) return;
  if (!evaluation_.charge_text(text.size())) {
    error_ = Evaluation::cost_limit();
    return;
  }
  if (text.size() > capacity_ - size_) {
    const std::size_t capacity = std::max<std::size_t>({64, capacity_ * 2, size_ + text.size()});
    char* data = evaluation_.arena().array<char>(capacity);
    if (data == nullptr) {
      error_ = Value::memory_limit();
      return;
    }
    std::copy_n(data_, size_, data);
    data_ = data;
    capacity_ = capacity;
  }
  std::copy(text.begin(), text.end(), data_ + size_);
  size_ += text.size();
}

bool ListBuilder::add(const Value& value) {
  if (!evaluation_.charge(1)) {
    error_ = Evaluation::cost_limit();
    return false;
  }
  if (size_ == capacity_) {
    const std::size_t capacity = std::max<std::size_t>(8, capacity_ * 2);
    Value* values = evaluation_.arena().array<Value>(capacity);
    if (values == nullptr) {
      error_ = Value::memory_limit();
      return false;
    }
    std::copy_n(values_, size_, values);
    values_ = values;
    capacity_ = capacity;
  }
  values_[size_++] = value;
  return true;
}

std::expected<std::unique_ptr<const re2::RE2>, std::string> compile_pattern(
    std::string_view pattern, std::int64_t memory) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(memory);
  options.set_never_capture(true);
  auto compiled =
      std::make_unique<const re2::RE2>(re2::StringPiece(pattern.data(), pattern.size()), options);
  if (!compiled->ok()) return std::unexpected(compiled->error());
  return compiled;
}

Value find_match(Evaluation& evaluation, const re2::RE2& pattern, std::string_view text) {
  // At worst every instruction of the pattern looks at every byte.
  const auto size = static_cast<std::size_t>(std::max(pattern.ProgramSize(), 0));
  if (!evaluation.charge_text(text.size() * (1 + size / kInstructionsOfPass)))
    return Evaluation::cost_limit();
  if (!is_ascii(text) && !is_utf8(text)) {
    const Value readable = well_formed(evaluation, text);
    if (readable.is_error()) return readable;
    text = readable.as_text();
  }
  return Value::boolean(
      re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), pattern));
}

bool are_texts(const Value* args, std::size_t count) {
  return std::all_of(args, args + count, [](const Value& v) { return v.is(Kind::kString); });
}

Value index_error() {
  return Value::error(ErrorCode::kIndexOutOfBounds, "index out of range of the text");
}

std::size_t byte_offset(std::string_view text, std::int64_t index) {
  std::size_t at = 0;
  for (; index > 0; --index) {
    if (at >= text.size()) return std::string_view::npos;
    next_utf8(text, at);
  }
  return at;
}

std::errc parse_double(std::string_view text, double& out) {
  if (text.contains('(')) return std::errc::invalid_argument;  // "nan(...)" to C
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error == std::errc{})
    return end == text.data() + text.size() ? std::errc{} : std::errc::invalid_argument;
  if (error != std::errc::result_out_of_range) return error;
  // from_chars does not tell too large from too small.
  out = std::strtod(std::string(text).c_str(), nullptr);
  return std::isinf(out) ? error : std::errc{};
}

std::string print_double(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  char buffer[40];
  const auto end =
      std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific).ptr;
  const std::string_view text(buffer, static_cast<std::size_t>(end - buffer));
  const auto e = text.find('e');
  int exponent = 0;
  const char* digits = text.data() + e + (text[e + 1] == '+' ? 2 : 1);
  std::from_chars(digits, end, exponent);
  if (exponent < -4 || exponent >= 21) return std::string(text);
  char fixed[64];
  const auto last = std::to_chars(fixed, fixed + sizeof fixed, value, std::chars_format::fixed).ptr;
  return std::string(fixed, last);
}

bool is_space(char32_t c) {
  return (c >= 9 && c <= 13) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F ||
         c == 0x3000;
}

std::size_t count_code_points(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80; }));
}

}  // namespace cel
