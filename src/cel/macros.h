#pragma once

#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cel/ast.h"
#include "cel/source.h"

namespace cel {

// A call as it is written: `receiver.name(arguments)` or, without receiver, `name(arguments)`.
struct WrittenCall {
  std::string_view name;
  ExprId receiver = kNoExpr;
  std::vector<ExprId> arguments;
  std::uint32_t offset = 0;
  bool is_absolute = false;  // `.name(arguments)`
};

// Turns a call of a macro (has, all, exists, map, cel.bind, ...) into the node it stands for.
// Nothing: it is an ordinary call. A problem: a macro used wrongly.
std::expected<std::optional<Expr>, Problem> expand_macro(Ast& ast, const WrittenCall& call);

// How a macro is written, for messages.
struct MacroUsage {
  std::string_view name;
  std::string_view usage;
};
std::span<const MacroUsage> macro_usages();

}  // namespace cel
