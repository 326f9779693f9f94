#pragma once

#include <string>

#include "resource/kind.h"

namespace resource {

enum class JsonStyle : unsigned char { kCompact, kPretty };

// proto3 JSON in the order of field numbers: fields without presence are left out when zero, 64-bit
// integers are strings, bytes base64, timestamps RFC 3339, enums names. kPretty indents by four
// spaces. No newline at the end.
std::string to_json(const Message& message, JsonStyle style = JsonStyle::kCompact);

// The same content as a YAML document that `decode` reads back to an equal message. Ends with a
// newline.
std::string to_yaml(const Message& message);

}  // namespace resource
