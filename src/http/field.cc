#include "http/field.h"

#include <array>

namespace http {
namespace {

constexpr std::array<bool, 256> make_token_table() {
  std::array<bool, 256> table{};
  for (int c = '0'; c <= '9'; ++c) table[static_cast<std::size_t>(c)] = true;
  for (int c = 'a'; c <= 'z'; ++c) table[static_cast<std::size_t>(c)] = true;
  for (int c = 'A'; c <= 'Z'; ++c) table[static_cast<std::size_t>(c)] = true;
  for (const char c : std::string_view("!#$%&'*+-.^_`|~")) table[static_cast<unsigned char>(c)] = true;
  return table;
}

constexpr auto kToken = make_token_table();

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

// `known` is lower case; `name` has the same size. `_` counts as `-`.
bool matches(std::string_view name, std::string_view known) {
  for (std::size_t i = 0; i < known.size(); ++i) {
    const char c = lower(name[i]);
    if (c != known[i] && !(c == '_' && known[i] == '-')) return false;
  }
  return true;
}

bool starts(std::string_view name, std::string_view known) {
  return name.size() >= known.size() && matches(name.substr(0, known.size()), known);
}

struct Known {
  std::string_view name;
  FieldId id;
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
  if (name.empty()) return FieldId::kOther;
  if (name.size() <= kLongest) {
    for (std::size_t i = kFirst[name.size()]; i < kFirst[name.size() + 1]; ++i)
      if (lower(name[0]) == kKnown[i].name[0] && matches(name, kKnown[i].name)) return kKnown[i].id;
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
    if (!kToken[static_cast<unsigned char>(c)]) return false;
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
  while (!element.empty() && (element.front() == ' ' || element.front() == '\t')) element.remove_prefix(1);
  while (!element.empty() && (element.back() == ' ' || element.back() == '\t')) element.remove_suffix(1);
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
