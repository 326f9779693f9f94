#pragma once

#include <string>

#include "resource/json.h"
#include "resource/syntax.h"

namespace resource {

void append_json(std::string& out, const Node& node, JsonStyle style, int indent = 0);

}  // namespace resource
