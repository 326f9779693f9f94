#include "identity/uid.h"

#include "base/encoding.h"

namespace identity {
namespace {

bool is_dash_position(std::size_t i) { return i == 8 || i == 13 || i == 18 || i == 23; }

int nibble(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

}  // namespace

std::optional<Uid> parse_uid(std::string_view text) {
  if (text.size() != 36) return std::nullopt;
  Uid uid;
  std::size_t nibbles = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is_dash_position(i)) {
      if (text[i] != '-') return std::nullopt;
      continue;
    }
    const int value = nibble(text[i]);
    if (value < 0) return std::nullopt;
    auto& byte = uid.bytes[nibbles / 2];
    byte = static_cast<unsigned char>((byte << 4) | value);
    ++nibbles;
  }
  return uid;
}

std::string format_uid(const Uid& uid) {
  const std::string hex =
      base::hex_encode({reinterpret_cast<const char*>(uid.bytes.data()), uid.bytes.size()});
  std::string text;
  text.reserve(36);
  for (const char c : hex) {
    if (is_dash_position(text.size())) text.push_back('-');
    text.push_back(c);
  }
  return text;
}

bool equal_constant_time(const Uid& a, const Uid& b) {
  std::array<std::uint64_t, 2> x{};
  std::array<std::uint64_t, 2> y{};
  std::memcpy(x.data(), a.bytes.data(), sizeof x);
  std::memcpy(y.data(), b.bytes.data(), sizeof y);
  return ((x[0] ^ y[0]) | (x[1] ^ y[1])) == 0;
}

}  // namespace identity
