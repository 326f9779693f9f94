#include "cli/output.h"

#include <fmt/format.h>

#include "resource/json.h"

namespace cli {

base::Result<Format> parse_format(std::string_view text) {
  if (text.empty()) return Format::kDefault;
  if (text == "yaml" || text == "yml") return Format::kYaml;
  if (text == "json") return Format::kJson;
  return base::fail_invalid("format_unknown",
                            fmt::format("unknown output format \"{}\"; json or yaml", text));
}

void print_message(Terminal& terminal, const google::protobuf::Message& message, Format format) {
  terminal.print(format == Format::kJson
                     ? resource::to_json(message, resource::JsonStyle::kPretty) + "\n"
                     : resource::to_yaml(message));
}

}  // namespace cli
