#pragma once

#include <string_view>

#include "resource/syntax.h"

namespace resource {

// Reads `text`, which holds one YAML document and begins at line `first_line` of its file. The text
// was checked with find_illegal_byte. Anchors and aliases are followed; merge keys and tags other
// than those of the core schema are errors.
ReadResult read_yaml(std::string_view text, std::uint32_t first_line, const DecodeLimits& limits);

}  // namespace resource
