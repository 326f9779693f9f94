#pragma once

#include <cstdint>
#include <string_view>

#include "http/field.h"

namespace gateway {

inline constexpr std::string_view kRequestIdField = "x-octelium-request-id";
inline constexpr std::string_view kUnauthorizedField = "x-octelium-unauthorized";
inline constexpr std::string_view kServer = "octelium";
inline constexpr std::string_view kHsts = "max-age=2592000";

// RFC 9110 §5.6.7, of nanoseconds since the epoch. Valid until the thread asks for another second.
std::string_view http_date(std::int64_t ns);

// Names that some upstreams take for one another: in any case, `_` for `-`.
bool are_alike(std::string_view a, std::string_view b);

// Unless it is appended, the value takes the place of those whose names are alike. Keeps the views.
void set_field(http::FieldList& fields, std::string_view name, std::string_view value, bool append);

}  // namespace gateway
