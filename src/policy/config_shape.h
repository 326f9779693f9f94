#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace policy {

// What is certainly wrong with an expression that is to give a config, as far as its maps are
// written out in it: fields that configs do not have or that this gateway does not act on, a map
// where a text belongs. What only shows when it runs is told then. `expression` compiles.
//
// The message is of the form of cel::compile(): place, line, caret.
std::optional<std::string> find_config_fault(std::string_view expression);

}  // namespace policy
