#include "resource/scalar.h"

#include <fmt/format.h>
#include <google/protobuf/util/time_util.h>

#include <charconv>
#include <cmath>
#include <limits>

#include "base/encoding.h"
#include "base/suggest.h"

namespace resource {
namespace {

using google::protobuf::EnumDescriptor;
using Type = Node::Type;

constexpr std::size_t kMaxQuoted = 40;

std::unexpected<std::string> mismatch(std::string_view expected, const Node& node, Quote quote,
                                      std::string_view advice = {}) {
  return std::unexpected(
      fmt::format("expected {}, found {}{}", expected, describe(node, quote), advice));
}

// Cut at a character, never inside one.
std::string_view shorten(std::string_view text) {
  if (text.size() <= kMaxQuoted) return text;
  std::size_t end = kMaxQuoted;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0u) == 0x80u) --end;
  return text.substr(0, end);
}

std::string_view without_plus(std::string_view text) {
  return text.starts_with('+') ? text.substr(1) : text;
}

// from_chars knows neither a leading plus nor ".5", which YAML has.
bool parse_double(std::string_view text, double& out) {
  const std::string_view word = text.starts_with('-') ? text.substr(1) : without_plus(text);
  if (word == ".inf" || word == ".Inf" || word == ".INF" || word == "Infinity") {
    out = text.starts_with('-') ? -std::numeric_limits<double>::infinity()
                                : std::numeric_limits<double>::infinity();
    return true;
  }
  if (text == ".nan" || text == ".NaN" || text == ".NAN" || text == "NaN") {
    out = std::numeric_limits<double>::quiet_NaN();
    return true;
  }
  std::uint64_t whole = 0;
  if (word.starts_with("0x") || word.starts_with("0o")) {
    const auto [end, error] =
        std::from_chars(word.data() + 2, word.data() + word.size(), whole, word[1] == 'x' ? 16 : 8);
    out = static_cast<double>(whole);
    return error == std::errc() && end == word.data() + word.size();
  }
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), out);
  if (error == std::errc::invalid_argument || end != word.data() + word.size()) return false;
  if (error == std::errc::result_out_of_range) {
    out = std::numeric_limits<double>::infinity();  // told apart by the caller
    return true;
  }
  if (text.starts_with('-')) out = -out;
  return true;
}

bool is_infinity_word(std::string_view text) {
  return text.find_first_of("iI") != std::string_view::npos;
}

}  // namespace

std::string describe(const Node& node, Quote quote) {
  const auto shown = [&](std::string_view what, std::string_view mark) {
    if (quote == Quote::kNo) return fmt::format("a {}", what);
    std::string text;
    base::append_json_escaped(text, shorten(node.text));
    const std::string_view more = node.text.size() > kMaxQuoted ? "..." : "";
    return fmt::format("the {} {}{}{}{}", what, mark, text, more, mark);
  };
  switch (node.type) {
    case Type::kNull:
      return "nothing";
    case Type::kBool:
      return shown("boolean", "");
    case Type::kNumber:
      return shown("number", "");
    case Type::kString:
      return shown("text", "\"");
    case Type::kSequence:
      return "a list";
    case Type::kMap:
      return "a mapping";
  }
  return "nothing";
}

Scalar<std::string> read_string(const Node& node, Quote quote) {
  if (node.type == Type::kString) return node.text;
  const bool bare = node.type == Type::kNumber || node.type == Type::kBool;
  return mismatch("a string", node, quote, bare ? "; put it in quotes" : "");
}

Scalar<bool> read_bool(const Node& node, Quote quote) {
  if (node.type == Type::kBool) return node.text[0] == 't' || node.text[0] == 'T';
  const bool quoted = node.type == Type::kString && (node.text == "true" || node.text == "false");
  return mismatch("true or false", node, quote, quoted ? "; remove the quotes" : "");
}

