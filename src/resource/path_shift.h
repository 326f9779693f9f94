#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "resource/kind.h"

namespace resource {

// Where the field of a merged message is in the child alone: `path`, which begins with a dot, with
// every index lowered by the number of elements that `parent` has in that list. nullopt when the
// field came from the parent.
std::optional<std::string> path_without_parent(std::string_view path, const Message& parent);

}  // namespace resource
