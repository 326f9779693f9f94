#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cel/ast.h"
#include "cel/checker.h"
#include "cel/schema.h"
#include "cel/testing/plain.h"

namespace cel::testing {

// A second evaluator, for tests and fuzzers only: as plain as possible and written without a look
// at the first. It walks the checked tree, finds variables by name in a list of scopes and
// attributes by name in nested maps, computes with Plain values, folds nothing, and has code of its
// own for operators, equality, order, has(), comprehensions, optionals, and the functions size,
// contains, startsWith, endsWith, hasAny, hasAll, type and dyn.
//
// Other functions, and arithmetic on timestamps and durations, are the Library's own: written twice
// they would only be copied, and the planner and evaluator hand their arguments on unseen.
//
// What the language leaves open it decides as the evaluator promises: of two errors the first in
// source order counts.
class Oracle {
 public:
  Oracle(const Ast& ast, const Checked& checked, const Environment& environment, Arena& arena)
      : ast_(ast), checked_(checked), environment_(environment), arena_(arena) {}

  // Nothing: it is more work than a test should wait for.
  std::optional<Plain> run();

 private:
  using Plains = std::vector<Plain>;

  Plain eval(ExprId id);
  Plain evaluate(ExprId id);
  Plain ident(const Expr& expr);
  Plain call(ExprId id);
  Plain logic(const Expr& expr, bool deciding);
  Plain library_call(const Function& function, const Plains& arguments);
  Plain list(const Expr& expr);
  Plain map(const Expr& expr);
  Plain comprehension(const Expr& expr);
  Plain bind(const Expr& expr, const std::string& name, Plain value, ExprId body);
  Plain block(const Expr& expr);
  Plain optional_map(const Expr& expr);

  const Ast& ast_;
  const Checked& checked_;
  const Environment& environment_;
  Arena& arena_;
  std::vector<std::pair<std::string, Plain>> scope_;
  Plains block_;
  std::size_t work_ = 0;
};

}  // namespace cel::testing
