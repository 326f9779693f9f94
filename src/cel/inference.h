#pragma once

#include <cstdint>
#include <vector>

#include "cel/type.h"

namespace cel {

// Type variables and what they stand for, found while an expression is checked.
//
// A value of type `from` may be used where `to` is wanted when assignable(from, to); doing so binds
// variables of either. A failed attempt may leave bindings: take a mark() before and rewind() to
// it.
class Inference {
 public:
  explicit Inference(TypePool& pool) : pool_(pool) {}

  const Type* fresh();
  bool assignable(const Type* from, const Type* to);
  // The type both fit into: for the elements of a list, the branches of a conditional.
  const Type* join(const Type* a, const Type* b);
  // With every variable replaced; a free one by dyn when `close`.
  const Type* resolve(const Type* type, bool close);
  // What a variable stands for (or itself, when free), without looking inside.
  const Type* head(const Type* type) const;

  // Whether nothing about values of the type is open: no dyn, no free variable, no null.
  bool is_certain(const Type* type) const;

  std::size_t mark() const { return trail_.size(); }
  void rewind(std::size_t mark);

 private:
  struct Change {
    std::uint32_t variable;
    const Type* before;
  };

  bool bind(const Type* variable, const Type* type);
  bool assign_to_variable(const Type* from, const Type* variable);
  bool occurs(const Type* variable, const Type* in) const;
  const Type* most_general(const Type* a, const Type* b) const;
  bool is_more_general(const Type* a, const Type* b) const;

  TypePool& pool_;
  std::vector<const Type*> bindings_;
  std::vector<Change> trail_;
};

bool same_type(const Type& a, const Type& b);

}  // namespace cel
