#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace base {

// Of ASCII; other bytes stay as they are.
std::string to_lower(std::string_view text);

std::string hex_encode(std::string_view bytes);

// RFC 4648 §4 with padding, and §5 (URL-safe) without. Decoding is strict: no whitespace, no
// foreign characters, no non-zero trailing bits, padding exactly as the encoder writes it.
std::string base64_encode(std::string_view bytes);
Result<std::string> base64_decode(std::string_view text);
std::string base64url_encode(std::string_view bytes);
Result<std::string> base64url_decode(std::string_view text);

// Appends `text` to `out` as the inside of a JSON string (RFC 8259 §7): quotes, backslash and
// control bytes escaped, bytes that are not valid UTF-8 replaced by U+FFFD.
void append_json_escaped(std::string& out, std::string_view text);

}  // namespace base
