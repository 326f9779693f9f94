// Any bytes through the lexer, the parser and the text of an error: nothing may crash or hang, and
// the extent of every part of a tree lies within that of the part around it.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "cel/parser.h"
#include "cel/source.h"

namespace {

void check_extents(const cel::Ast& ast, cel::ExprId id, std::uint32_t begin, std::uint32_t end) {
  const cel::Expr& expr = ast[id];
  if (expr.begin < begin || expr.begin >= expr.end || expr.end > end) std::abort();
  if (expr.offset < begin || expr.offset >= end) std::abort();
  for (const cel::ExprId child : expr.children)
    if (child != cel::kNoExpr) check_extents(ast, child, expr.begin, expr.end);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view source(reinterpret_cast<const char*>(data), size);
  if (!cel::is_utf8(
          source)) {  // is refused before it is parsed; its positions are shown all the same
    if (cel::render(source, {static_cast<std::uint32_t>(size / 2), "x"}).empty()) std::abort();
    return 0;
  }
  for (const bool macros : {true, false}) {
    const auto ast = cel::parse(source, 250, macros);
    if (ast) {
      check_extents(*ast, ast->root, 0, static_cast<std::uint32_t>(size));
    } else {
      if (ast.error().offset > size || ast.error().message.empty()) std::abort();
      if (!cel::is_utf8(cel::render(source, ast.error()))) std::abort();
    }
  }
  return 0;
}
