#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "resource/kind.h"

namespace cli {

// How people name a kind and what the commands can do with it.
struct KindWords {
  resource::Kind kind;
  std::string_view plural;
  std::string_view words;  // the name in lower case and its aliases, separated by blanks
  bool can_delete = false;
  bool can_update = false;  // `update KIND NAME`
  bool can_apply = false;
};

// In the order in which apply creates them: what others refer to comes first.
std::span<const KindWords> all_kinds();
const KindWords& words_of(resource::Kind kind);

// "svc" or "services" to Service; the error suggests the nearest word.
base::Result<resource::Kind> parse_kind_word(std::string_view word);
// "Service" (as in files) or one of the words.
base::Result<resource::Kind> parse_kind_name(std::string_view name);

// The name under which the server keeps an object: "api" is "api.default" for a Service.
std::string full_name(resource::Kind kind, std::string_view name);

}  // namespace cli
