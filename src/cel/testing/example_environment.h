#pragma once

#include "cel/schema.h"
#include "cel/testing/plain.h"

namespace cel::testing {

// Variables that have the values where mistakes hide: the ends of the integers, NaN and infinities,
// texts of several bytes a character, maps of mixed keys, null, optionals, things that are missing.
//
//   ctx           a message: i, u, d, b, s, n (null), list, map, sub {s, list}, gone, gone.s,
//                 headers["x"], rows (a list of messages like sub)
//   least, most, big, nan, inf, zero, text, empty, items, table, some, none, when
//   absent        declared, without a value
Environment example_environment();

// The same as the evaluator sees it. What is below ctx has slots, down to the members named above,
// and lists and maps there are views; the rest are plain arrays.
class EnvironmentSchema final : public Schema {
 public:
  std::optional<Attribute> root(std::string_view name) const override;
  std::optional<Attribute> member(const Attribute& parent, std::string_view name) const override;
  ShapeId element(ShapeId container) const override;
};

class EnvironmentSource final : public AttributeSource {
 public:
  explicit EnvironmentSource(const Environment& environment) : environment_(environment) {}

  Value resolve(const Slot& slot, Arena& arena) const override;
  Value has(const Slot& slot, Arena& arena) const override;
  base::WallTime now() const override {
    return base::WallTime(std::chrono::seconds(1'772'616'600));
  }

 private:
  const Environment& environment_;
};

}  // namespace cel::testing
