#include "cel/address.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace cel {
namespace {

constexpr unsigned char kMapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
constexpr unsigned kMappedBits = 96;

unsigned group(const Address& address, std::size_t i) {
  return static_cast<unsigned>(address.bytes[2 * i]) << 8U | address.bytes[2 * i + 1];
}

// The longest run of two or more zero groups, the first of them when there are several.
struct Run {
  std::size_t start = 8;
  std::size_t length = 0;
};

Run longest_zeros(const Address& address) {
  Run best;
  for (std::size_t i = 0; i < 8;) {
    std::size_t end = i;
    while (end < 8 && group(address, end) == 0) ++end;
    if (end - i >= 2 && end - i > best.length) best = {i, end - i};
    i = std::max(end, i + 1);
  }
  return best;
}

}  // namespace

std::optional<Address> parse_address(std::string_view text) {
  char buffer[INET6_ADDRSTRLEN + 1];
  if (text.size() >= sizeof buffer || text.find('\0') != std::string_view::npos)
    return std::nullopt;
  text.copy(buffer, text.size());
  buffer[text.size()] = '\0';
  Address out;
  if (inet_pton(AF_INET, buffer, out.bytes.data() + sizeof kMapped) == 1) {
    std::memcpy(out.bytes.data(), kMapped, sizeof kMapped);
    out.is_v4 = true;
    return out;
  }
  if (inet_pton(AF_INET6, buffer, out.bytes.data()) != 1) return std::nullopt;
  out.is_v4 = std::memcmp(out.bytes.data(), kMapped, sizeof kMapped) == 0;
  return out;
}

std::optional<AddressRange> parse_address_range(std::string_view text) {
  text = text.substr(0, INET6_ADDRSTRLEN + 5);  // longer is malformed in any case
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
  return AddressRange{*base, written_v4 ? prefix + kMappedBits : prefix};
}

bool AddressRange::contains(const Address& address) const {
  if (base.is_v4 != address.is_v4) return false;
  for (unsigned bit = 0; bit < prefix; bit += 8) {
    const unsigned left = prefix - bit;
    const unsigned mask = left >= 8 ? 0xFFU : (0xFF00U >> left) & 0xFFU;
    const unsigned difference =
        static_cast<unsigned>(base.bytes[bit / 8]) ^ static_cast<unsigned>(address.bytes[bit / 8]);
    if ((difference & mask) != 0) return false;
  }
  return true;
}

AddressRange AddressRange::masked() const {
  AddressRange out = *this;
  for (unsigned bit = prefix; bit < 128; ++bit)
    out.base.bytes[bit / 8] &= static_cast<unsigned char>(~(0x80U >> (bit % 8)));
  return out;
}

std::string print(const Address& address) {
  if (address.is_v4)
    return fmt::format("{}.{}.{}.{}", address.bytes[12], address.bytes[13], address.bytes[14],
                       address.bytes[15]);
  const Run zeros = longest_zeros(address);
  std::string out;
  for (std::size_t i = 0; i < 8; ++i) {
    if (i == zeros.start) {
      out += "::";
      i += zeros.length - 1;
      continue;
    }
    if (!out.empty() && !out.ends_with(':')) out += ':';
    fmt::format_to(std::back_inserter(out), "{:x}", group(address, i));
  }
  return out;
}

std::string print(const AddressRange& range) {
  return fmt::format("{}/{}", print(range.base),
                     range.base.is_v4 ? range.prefix - kMappedBits : range.prefix);
}

}  // namespace cel
