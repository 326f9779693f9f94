#include "base/random.h"

#include <openssl/rand.h>

#include <array>
#include <cstdlib>

#include "base/encoding.h"

namespace base {
namespace {

std::string format_uuid(const std::array<unsigned char, 16>& bytes) {
  const std::string hex = hex_encode({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  return hex.substr(0, 8) + "-" + hex.substr(8, 4) + "-" + hex.substr(12, 4) + "-" +
         hex.substr(16, 4) + "-" + hex.substr(20);
}

void set_version(std::array<unsigned char, 16>& bytes, unsigned version) {
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0Fu) | (version << 4u));
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3Fu) | 0x80u);
}

bool is_lower_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

}  // namespace

void random_bytes(std::span<unsigned char> out) {
  if (RAND_bytes(out.data(), static_cast<int>(out.size())) != 1) std::abort();
}

std::string random_name(std::size_t size) {
  static constexpr std::string_view kAlphabet = "abcdefghijklmnopqrstuvwxyz0123456789";
  std::string name;
  name.reserve(size);
  while (name.size() < size) {
    std::array<unsigned char, 32> pool{};
    random_bytes(pool);
    for (const unsigned char byte : pool) {
      const std::size_t letters = name.empty() ? 26 : 36;
      if (byte >= 256 / letters * letters || name.size() == size) continue;  // no modulo bias
      name.push_back(kAlphabet[byte % letters]);
    }
  }
  return name;
}

std::string make_uuid_v4() {
  std::array<unsigned char, 16> bytes{};
  random_bytes(bytes);
  set_version(bytes, 4);
  return format_uuid(bytes);
}

std::string make_uuid_v7(WallTime now) {
  std::array<unsigned char, 16> bytes{};
  random_bytes(bytes);
  auto millis = static_cast<std::uint64_t>(
      std::chrono::floor<std::chrono::milliseconds>(now).time_since_epoch().count());
  for (int i = 5; i >= 0; --i, millis >>= 8u) bytes[static_cast<std::size_t>(i)] = millis & 0xFFu;
  set_version(bytes, 7);
  return format_uuid(bytes);
}

bool is_uuid_v4(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' : !is_lower_hex(text[i])) return false;
  }
  return text[14] == '4' &&
         (text[19] == '8' || text[19] == '9' || text[19] == 'a' || text[19] == 'b');
}

}  // namespace base
