#pragma once

#include <string_view>

#include "cel/value.h"

namespace policy {

// The query of a URL as a map, in the form of HTML forms: pairs separated by `&`, `+` for space,
// percent escapes. Of a name that occurs more than once the first value counts; `;` separates
// nothing; pairs with a broken escape are left out.

// The value of `name`, or no_such_key().
cel::Value query_param(std::string_view query, std::string_view name, cel::Arena& arena);
// All of them. Only what an expression asks for is decoded.
cel::Value query_map(std::string_view query, cel::Arena& arena);

// The same with all values of a name, in their order.
cel::Value query_param_values(std::string_view query, std::string_view name, cel::Arena& arena);
cel::Value query_values_map(std::string_view query, cel::Arena& arena);

}  // namespace policy
