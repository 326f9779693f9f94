#pragma once

#include "cel/value.h"
#include "policy/request_view.h"

namespace policy {

// Header fields as a map: names in lower case, found in any; of a name that occurs more than once
// the first value counts. `host` is not among them: it is an attribute of its own, and HTTP/2 has
// no such field.

// `lower_name` is in lower case. no_such_key() when there is none.
cel::Value header_value(const HeaderSource* headers, std::string_view lower_name);
cel::Value header_map(const HeaderSource* headers, cel::Arena& arena);

// The same with all values of a name, in their order.
cel::Value header_values(const HeaderSource* headers, std::string_view lower_name,
                         cel::Arena& arena);
cel::Value header_values_map(const HeaderSource* headers, cel::Arena& arena);

}  // namespace policy
