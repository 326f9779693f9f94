#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "cel/schema.h"
#include "cel/type.h"
#include "cel/value.h"

namespace cel {

// What a function may use while it runs. One evaluation owns it.
class Evaluation {
 public:
  Evaluation(const AttributeSource& source, Arena& arena, std::uint64_t max_cost)
      : source_(source), arena_(arena), left_(static_cast<std::int64_t>(max_cost)) {}

  const AttributeSource& source() const { return source_; }
  Arena& arena() { return arena_; }

  // Counts work that is done in any case; what exceeds the budget is noticed later.
  void step(std::int64_t steps = 1) { left_ -= steps; }
  // Pays for work beyond one step; false when the budget is gone.
  bool charge(std::size_t steps) {
    if (left_ < 0 || steps > static_cast<std::uint64_t>(left_)) {
      left_ = -1;
      return false;
    }
    left_ -= static_cast<std::int64_t>(steps);
    return true;
  }
  // Ten bytes of text are a step, however they are divided among calls.
  bool charge_text(std::size_t bytes) {
    bytes_ += bytes;
    const std::size_t steps = bytes_ / 10;
    bytes_ %= 10;
    return charge(steps);
  }
  bool exhausted() const { return left_ < 0; }
  std::int64_t left() const { return left_; }

  static Value cost_limit() {
    return Value::error(ErrorCode::kCostLimit, "the evaluation takes more steps than allowed");
  }

 private:
  const AttributeSource& source_;
  Arena& arena_;
  std::int64_t left_;
  std::size_t bytes_ = 0;  // of text, not yet a whole step
};

// Arguments are never errors; a receiver is the first. May be called with any kinds and any count
// that an overload allows.
using Implementation = Value (*)(Evaluation& evaluation, const Value* args, std::size_t count);

enum class Nature : std::uint8_t {
  kPure,        // folded when its arguments are constant
  kConversion,  // pure, and failing on constants is a compile error
  kClock,       // depends on the time
  kZoned,       // pure, and needs the time zone database
};

// A row of a library. `overloads` are written as "string.(int):string; (A, list(A)):bool": the
// receiver's type before ".(", capital letters for type parameters, "..." after a last argument
// that may be given any number of times.
struct FunctionSpec {
  std::string_view name;
  std::string_view overloads;
  Implementation implementation;
  Nature nature = Nature::kPure;
};

struct Overload {
  std::vector<const Type*> params;  // the receiver first, if there is one
  const Type* result = nullptr;
  bool has_receiver = false;
  bool is_variadic = false;
};

struct Function {
  std::string_view name;
  std::vector<Overload> overloads;
  Implementation implementation = nullptr;
  Nature nature = Nature::kPure;
};

// Every function of the language, by name. Made once, immutable.
class Library {
 public:
  Library();

  const Function* find(std::string_view name) const {
    const auto it = functions_.find(name);
    return it == functions_.end() ? nullptr : &it->second;
  }
  // Names that a user can write, for suggestions.
  const std::vector<std::string_view>& names() const { return names_; }

 private:
  void add(std::span<const FunctionSpec> specs);

  TypePool types_;
  std::unordered_map<std::string_view, Function> functions_;
  std::vector<std::string_view> names_;
};

const Library& library();

// Arguments as a message shows them: "string.(string)", "list(A).(dyn...)".
std::string describe_arguments(std::span<const Type* const> types, bool has_receiver,
                               bool is_variadic);
inline std::string describe(const Overload& overload) {
  return describe_arguments(overload.params, overload.has_receiver, overload.is_variadic);
}

// The parts of the library, one file each.
std::span<const FunctionSpec> operator_functions();
std::span<const FunctionSpec> conversion_functions();
std::span<const FunctionSpec> string_functions();
std::span<const FunctionSpec> search_functions();
std::span<const FunctionSpec> text_functions();
std::span<const FunctionSpec> time_functions();
std::span<const FunctionSpec> list_functions();
std::span<const FunctionSpec> math_functions();
std::span<const FunctionSpec> encoding_functions();
std::span<const FunctionSpec> network_functions();
std::span<const FunctionSpec> optional_functions();
std::span<const FunctionSpec> message_functions();

}  // namespace cel
