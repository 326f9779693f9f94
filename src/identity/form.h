#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/secret.h"

namespace identity {

// The fields of an application/x-www-form-urlencoded body (WHATWG URL §5.1), in order. At most 64;
// a broken percent escape is an error, not text.
base::Result<std::vector<std::pair<std::string, base::Secret>>> parse_form(std::string_view body);

// `+` is a space and %XX is a byte; fails for a broken escape.
base::Result<std::string> decode_form_text(std::string_view text);

}  // namespace identity
