#pragma once

#include <expected>
#include <memory>

#include "cel/ast.h"
#include "cel/checker.h"
#include "cel/plan.h"
#include "cel/source.h"

namespace cel {

// Turns a checked tree into a plan: attribute paths become slots, constants are folded, constant
// regular expressions compiled. Takes the tree's texts over.
std::expected<std::unique_ptr<Plan>, Problem> make_plan(std::string_view source, Ast ast,
                                                        const Checked& checked,
                                                        const CompileOptions& options);

}  // namespace cel
