#pragma once

#include <expected>
#include <string_view>
#include <vector>

#include "cel/ast.h"
#include "cel/function.h"
#include "cel/program.h"
#include "cel/schema.h"
#include "cel/source.h"

namespace cel {

// What a node of the tree turned out to mean.
struct Meaning {
  enum class Kind : std::uint8_t {
    kComputed,   // by its children
    kAttribute,  // read from the source; an inner step of a path is not read by itself
    kLocal,      // a variable of a macro
    kNamed,      // a type, or a constant of an enumeration: the literal of the node
  };
  Kind kind = Kind::kComputed;
  bool is_qualified = false;  // of a call: children[0] is part of the function's name
  std::uint32_t local = 0;
  const Function* function = nullptr;
  Attribute attribute;
  const Type* type = &kDynType;
  ShapeId shape = kOpenShape;
};

struct Checked {
  TypePool types;
  std::vector<Meaning> meanings;  // by ExprId
  std::uint32_t locals = 0;       // most variables alive at once
};

// Resolves names, attribute paths and overloads, and refuses what is certain to fail.
std::expected<Checked, Problem> check(Ast& ast, const Schema& schema,
                                      const CompileOptions& options);

}  // namespace cel
