#include <span>

#include "cel/address.h"
#include "cel/function.h"
#include "cel/text.h"

namespace cel {
namespace {

Value bad_address(Evaluation& evaluation, std::string_view text) {
  return error_with(evaluation, ErrorCode::kInvalidArgument, "not an IP address: ", text);
}

Value bad_range(Evaluation& evaluation, std::string_view text) {
  return error_with(evaluation, ErrorCode::kInvalidArgument,
                    "not an address range such as 10.0.0.0/8: ", text);
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
  const auto range = parse_address_range(args[1].as_text());
  if (!range) return bad_range(evaluation, args[1].as_text());
  return Value::boolean(range->contains(*address));
}

// Values of the types net.IP and net.CIDR: what ip() and cidr() make, and functions look into.

class IpValue final : public Opaque {
 public:
  static constexpr std::string_view kName = "net.IP";
  explicit IpValue(const Address& value) : address(value) {}
  std::string_view type_name() const override { return kName; }
  bool equals(const Opaque& other) const override {
    return address == static_cast<const IpValue&>(other).address;
  }
  Address address;
};

class CidrValue final : public Opaque {
 public:
  static constexpr std::string_view kName = "net.CIDR";
  explicit CidrValue(const AddressRange& value) : range(value) {}
  std::string_view type_name() const override { return kName; }
  bool equals(const Opaque& other) const override {
    return range == static_cast<const CidrValue&>(other).range;
  }
  AddressRange range;
};

template <typename Type>
const Type* as(const Value& value) {
  if (!value.is(Kind::kOpaque) || value.as_opaque()->type_name() != Type::kName) return nullptr;
  return static_cast<const Type*>(value.as_opaque());
}

template <typename Type, typename Content>
Value make(Evaluation& evaluation, const Content& content) {
  const Opaque* value = evaluation.arena().make<Type>(content);
  return value == nullptr ? Value::memory_limit() : Value::opaque(value);
}

// The dotted spelling of an IPv4-mapped address is refused: it is neither family's own.
std::optional<Address> parse_strict(std::string_view text) {
  if (text.size() > 64) return std::nullopt;
  const bool is_mixed = text.contains(':') && text.contains('.');
  return is_mixed ? std::nullopt : parse_address(text);
}

std::optional<AddressRange> parse_strict_range(std::string_view text) {
  auto range = parse_address_range(text);
  const bool is_mapped = range && range->base.is_v4 && text.contains(':');
  return is_mapped ? std::nullopt : range;
}

Value is_strict_ip(Evaluation&, const Value* args, std::size_t) {
  if (!args[0].is(Kind::kString)) return Value::no_such_overload();
  return Value::boolean(parse_strict(args[0].as_text()).has_value());
}

Value is_cidr(Evaluation&, const Value* args, std::size_t) {
  if (!args[0].is(Kind::kString)) return Value::no_such_overload();
  return Value::boolean(parse_strict_range(args[0].as_text()).has_value());
}

// ip(text), or the address of a range.
Value to_ip(Evaluation& evaluation, const Value* args, std::size_t) {
  if (const CidrValue* cidr = as<CidrValue>(args[0]))
    return make<IpValue>(evaluation, cidr->range.base);
  if (!args[0].is(Kind::kString)) return Value::no_such_overload();
  const auto address = parse_strict(args[0].as_text());
  return address ? make<IpValue>(evaluation, *address) : bad_address(evaluation, args[0].as_text());
}

Value to_cidr(Evaluation& evaluation, const Value* args, std::size_t) {
  if (!args[0].is(Kind::kString)) return Value::no_such_overload();
  const auto range = parse_strict_range(args[0].as_text());
  return range ? make<CidrValue>(evaluation, *range) : bad_range(evaluation, args[0].as_text());
}

Value is_canonical(Evaluation& evaluation, const Value* args, std::size_t) {
  if (!args[0].is(Kind::kString)) return Value::no_such_overload();
  const auto address = parse_strict(args[0].as_text());
  if (!address) return bad_address(evaluation, args[0].as_text());
  return Value::boolean(print(*address) == args[0].as_text());
}

Value family(Evaluation&, const Value* args, std::size_t) {
  const IpValue* ip = as<IpValue>(args[0]);
  return ip == nullptr ? Value::no_such_overload() : Value::integer(ip->address.is_v4 ? 4 : 6);
}

bool is_unspecified(const Address& a) {
  const std::size_t first = a.is_v4 ? 12 : 0;
  for (std::size_t i = first; i < 16; ++i)
    if (a.bytes[i] != 0) return false;
  return true;
}

bool is_loopback(const Address& a) {
  if (a.is_v4) return a.bytes[12] == 127;
  Address last = a;
  last.bytes[15] = 0;
  return a.bytes[15] == 1 && is_unspecified(last);
}

bool is_multicast(const Address& a) {
  return a.is_v4 ? (a.bytes[12] & 0xF0U) == 0xE0 : a.bytes[0] == 0xFF;
}

bool is_link_local_multicast(const Address& a) {
  if (a.is_v4) return a.bytes[12] == 224 && a.bytes[13] == 0 && a.bytes[14] == 0;
  return a.bytes[0] == 0xFF && (a.bytes[1] & 0x0FU) == 2;
}

bool is_link_local_unicast(const Address& a) {
  if (a.is_v4) return a.bytes[12] == 169 && a.bytes[13] == 254;
  return a.bytes[0] == 0xFE && (a.bytes[1] & 0xC0U) == 0x80;
}

bool is_global_unicast(const Address& a) {
  const bool is_broadcast = a.is_v4 && a.bytes[12] == 255 && a.bytes[13] == 255 &&
                            a.bytes[14] == 255 && a.bytes[15] == 255;
  return !is_broadcast && !is_unspecified(a) && !is_loopback(a) && !is_multicast(a) &&
         !is_link_local_unicast(a);
}

template <bool (*kHolds)(const Address&)>
Value property(Evaluation&, const Value* args, std::size_t) {
  const IpValue* ip = as<IpValue>(args[0]);
  return ip == nullptr ? Value::no_such_overload() : Value::boolean(kHolds(ip->address));
}

Value contains_ip(Evaluation& evaluation, const Value* args, std::size_t) {
  const CidrValue* cidr = as<CidrValue>(args[0]);
  if (cidr == nullptr) return Value::no_such_overload();
  if (const IpValue* ip = as<IpValue>(args[1]))
    return Value::boolean(cidr->range.contains(ip->address));
  if (!args[1].is(Kind::kString)) return Value::no_such_overload();
  const auto address = parse_strict(args[1].as_text());
  if (!address) return bad_address(evaluation, args[1].as_text());
  return Value::boolean(cidr->range.contains(*address));
}

Value contains_cidr(Evaluation& evaluation, const Value* args, std::size_t) {
  const CidrValue* cidr = as<CidrValue>(args[0]);
  if (cidr == nullptr) return Value::no_such_overload();
  const auto contains = [&](const AddressRange& inner) {
    return Value::boolean(inner.prefix >= cidr->range.prefix && cidr->range.contains(inner.base));
  };
  if (const CidrValue* inner = as<CidrValue>(args[1])) return contains(inner->range);
  if (!args[1].is(Kind::kString)) return Value::no_such_overload();
  const auto range = parse_strict_range(args[1].as_text());
  return range ? contains(*range) : bad_range(evaluation, args[1].as_text());
}

Value masked(Evaluation& evaluation, const Value* args, std::size_t) {
  const CidrValue* cidr = as<CidrValue>(args[0]);
  if (cidr == nullptr) return Value::no_such_overload();
  return make<CidrValue>(evaluation, cidr->range.masked());
}

Value prefix_length(Evaluation&, const Value* args, std::size_t) {
  const CidrValue* cidr = as<CidrValue>(args[0]);
  if (cidr == nullptr) return Value::no_such_overload();
  return Value::integer(cidr->range.base.is_v4 ? cidr->range.prefix - 96 : cidr->range.prefix);
}

constexpr FunctionSpec kFunctions[] = {
    {"net.isIP", "(string):bool", is_ip},
    {"net.isIPv4", "(string):bool", is_written_with<'.'>},
    {"net.isIPv6", "(string):bool", is_written_with<':'>},
    {"net.isPrivateIP", "(string):bool", is_private_ip},
    {"net.isIPInRange", "(string, string):bool", is_ip_in_range},
    {"ip", "(string):ip; cidr.():ip", to_ip, Nature::kConversion},
    {"cidr", "(string):cidr", to_cidr, Nature::kConversion},
    {"isIP", "(string):bool", is_strict_ip},
    {"isCIDR", "(string):bool", is_cidr},
    {"ip.isCanonical", "(string):bool", is_canonical, Nature::kConversion},
    {"family", "ip.():int", family},
    {"isUnspecified", "ip.():bool", property<is_unspecified>},
    {"isLoopback", "ip.():bool", property<is_loopback>},
    {"isGlobalUnicast", "ip.():bool", property<is_global_unicast>},
    {"isLinkLocalMulticast", "ip.():bool", property<is_link_local_multicast>},
    {"isLinkLocalUnicast", "ip.():bool", property<is_link_local_unicast>},
    {"containsIP", "cidr.(ip):bool; cidr.(string):bool", contains_ip},
    {"containsCIDR", "cidr.(cidr):bool; cidr.(string):bool", contains_cidr},
    {"masked", "cidr.():cidr", masked},
    {"prefixLength", "cidr.():int", prefix_length},
};

}  // namespace

Value address_text(Evaluation& evaluation, const Opaque& value) {
  if (value.type_name() == IpValue::kName)
    return new_string(evaluation, print(static_cast<const IpValue&>(value).address));
  if (value.type_name() == CidrValue::kName)
    return new_string(evaluation, print(static_cast<const CidrValue&>(value).range));
  return Value::no_such_overload();
}

std::span<const FunctionSpec> network_functions() { return kFunctions; }

}  // namespace cel
