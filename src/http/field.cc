#include "http/field.h"

#include <array>
#include <bit>
#include <cstring>

namespace http {
namespace {

static_assert(std::endian::native == std::endian::little);

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

// `known` is lower case; `name` has the same size. `_` counts as `-`.
constexpr bool matches(std::string_view name, std::string_view known) {
  for (std::size_t i = 0; i < known.size(); ++i) {
    const char c = lower(name[i]);
    if (c != known[i] && !(c == '_' && known[i] == '-')) return false;
  }
  return true;
}

bool starts(std::string_view name, std::string_view known) {
  return name.size() >= known.size() && matches(name.substr(0, known.size()), known);
}

// Names are compared eight bytes at a time, in lower case and with `-` for `_`. Setting the bit
// 0x20 makes two bytes of a token equal only if they are one letter in two cases.
constexpr std::uint64_t fold(std::uint64_t word) {
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  const std::uint64_t other = word ^ (kOnes * '_');
  const std::uint64_t is_other =
      ((other & (kOnes * 0x7F)) + kOnes * 0x7F) | other;  // high bit of each byte
  const std::uint64_t underscores = (~is_other >> 7U) & kOnes;
  return (word ^ (underscores * ('_' ^ '-'))) | (kOnes * 0x20);
}

template <typename Word>
constexpr std::uint64_t load(const char* at) {
  if consteval {
    std::uint64_t word = 0;
    for (std::size_t i = 0; i < sizeof(Word); ++i)
      word |= std::uint64_t{static_cast<unsigned char>(at[i])} << (8 * i);
    return word;
  } else {
    Word word;
    std::memcpy(&word, at, sizeof word);
    return word;
  }
}

// The first and the last eight bytes; for shorter names, all of them in `first`. With the size that
// is the whole name up to 16 bytes.
struct Key {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  bool operator==(const Key&) const = default;
};

constexpr Key key_of(std::string_view name) {
  const char* at = name.data();
  const std::size_t size = name.size();
  if (size >= 8) return {fold(load<std::uint64_t>(at)), fold(load<std::uint64_t>(at + size - 8))};
  if (size >= 4)
    return {fold(load<std::uint32_t>(at) | load<std::uint32_t>(at + size - 4) << 32U), 0};
  return {fold(load<std::uint16_t>(at) | load<std::uint16_t>(at + size - 2) << 16U), 0};
}

struct Known {
  consteval Known(std::string_view text, FieldId field)
      : name(text), id(field), key(key_of(text)) {}

  std::string_view name;
  FieldId id;
  Key key;
};

// Sorted by length; kFirst[n] is where names of n bytes begin.
constexpr std::array kKnown = {
    Known{"te", FieldId::kTe},
    Known{"via", FieldId::kVia},
    Known{"date", FieldId::kDate},
    Known{"host", FieldId::kHost},
    Known{"accept", FieldId::kAccept},
    Known{"cookie", FieldId::kCookie},
    Known{"expect", FieldId::kExpect},
    Known{"origin", FieldId::kOrigin},
    Known{"server", FieldId::kServer},
    Known{"referer", FieldId::kReferer},
    Known{"trailer", FieldId::kTrailer},
    Known{"upgrade", FieldId::kUpgrade},
    Known{"forwarded", FieldId::kForwarded},
    Known{"x-real-ip", FieldId::kXForwarded},
    Known{"connection", FieldId::kConnection},
    Known{"keep-alive", FieldId::kKeepAlive},
    Known{"user-agent", FieldId::kUserAgent},
    Known{"grpc-status", FieldId::kGrpcStatus},
    Known{"content-type", FieldId::kContentType},
    Known{"x-request-id", FieldId::kXRequestId},
    Known{"authorization", FieldId::kAuthorization},
    Known{"content-length", FieldId::kContentLength},
    Known{"http2-settings", FieldId::kHttp2Settings},
    Known{"proxy-connection", FieldId::kProxyConnection},
    Known{"transfer-encoding", FieldId::kTransferEncoding},
    Known{"proxy-authenticate", FieldId::kProxyAuthenticate},
    Known{"proxy-authorization", FieldId::kProxyAuthorization},
};

constexpr std::size_t kLongest = 19;

constexpr std::array<std::uint8_t, kLongest + 2> make_first() {
  std::array<std::uint8_t, kLongest + 2> first{};
  for (std::size_t size = 0; size <= kLongest + 1; ++size) {
    std::uint8_t i = 0;
    while (i < kKnown.size() && kKnown[i].name.size() < size) ++i;
    first[size] = i;
  }
  return first;
}

constexpr auto kFirst = make_first();

}  // namespace

FieldId classify(std::string_view name) {
  if (name.size() < 2) return FieldId::kOther;
  const Key key = key_of(name);
  if (name.size() <= kLongest) {
    for (std::size_t i = kFirst[name.size()]; i < kFirst[name.size() + 1]; ++i) {
      if (kKnown[i].key != key) continue;
      if (name.size() <= 16 || matches(name, kKnown[i].name)) return kKnown[i].id;
    }
  }
  if (lower(name[0]) != 'x') return FieldId::kOther;
  if (starts(name, "x-octelium-")) return FieldId::kXOctelium;
  if (starts(name, "x-forwarded-") || starts(name, "x-envoy-")) return FieldId::kXForwarded;
  return FieldId::kOther;
}

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (lower(a[i]) != lower(b[i])) return false;
  return true;
}

bool is_token(std::string_view text) {
  for (const char c : text)
    if (!is_token_byte(c)) return false;
  return !text.empty();
}

bool is_field_value(std::string_view text) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && c != '\t') || byte == 0x7F) return false;
  }
  return true;
}

bool next_element(std::string_view& list, std::string_view& element) {
  if (list.data() == nullptr) return false;
  const auto comma = list.find(',');
  element = list.substr(0, comma);
  list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
  element = trim_whitespace(element);
  return true;
}

const Field* FieldList::find(FieldId id) const {
  for (const Field& field : *this)
    if (field.id == id) return &field;
  return nullptr;
}

const Field* FieldList::find(std::string_view name) const {
  for (const Field& field : *this)
    if (equals_ignoring_case(field.name, name)) return &field;
  return nullptr;
}

}  // namespace http
