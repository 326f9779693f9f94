#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "http/message.h"

namespace http {

// The id of a field by its name, a token, in any case. Names that identity, forwarding and framing
// depend on are recognised with `_` for `-` as well, since some upstreams read them so.
FieldId classify(std::string_view name);

bool equals_ignoring_case(std::string_view a, std::string_view b);

// The bytes of a token (RFC 9110 §5.6.2).
inline constexpr std::array<bool, 256> kTokenBytes = [] {
  std::array<bool, 256> table{};
  for (unsigned char c = '0'; c <= '9'; ++c) table[c] = true;
  for (unsigned char c = 'a'; c <= 'z'; ++c) table[c] = true;
  for (unsigned char c = 'A'; c <= 'Z'; ++c) table[c] = true;
  for (const char c : std::string_view("!#$%&'*+-.^_`|~"))
    table[static_cast<unsigned char>(c)] = true;
  return table;
}();
inline bool is_token_byte(char c) { return kTokenBytes[static_cast<unsigned char>(c)]; }

bool is_token(std::string_view text);

// What may stand in a field value (RFC 9110 §5.5): no control byte but HTAB. Whatever policy,
// plugins, secrets or users put into a head is checked with this before it is written.
bool is_field_value(std::string_view text);

// Takes the next element of a comma-separated list off the front, without surrounding whitespace;
// empty elements are given as they are. False at the end.
bool next_element(std::string_view& list, std::string_view& element);

// Without spaces and tabs on either side.
inline std::string_view trim_whitespace(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

}  // namespace http
