#include <arpa/inet.h>

#include <array>
#include <charconv>
#include <cstring>
#include <optional>

#include "cel/function.h"
#include "cel/text.h"

namespace cel {
namespace {

// An address as the 16 bytes of IPv6; IPv4 is mapped, so that both spellings of one are equal.
struct Address {
  std::array<unsigned char, 16> bytes{};
  bool is_v4 = false;  // written as IPv4 or as IPv4-mapped IPv6
};

std::optional<Address> parse_address(std::string_view text) {
  char buffer[INET6_ADDRSTRLEN + 1];
  if (text.size() >= sizeof buffer || text.find('\0') != std::string_view::npos)
    return std::nullopt;
  text.copy(buffer, text.size());
  buffer[text.size()] = '\0';
  static constexpr unsigned char kMapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
  Address out;
  if (inet_pton(AF_INET, buffer, out.bytes.data() + 12) == 1) {
    std::memcpy(out.bytes.data(), kMapped, sizeof kMapped);
    out.is_v4 = true;
    return out;
  }
  if (inet_pton(AF_INET6, buffer, out.bytes.data()) != 1) return std::nullopt;
  out.is_v4 = std::memcmp(out.bytes.data(), kMapped, sizeof kMapped) == 0;
  return out;
}

struct Range {
  Address base;
  unsigned prefix = 0;  // of the 16 bytes
};

std::optional<Range> parse_range(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const std::string_view digits = text.substr(slash + 1);
  const auto base = parse_address(text.substr(0, slash));
  unsigned prefix = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), prefix);
  const bool leading_zero = digits.size() > 1 && digits[0] == '0';
  if (!base || error != std::errc{} || end != digits.data() + digits.size() || leading_zero)
    return std::nullopt;
  const bool written_v4 = text.substr(0, slash).find(':') == std::string_view::npos;
  if (prefix > (written_v4 ? 32U : 128U)) return std::nullopt;
  return Range{*base, written_v4 ? prefix + 96 : prefix};
}

bool contains(const Range& range, const Address& address) {
  if (range.base.is_v4 != address.is_v4) return false;
  for (unsigned bit = 0; bit < range.prefix; bit += 8) {
    const unsigned left = range.prefix - bit;
    const unsigned mask = left >= 8 ? 0xFFU : (0xFF00U >> left) & 0xFFU;
    const unsigned difference = static_cast<unsigned>(range.base.bytes[bit / 8]) ^
                                static_cast<unsigned>(address.bytes[bit / 8]);
    if ((difference & mask) != 0) return false;
  }
  return true;
}

Value bad_address(Evaluation& evaluation, std::string_view text) {
  return error_with(evaluation, ErrorCode::kInvalidArgument, "not an IP address: ", text);
}

Value is_ip(Evaluation&, const Value* args, std::size_t) {
  if (!args[0].is(Kind::kString)) return Value::no_such_overload();
  return Value::boolean(parse_address(args[0].as_text()).has_value());
}

// By the spelling, so that ::ffff:1.2.3.4 is both.
template <char kMark>
Value is_written_with(Evaluation&, const Value* args, std::size_t) {
  if (!args[0].is(Kind::kString)) return Value::no_such_overload();
  const std::string_view text = args[0].as_text();
  return Value::boolean(parse_address(text).has_value() &&
                        text.find(kMark) != std::string_view::npos);
}

Value is_private_ip(Evaluation& evaluation, const Value* args, std::size_t) {
  if (!args[0].is(Kind::kString)) return Value::no_such_overload();
  const auto address = parse_address(args[0].as_text());
  if (!address) return bad_address(evaluation, args[0].as_text());
  const auto& b = address->bytes;
  if (!address->is_v4) return Value::boolean((b[0] & 0xFEU) == 0xFC);
  return Value::boolean(b[12] == 10 || (b[12] == 172 && (b[13] & 0xF0U) == 16) ||
                        (b[12] == 192 && b[13] == 168));
}

Value is_ip_in_range(Evaluation& evaluation, const Value* args, std::size_t) {
  if (!args[0].is(Kind::kString) || !args[1].is(Kind::kString)) return Value::no_such_overload();
  const auto address = parse_address(args[0].as_text());
  if (!address) return bad_address(evaluation, args[0].as_text());
  const auto range = parse_range(args[1].as_text());
  if (!range)
    return error_with(evaluation, ErrorCode::kInvalidArgument,
                      "not an address range such as 10.0.0.0/8: ", args[1].as_text());
  return Value::boolean(contains(*range, *address));
}

constexpr FunctionSpec kFunctions[] = {
    {"net.isIP", "(string):bool", is_ip},
    {"net.isIPv4", "(string):bool", is_written_with<'.'>},
    {"net.isIPv6", "(string):bool", is_written_with<':'>},
    {"net.isPrivateIP", "(string):bool", is_private_ip},
    {"net.isIPInRange", "(string, string):bool", is_ip_in_range},
};

}  // namespace

std::span<const FunctionSpec> network_functions() { return kFunctions; }

}  // namespace cel
