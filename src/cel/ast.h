#pragma once

#include <cstdint>
#include <deque>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "cel/value.h"

namespace cel {

using ExprId = std::uint32_t;
inline constexpr ExprId kNoExpr = std::numeric_limits<ExprId>::max();

enum class ExprKind : std::uint8_t {
  kLiteral,
  kIdent,    // name; flag kAbsolute for `.name`
  kSelect,   // children[0] . name; flags kTest for has(), kOptional for `.?`
  kCall,     // name, children are the arguments; flag kReceiver: children[0] is before the dot;
             // kAbsolute for `.name(...)`
  kList,     // children; `optional` marks elements written `?x`
  kMap,      // children: key, value, key, value...; `optional` marks entries
  kMessage,  // name {fields}: children and `optional` as of kMap, keys are field names
  kComprehension,  // children: range, condition or kNoExpr, body; variables
  kBind,           // children: value, body; variables[0]
  kBlock,          // children: values..., body
  kBlockIndex,     // cel.index(n): index
  kOptMap,         // children: optional, body; variables[0]; flag kFlat
};

enum class Loop : std::uint8_t {
  kAll,
  kExists,
  kExistsOne,
  kList,      // map, filter, transformList
  kMap,       // transformMap
  kMapEntry,  // transformMapEntry
};

// One node of the syntax tree. Macros are already replaced: there is no call of `has` or `exists`.
struct Expr {
  enum Flag : std::uint8_t { kTest = 1, kOptional = 2, kReceiver = 4, kAbsolute = 8, kFlat = 16 };

  ExprKind kind = ExprKind::kLiteral;
  std::uint8_t flags = 0;
  Loop loop = Loop::kAll;
  std::uint32_t offset = 0;  // in the source, of what an error is about: an operator, a name
  std::uint32_t begin = 0;   // the whole expression, without parentheses around it: [begin, end)
  std::uint32_t end = 0;
  std::uint32_t height = 1;  // of the tree below, for the depth limit
  std::uint32_t index = 0;
  std::string_view name;
  Value literal;
  std::vector<ExprId> children;
  std::vector<bool> optional;
  std::string_view variables[2];

  bool has(Flag flag) const { return (flags & flag) != 0; }
};

// A parsed expression. Names and literals are views into `strings`.
struct Ast {
  std::vector<Expr> exprs;
  std::deque<std::string> strings;
  ExprId root = kNoExpr;

  Expr& operator[](ExprId id) { return exprs[id]; }
  const Expr& operator[](ExprId id) const { return exprs[id]; }
  std::string_view keep(std::string text) { return strings.emplace_back(std::move(text)); }
};

}  // namespace cel
