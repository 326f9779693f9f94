#include "cel/inference.h"

namespace cel {

bool same_type(const Type& a, const Type& b) {
  if (&a == &b) return true;
  if (a.kind != b.kind || a.id != b.id || a.name != b.name) return false;
  const auto same_child = [](const Type* x, const Type* y) {
    return x == y || (x != nullptr && y != nullptr && same_type(*x, *y));
  };
  return same_child(a.first, b.first) && same_child(a.second, b.second);
}

const Type* Inference::fresh() {
  bindings_.push_back(nullptr);
  return pool_.variable(static_cast<std::uint32_t>(bindings_.size() - 1));
}

const Type* Inference::head(const Type* type) const {
  while (type->kind == TypeKind::kVariable && bindings_[type->id] != nullptr)
    type = bindings_[type->id];
  return type;
}

void Inference::rewind(std::size_t mark) {
  for (; trail_.size() > mark; trail_.pop_back())
    bindings_[trail_.back().variable] = trail_.back().before;
}

bool Inference::occurs(const Type* variable, const Type* in) const {
  in = head(in);
  if (in->kind == TypeKind::kVariable) return in->id == variable->id;
  return (in->first != nullptr && occurs(variable, in->first)) ||
         (in->second != nullptr && occurs(variable, in->second));
}

bool Inference::bind(const Type* variable, const Type* type) {
  if (occurs(variable, type)) {
    const Type* same = head(type);
    return same->kind == TypeKind::kVariable;  // itself: nothing to say; inside itself: endless
  }
  trail_.push_back({variable->id, bindings_[variable->id]});
  bindings_[variable->id] = type;
  return true;
}

namespace {

// What may be null without being declared dyn.
bool is_nullable(const Type& type) {
  switch (type.kind) {
    case TypeKind::kNull:
    case TypeKind::kTimestamp:
    case TypeKind::kDuration:
    case TypeKind::kWrapper:
    case TypeKind::kOptional:
    case TypeKind::kOpaque:
      return true;
    default:
      return false;
  }
}

bool is_number(const Type& type) {
  return type.kind == TypeKind::kInt || type.kind == TypeKind::kUint ||
         type.kind == TypeKind::kDouble || type.kind == TypeKind::kNumber;
}

// A wrapper is as good as its scalar; only null tells them apart.
const Type* without_wrapper(const Type* type) {
  return type->kind == TypeKind::kWrapper ? type->first : type;
}

}  // namespace

// A bound variable may be widened: in `[1, dyn(x)]` the element's type becomes dyn.
bool Inference::assign_to_variable(const Type* from, const Type* variable) {
  // The last variable of a chain is the one that carries the binding.
  while (bindings_[variable->id] != nullptr && bindings_[variable->id]->kind == TypeKind::kVariable)
    variable = bindings_[variable->id];
  const Type* bound = bindings_[variable->id];
  if (bound == nullptr) return bind(variable, from);
  const bool was_null = head(bound)->kind == TypeKind::kNull && is_nullable(*head(from));
  if (!was_null && !assignable(from, bound)) return false;
  const Type* wider = most_general(from, bound);
  if (wider != bound && !occurs(variable, wider)) bind(variable, wider);
  return true;
}

bool Inference::assignable(const Type* from, const Type* to) {
  if (to->kind == TypeKind::kVariable) return assign_to_variable(from, to);
  from = head(from);
  if (from->kind == TypeKind::kVariable) return bind(from, to);
  if (from->kind == TypeKind::kDyn || to->kind == TypeKind::kDyn) return true;
  if (from->kind == TypeKind::kNull) return is_nullable(*to);
  from = without_wrapper(from);
  to = without_wrapper(to);
  if (to->kind == TypeKind::kNumber) return is_number(*from);
  if (from->kind != to->kind) return false;
  switch (from->kind) {
    case TypeKind::kList:
    case TypeKind::kOptional:
      return assignable(from->first, to->first);
    case TypeKind::kMap:
      return assignable(from->first, to->first) && assignable(from->second, to->second);
    case TypeKind::kOpaque:
      if (from->name != to->name || (from->first == nullptr) != (to->first == nullptr) ||
          (from->second == nullptr) != (to->second == nullptr))
        return false;
      return (from->first == nullptr || assignable(from->first, to->first)) &&
             (from->second == nullptr || assignable(from->second, to->second));
    case TypeKind::kParam:
      return from->name == to->name;
    default:
      return true;
  }
}

bool Inference::is_more_general(const Type* a, const Type* b) const {
  a = head(a);
  b = head(b);
  if (a->kind == TypeKind::kDyn || a->kind == TypeKind::kVariable) return true;
  if (a->kind != b->kind) return false;
  if (a->first == nullptr || b->first == nullptr) return true;
  return is_more_general(a->first, b->first) &&
         (a->second == nullptr || is_more_general(a->second, b->second));
}

// Of two types of which one may be used as the other.
const Type* Inference::most_general(const Type* a, const Type* b) const {
  if (head(a)->kind == TypeKind::kVariable) return b;
  if (head(b)->kind == TypeKind::kVariable) return a;
  if (head(a)->kind == TypeKind::kNull) return b;
  if (head(b)->kind == TypeKind::kNull) return a;
  if (head(b)->kind == TypeKind::kWrapper && head(a)->kind != TypeKind::kDyn) return b;
  return is_more_general(b, a) ? b : a;
}

const Type* Inference::join(const Type* a, const Type* b) {
  const std::size_t before = mark();
  if (assignable(b, a)) return most_general(a, b);
  rewind(before);
  if (assignable(a, b)) return most_general(a, b);
  rewind(before);
  return &kDynType;
}

bool Inference::is_certain(const Type* type) const {
  type = head(type);
  if (type->kind == TypeKind::kDyn || type->kind == TypeKind::kVariable ||
      type->kind == TypeKind::kNull)
    return false;
  return (type->first == nullptr || is_certain(type->first)) &&
         (type->second == nullptr || is_certain(type->second));
}

const Type* Inference::resolve(const Type* type, bool close) {
  type = head(type);
  if (type->kind == TypeKind::kVariable) return close ? &kDynType : type;
  if (type->first == nullptr) return type;
  Type out = *type;
  out.first = resolve(type->first, close);
  if (type->second != nullptr) out.second = resolve(type->second, close);
  if (out.first == type->first && out.second == type->second) return type;
  return pool_.intern(out);
}

}  // namespace cel
