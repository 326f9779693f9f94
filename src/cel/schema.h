#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "cel/type.h"
#include "cel/value.h"

namespace cel {

// How an attribute is read: what the Schema gave for a path when the expression was planned, and
// what AttributeSource::resolve gets at each evaluation. CEL looks into none of it; `id`, `key` and
// `plan` mean what Schema and source agree on (an enumerator, a header's name, a field path).
struct Slot {
  std::uint32_t id = 0;
  std::string key;
  std::shared_ptr<const void> plan;
  std::uint16_t steps =
      0;  // of an evaluation's budget that reading it takes; 0 where it is at hand

  bool operator==(const Slot&) const = default;
};

// What is known at plan time about the members of a value, in the Schema's own numbering.
using ShapeId = std::uint32_t;
inline constexpr ShapeId kOpenShape = 0;  // nothing: members are looked up at evaluation

// One step of a path such as `ctx.user.spec.groups`.
//
// `type` takes part in static checks; leave it dyn for values whose type a rule may not rely on.
// `shape` says which member names are right: a message's fields, or a map whose values have slots
// of their own. A list's shape is about its elements, see Schema::element.
struct Attribute {
  Slot slot;
  const Type* type = &kDynType;
  ShapeId shape = kOpenShape;
};

struct Function;

// The variables an expression may name, and what is below them. Implementations are immutable and
// shared by threads.
//
// Asked step by step: root("ctx"), then member() for each `.name` and each `["constant"]` while the
// shape is not open. The slot of the last attribute reached is the one read at evaluation; what
// follows it is found through MapView and ListView.
class Schema {
 public:
  virtual ~Schema() = default;

  virtual std::optional<Attribute> root(std::string_view name) const = 0;
  // `parent.shape` is not open. Nothing means: there is no such member, a compile error. For a
  // value reached through an element (a list's, a map's with a computed key) only `parent.shape` is
  // meaningful, and of the answer only `type` and `shape`.
  virtual std::optional<Attribute> member(const Attribute& parent, std::string_view name) const;
  // The shape of the elements of a list, or of the values of a map under a computed key.
  virtual ShapeId element(ShapeId container) const;

  // A function beside those of the language. One without an implementation can be checked only.
  virtual const Function* function(std::string_view) const { return nullptr; }

  // Spellings to suggest for a name that is not there.
  virtual std::vector<std::string_view> root_names() const { return {}; }
  virtual std::vector<std::string_view> member_names(ShapeId shape) const;
};

// A Schema without variables.
class EmptySchema final : public Schema {
 public:
  std::optional<Attribute> root(std::string_view) const override { return std::nullopt; }
};

// The values of one evaluation: a request and the identity behind it. Read-only while it lasts.
class AttributeSource {
 public:
  virtual ~AttributeSource() = default;

  // The value in `slot`. What is not there is an error value of the miss class (no_such_key() or
  // ErrorCode::kNoSuchAttribute); so is everything below what is not there.
  virtual Value resolve(const Slot& slot, Arena& arena) const = 0;
  // has() of the attribute in `slot`: a bool, or an error when its parent is missing. By default
  // true when resolve() gives a value and false when that is a miss.
  virtual Value has(const Slot& slot, Arena& arena) const;
  // What now() answers; the same instant during one evaluation is the implementer's choice.
  virtual base::WallTime now() const;
};

// A source without attributes.
class EmptySource final : public AttributeSource {
 public:
  Value resolve(const Slot& slot, Arena& arena) const override;
};

}  // namespace cel
