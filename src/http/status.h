#pragma once

#include <string_view>

namespace http {

// RFC 9110 §15; empty for statuses without a registered phrase.
std::string_view reason_phrase(int status);

}  // namespace http
