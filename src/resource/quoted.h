#pragma once

#include <string>
#include <string_view>

namespace resource {

// A user's text as messages quote it: in double quotes, control characters escaped, cut after 64
// bytes.
std::string quoted(std::string_view text);

}  // namespace resource
