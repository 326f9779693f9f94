#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace identity {

// A UUID as its 16 bytes, as tokens carry it. All zero: none.
struct Uid {
  std::array<unsigned char, 16> bytes{};

  bool operator==(const Uid&) const = default;
  bool is_none() const { return *this == Uid{}; }
};

// The 36-character lower-case form only; nullopt for anything else.
std::optional<Uid> parse_uid(std::string_view text);
std::string format_uid(const Uid& uid);

// Equality in time that does not depend on the contents.
bool equal_constant_time(const Uid& a, const Uid& b);

// Uids are drawn at random by us, so any eight of their bytes are a good hash.
struct UidHash {
  std::size_t operator()(const Uid& uid) const {
    std::uint64_t word = 0;
    std::memcpy(&word, uid.bytes.data() + 8, sizeof word);
    return static_cast<std::size_t>(word);
  }
};

}  // namespace identity
