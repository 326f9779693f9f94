#include "cel/macros.h"

#include <fmt/format.h>

#include <algorithm>

namespace cel {
namespace {

using Expansion = std::expected<std::optional<Expr>, Problem>;

std::unexpected<Problem> wrong(std::uint32_t offset, std::string message) {
  return std::unexpected(Problem{offset, std::move(message)});
}

bool is_name(const Expr& expr) {
  return expr.kind == ExprKind::kIdent && !expr.has(Expr::kAbsolute);
}

Expr node(const WrittenCall& call, ExprKind kind, std::vector<ExprId> children) {
  Expr out;
  out.kind = kind;
  out.offset = call.offset;
  out.children = std::move(children);
  return out;
}

Expansion expand_has(Ast& ast, const WrittenCall& call) {
  Expr select = ast[call.arguments[0]];
  if (select.kind != ExprKind::kSelect || select.has(Expr::kTest) || select.has(Expr::kOptional))
    return wrong(select.offset, "has() needs a field selection, such as has(a.b)");
  select.flags |= Expr::kTest;
  return select;
}

// One row per macro that loops over its receiver. Arguments are: the variables, a condition when
// `condition` says that it may be there, and the body.
struct LoopMacro {
  std::string_view name;
  Loop loop;
  std::size_t variables;
  std::size_t arguments;
  bool has_condition;
};

constexpr LoopMacro kLoops[] = {
    {"all", Loop::kAll, 1, 2, false},
    {"all", Loop::kAll, 2, 3, false},
    {"exists", Loop::kExists, 1, 2, false},
    {"exists", Loop::kExists, 2, 3, false},
    {"exists_one", Loop::kExistsOne, 1, 2, false},
    {"exists_one", Loop::kExistsOne, 2, 3, false},
    {"existsOne", Loop::kExistsOne, 1, 2, false},
    {"existsOne", Loop::kExistsOne, 2, 3, false},
    {"map", Loop::kList, 1, 2, false},
    {"map", Loop::kList, 1, 3, true},
    {"transformList", Loop::kList, 2, 3, false},
    {"transformList", Loop::kList, 2, 4, true},
    {"transformMap", Loop::kMap, 2, 3, false},
    {"transformMap", Loop::kMap, 2, 4, true},
    {"transformMapEntry", Loop::kMapEntry, 2, 3, false},
    {"transformMapEntry", Loop::kMapEntry, 2, 4, true},
};

Expansion expand_loop(Ast& ast, const WrittenCall& call, const LoopMacro& macro) {
  Expr out = node(call, ExprKind::kComprehension, {});
  out.loop = macro.loop;
  for (std::size_t i = 0; i < macro.variables; ++i) {
    const Expr& variable = ast[call.arguments[i]];
    if (!is_name(variable))
      return wrong(variable.offset,
                   fmt::format("argument {} of {}() is the name of a variable", i + 1, call.name));
    out.variables[i] = variable.name;
  }
  if (macro.variables == 2 && out.variables[0] == out.variables[1])
    return wrong(ast[call.arguments[1]].offset,
                 fmt::format("the two variables of {}() have the same name", call.name));
  out.children = {call.receiver, macro.has_condition ? call.arguments[macro.variables] : kNoExpr,
                  call.arguments.back()};
  return out;
}

// x.filter(v, condition): the elements as they are.
Expansion expand_filter(Ast& ast, const WrittenCall& call) {
  const Expr& variable = ast[call.arguments[0]];
  if (!is_name(variable))
    return wrong(variable.offset, "argument 1 of filter() is the name of a variable");
  Expr body = variable;
  Expr out = node(call, ExprKind::kComprehension, {});
  out.loop = Loop::kList;
  out.variables[0] = variable.name;
  ast.exprs.push_back(std::move(body));
  out.children = {call.receiver, call.arguments[1], static_cast<ExprId>(ast.exprs.size() - 1)};
  return out;
}

// A node below the one that the macro gives.
ExprId push(Ast& ast, const WrittenCall& call, Expr expr) {
  expr.begin = ast[call.receiver].begin;
  expr.end = ast[call.arguments.back()].end;
  for (const ExprId child : expr.children)
    if (child != kNoExpr) expr.height = std::max(expr.height, ast[child].height + 1);
  ast.exprs.push_back(std::move(expr));
  return static_cast<ExprId>(ast.exprs.size() - 1);
}

// x.sortBy(v, key): `x`, bound to a name that cannot be written, is sorted by x.map(v, key).
Expansion expand_sort_by(Ast& ast, const WrittenCall& call) {
  constexpr std::string_view kName = "@sortBy";
  const Expr& variable = ast[call.arguments[0]];
  if (!is_name(variable))
    return wrong(variable.offset, "argument 1 of sortBy() is the name of a variable");
  Expr list = node(call, ExprKind::kIdent, {});
  list.name = kName;
  Expr keys = node(call, ExprKind::kComprehension, {});
  keys.loop = Loop::kList;
  keys.variables[0] = variable.name;
  keys.children = {push(ast, call, list), kNoExpr, call.arguments[1]};
  Expr sorted = node(call, ExprKind::kCall, {});
  sorted.name = kName;
  sorted.children = {push(ast, call, list), push(ast, call, std::move(keys))};
  Expr out = node(call, ExprKind::kBind, {call.receiver, push(ast, call, std::move(sorted))});
  out.variables[0] = kName;
  return out;
}

Expansion expand_optional(Ast& ast, const WrittenCall& call) {
  const Expr& variable = ast[call.arguments[0]];
  if (!is_name(variable))
    return wrong(variable.offset,
                 fmt::format("argument 1 of {}() is the name of a variable", call.name));
  Expr out = node(call, ExprKind::kOptMap, {call.receiver, call.arguments[1]});
  out.variables[0] = variable.name;
  if (call.name == "optFlatMap") out.flags |= Expr::kFlat;
  return out;
}

const Expr* integer_literal(const Ast& ast, ExprId id) {
  const Expr& expr = ast[id];
  const bool fits = expr.kind == ExprKind::kLiteral && expr.literal.is(Kind::kInt) &&
                    expr.literal.as_int() >= 0 && expr.literal.as_int() < 10'000;
  return fits ? &expr : nullptr;
}

Expansion expand_bind(Ast& ast, const WrittenCall& call) {
  const Expr& variable = ast[call.arguments[0]];
  if (!is_name(variable))
    return wrong(variable.offset, "argument 1 of cel.bind() is the name of a variable");
  Expr out = node(call, ExprKind::kBind, {call.arguments[1], call.arguments[2]});
  out.variables[0] = variable.name;
  return out;
}

Expansion expand_block(Ast& ast, const WrittenCall& call) {
  const Expr& values = ast[call.arguments[0]];
  if (values.kind != ExprKind::kList || !values.optional.empty())
    return wrong(values.offset, "argument 1 of cel.block() is a list literal");
  Expr out = node(call, ExprKind::kBlock, values.children);
  out.children.push_back(call.arguments[1]);
  return out;
}

// cel.bind, cel.block and what goes with it.
Expansion expand_cel(Ast& ast, const WrittenCall& call) {
  const std::size_t count = call.arguments.size();
  if (call.name == "bind" && count == 3) return expand_bind(ast, call);
  if (call.name == "block" && count == 2) return expand_block(ast, call);
  if (call.name == "index" && count == 1) {
    const Expr* index = integer_literal(ast, call.arguments[0]);
    if (index == nullptr) return wrong(call.offset, "cel.index() needs a literal index");
    Expr out = node(call, ExprKind::kBlockIndex, {});
    out.index = static_cast<std::uint32_t>(index->literal.as_int());
    return out;
  }
  if ((call.name == "iterVar" || call.name == "accuVar") && count == 2) {
    const Expr* depth = integer_literal(ast, call.arguments[0]);
    const Expr* unique = integer_literal(ast, call.arguments[1]);
    if (depth == nullptr || unique == nullptr)
      return wrong(call.offset, fmt::format("cel.{}() needs two literal indices", call.name));
    Expr out = node(call, ExprKind::kIdent, {});
    out.name = ast.keep(
        fmt::format("@{}:{}:{}", call.name, depth->literal.as_int(), unique->literal.as_int()));
    return out;
  }
  return std::nullopt;
}

}  // namespace

Expansion expand_macro(Ast& ast, const WrittenCall& call) {
  const std::size_t count = call.arguments.size();
  if (call.receiver == kNoExpr) {
    if (call.name == "has" && count == 1) return expand_has(ast, call);
    return std::nullopt;
  }
  const Expr& receiver = ast[call.receiver];
  if (is_name(receiver) && receiver.name == "cel") return expand_cel(ast, call);
  for (const LoopMacro& macro : kLoops)
    if (macro.name == call.name && macro.arguments == count) return expand_loop(ast, call, macro);
  if (call.name == "filter" && count == 2) return expand_filter(ast, call);
  if (call.name == "sortBy" && count == 2) return expand_sort_by(ast, call);
  if ((call.name == "optMap" || call.name == "optFlatMap") && count == 2)
    return expand_optional(ast, call);
  return std::nullopt;
}

std::span<const MacroUsage> macro_usages() {
  static constexpr MacroUsage kUsages[] = {
      {"has", "has(a.b)"},
      {"all", "all(x, condition) or all(i, x, condition) of a list or map"},
      {"exists", "exists(x, condition) or exists(i, x, condition) of a list or map"},
      {"exists_one", "exists_one(x, condition) or exists_one(i, x, condition) of a list or map"},
      {"existsOne", "existsOne(x, condition) or existsOne(i, x, condition) of a list or map"},
      {"filter", "filter(x, condition) of a list or map"},
      {"map", "map(x, value) or map(x, condition, value) of a list or map"},
      {"sortBy", "sortBy(x, key) of a list"},
      {"transformList", "transformList(i, x, value) or transformList(i, x, condition, value)"},
      {"transformMap", "transformMap(k, v, value) or transformMap(k, v, condition, value)"},
      {"transformMapEntry",
       "transformMapEntry(k, v, {key: value}) or transformMapEntry(k, v, condition, {key: value})"},
      {"optMap", "optMap(x, value) of an optional value"},
      {"optFlatMap", "optFlatMap(x, optional value) of an optional value"},
      {"cel.bind", "cel.bind(x, value, expression)"},
      {"cel.block", "cel.block([values], expression)"},
  };
  return kUsages;
}

}  // namespace cel