template <typename T>
Scalar<T> read_integer(const Node& node, Quote quote) {
  using Bounds = std::numeric_limits<T>;
  const bool scalar = node.type == Type::kNumber || node.type == Type::kString;
  if (!scalar || plain_type(node.text) != Type::kNumber) {
    return mismatch("a whole number", node, quote);
  }
  const auto out_of_range = [&] {
    return std::unexpected(fmt::format("out of range; takes {} to {}, found {}", Bounds::min(),
                                       Bounds::max(), describe(node, quote)));
  };
  std::string_view text = without_plus(node.text);
  int radix = 10;
  if (text.starts_with("0x") || text.starts_with("0o")) {
    radix = text[1] == 'x' ? 16 : 8;
    text.remove_prefix(2);
  }
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, radix);
  if (error == std::errc::result_out_of_range) return out_of_range();
  if (error == std::errc() && end == text.data() + text.size()) return value;
  // A sign on an unsigned type, a fraction or an exponent: fine when the value is whole.
  double number = 0;
  if (!parse_double(node.text, number) || std::isnan(number) ||
      (std::isfinite(number) && std::trunc(number) != number)) {
    return mismatch("a whole number", node, quote);
  }
  // 2^64 and 2^63 are exact as doubles, the maxima themselves are not.
  const double above = std::ldexp(1.0, Bounds::digits);
  if (number < static_cast<double>(Bounds::min()) || number >= above) return out_of_range();
  return static_cast<T>(number);
}

template Scalar<std::int32_t> read_integer(const Node&, Quote);
template Scalar<std::int64_t> read_integer(const Node&, Quote);
template Scalar<std::uint32_t> read_integer(const Node&, Quote);
template Scalar<std::uint64_t> read_integer(const Node&, Quote);

Scalar<double> read_double(const Node& node, Quote quote) {
  const bool scalar = node.type == Type::kNumber || node.type == Type::kString;
  double value = 0;
  if (!scalar || !parse_double(node.text, value)) return mismatch("a number", node, quote);
  if (std::isinf(value) && !is_infinity_word(node.text)) {
    return std::unexpected("out of range; the number is too large");
  }
  return value;
}

Scalar<float> read_float(const Node& node, Quote quote) {
  const Scalar<double> value = read_double(node, quote);
  if (!value) return std::unexpected(value.error());
  if (std::isfinite(*value) && std::abs(*value) > std::numeric_limits<float>::max()) {
    return std::unexpected("out of range; the number is too large");
  }
  return static_cast<float>(*value);
}

Scalar<std::string> read_bytes(const Node& node, Quote quote) {
  if (node.type != Type::kString) return mismatch("base64 text", node, quote);
  // Both alphabets, with or without padding, as proto3 JSON says; line breaks as YAML blocks have.
  std::string text;
  for (const char c : node.text) {
    if (c == '\n' || c == '\r' || c == ' ') continue;
    text.push_back(c == '-' ? '+' : c == '_' ? '/' : c);
  }
  while (text.ends_with('=')) text.pop_back();
  while (text.size() % 4 != 0) text.push_back('=');
  auto bytes = base::base64_decode(text);
  if (!bytes) return std::unexpected("not valid base64");
  return std::move(*bytes);
}

Scalar<int> read_enum(const Node& node, const EnumDescriptor& type) {
  std::vector<std::string_view> names;
  for (int i = 0; i < type.value_count(); ++i) {
    // The zero value is how "not given" is written on the wire, not something to recommend.
    if (type.value(i)->number() != 0) names.emplace_back(type.value(i)->name());
  }
  const auto choices = [&] { return fmt::format("{}", fmt::join(names, ", ")); };
  if (node.type == Type::kNumber) {
    const Scalar<std::int32_t> number = read_integer<std::int32_t>(node, Quote::kYes);
    if (number && type.FindValueByNumber(*number) != nullptr) return *number;
    return std::unexpected(
        fmt::format("{} is not the number of a value; one of {}", node.text, choices()));
  }
  if (node.type != Type::kString) return mismatch("one of " + choices(), node, Quote::kYes);
  if (const auto* value = type.FindValueByName(node.text)) return value->number();
  const std::string_view near = base::nearest(node.text, names);
  std::string text;
  base::append_json_escaped(text, shorten(node.text));
  return std::unexpected(fmt::format(
      "unknown value \"{}\"; {}", text,
      near.empty() ? "one of " + choices() : fmt::format("did you mean \"{}\"?", near)));
}

Scalar<google::protobuf::Timestamp> read_timestamp(const Node& node, Quote quote) {
  google::protobuf::Timestamp time;
  if (node.type == Type::kString &&
      google::protobuf::util::TimeUtil::FromString(node.text, &time)) {
    return time;
  }
  return mismatch("a time such as \"2027-01-31T12:00:00Z\"", node, quote);
}

}  // namespace resource
