#pragma once

#include <google/protobuf/message.h>

#include <string_view>

#include "base/result.h"
#include "cli/terminal.h"

namespace cli {

enum class Format : unsigned char { kDefault, kYaml, kJson };

// "", "yaml", "yml" or "json".
base::Result<Format> parse_format(std::string_view text);

// As JSON, or as YAML for anything else.
void print_message(Terminal& terminal, const google::protobuf::Message& message, Format format);

}  // namespace cli
