#pragma once

#include <cstdint>

namespace cel {

// Unicode's simple case mappings: one code point to one, in no locale.
char32_t to_upper(char32_t c);
char32_t to_lower(char32_t c);

}  // namespace cel
