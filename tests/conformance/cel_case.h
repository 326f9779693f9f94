#pragma once

#include <simdjson.h>

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cel/function.h"
#include "cel/schema.h"
#include "cel/type.h"
#include "cel/value.h"

namespace conformance {

using Json = simdjson::dom::element;

std::optional<Json> find_member(Json object, std::string_view name);

// A case cannot be run: what it holds has no form here. Counts as a failure.
struct Unsupported {
  std::string what;
};

// Owns what the values and types of one case refer to.
class Memory {
 public:
  std::string_view keep(std::string text) { return texts_.emplace_back(std::move(text)); }
  cel::Value value(Json json);  // throws Unsupported
  const cel::Type* type(Json json);
  cel::Overload overload(Json json);
  cel::Arena& arena() { return arena_; }

 private:
  cel::Value list(Json json);
  cel::Value map(Json json);
  cel::Value message(Json json);
  cel::Value open(Json json);  // plain JSON, as google.protobuf.Value has it

  cel::Arena arena_;
  cel::TypePool types_;
  std::deque<std::string> texts_;
};

// The variables and functions that a case declares or binds.
class CaseSchema final : public cel::Schema {
 public:
  CaseSchema(Json test, Memory& memory);

  std::optional<cel::Attribute> root(std::string_view name) const override;
  const cel::Function* function(std::string_view name) const override;

 private:
  std::map<std::string, const cel::Type*, std::less<>> variables_;
  std::map<std::string, cel::Function, std::less<>> functions_;
};

class CaseSource final : public cel::AttributeSource {
 public:
  CaseSource(Json test, Memory& memory);

  cel::Value resolve(const cel::Slot& slot, cel::Arena& arena) const override;

 private:
  std::map<std::string, cel::Value, std::less<>> bindings_;
};

// The value in the words of the language, for a message.
std::string show(const cel::Value& value);

// Whether a value is exactly the expected one: of the same type, NaN like NaN, -0.0 unlike 0.0.
bool is_same(const cel::Value& actual, const cel::Value& expected);

// The suite is kept as protobuf text; in the JSON made of it some expected texts still hold that
// form's escapes \u, \U and \?. The text that is meant.
cel::Value with_escapes_read(const cel::Value& value, Memory& memory);

}  // namespace conformance
