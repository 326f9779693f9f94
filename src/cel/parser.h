#pragma once

#include <expected>
#include <string_view>

#include "cel/ast.h"
#include "cel/source.h"

namespace cel {

// Parses an expression and replaces the standard macros. `max_depth` bounds both the recursion of
// the parser and the height of the tree, so that what walks the tree may recurse. A chain of `&&`
// or `||` is one node, however long. `source` is UTF-8; the tree does not refer to it.
std::expected<Ast, Problem> parse(std::string_view source, std::size_t max_depth,
                                  bool macros = true);

}  // namespace cel
