#include "gateway/identifier.h"

#include <bit>
#include <span>

#include "base/random.h"

namespace gateway {

IdentifierSource::IdentifierSource() {
  base::random_bytes({reinterpret_cast<unsigned char*>(state_), sizeof state_});
}

// xoshiro256** by Blackman and Vigna (public domain).
std::uint64_t IdentifierSource::number() {
  const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  const std::uint64_t t = state_[1] << 17u;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= t;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

std::string_view IdentifierSource::next(char* out) {
  static constexpr std::string_view kAlphabet =
      "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz01";
  std::uint64_t bits = 0;
  int left = 0;
  for (std::size_t i = 0; i < kSize; ++i) {
    if (i == 4 || i == 9 || i == 34 || i == 39) {
      out[i] = '-';
      continue;
    }
    if (left == 0) {
      bits = number();
      left = 10;
    }
    out[i] = i == 0 ? kAlphabet[(bits & 63u) % 26] : kAlphabet[bits & 63u];
    bits >>= 6u;
    --left;
  }
  return {out, kSize};
}

}  // namespace gateway
