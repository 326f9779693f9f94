#pragma once

#include <string>
#include <string_view>

namespace gateway {

// A Cookie field's value without `octelium_auth` and `octelium_rt`; other pairs stay byte for byte.
// Without ours in it, the value itself; else text appended to `storage`, which serves all fields of
// one request. Empty: nothing is left.
std::string_view without_our_cookies(std::string_view value, std::string& storage);

// Whether a Set-Cookie field's value is for one of our cookies.
bool sets_our_cookie(std::string_view value);

// Whether the text is a JSON object (RFC 8259) with unique keys at its top level.
bool is_json_object(std::string_view text);

}  // namespace gateway
