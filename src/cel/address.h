#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "cel/function.h"

namespace cel {

// An address as the 16 bytes of IPv6; IPv4 is mapped, so that both spellings of one are equal.
struct Address {
  std::array<unsigned char, 16> bytes{};
  bool is_v4 = false;  // written as IPv4 or as IPv4-mapped IPv6

  bool operator==(const Address&) const = default;
};

// An address and how many of its leading bits count, of the 128 even for IPv4.
struct AddressRange {
  Address base;
  unsigned prefix = 0;

  bool contains(const Address& address) const;
  AddressRange masked() const;  // with all other bits zero
  bool operator==(const AddressRange&) const = default;
};

// No zones, no leading zeros.
std::optional<Address> parse_address(std::string_view text);
// "10.0.0.0/8"; bits beyond the prefix may be set.
std::optional<AddressRange> parse_address_range(std::string_view text);

// As RFC 5952 has it; IPv4-mapped addresses as IPv4.
std::string print(const Address& address);
std::string print(const AddressRange& range);

// The text of a net.IP or net.CIDR.
Value address_text(Evaluation& evaluation, const Opaque& value);

}  // namespace cel
