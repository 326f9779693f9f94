#pragma once

#include <string_view>

#include "resource/syntax.h"

namespace resource {

// Reads `text`, which holds one JSON value (RFC 8259, strictly) and begins at line `first_line` of
// its file. The text was checked with find_illegal_byte.
ReadResult read_json(std::string_view text, std::uint32_t first_line, const DecodeLimits& limits);

}  // namespace resource
