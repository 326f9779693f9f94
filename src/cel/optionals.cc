#include "cel/compare.h"
#include "cel/function.h"
#include "cel/text.h"

namespace cel {
namespace {

Value some(Evaluation& evaluation, const Value& value) {
  const Value* kept = evaluation.arena().make<Value>(value);
  return kept == nullptr ? Value::memory_limit() : Value::optional(kept);
}

bool is_zero(const Value& v) {
  switch (v.kind()) {
    case Kind::kNull:
      return true;
    case Kind::kBool:
      return !v.as_bool();
    case Kind::kInt:
      return v.as_int() == 0;
    case Kind::kUint:
      return v.as_uint() == 0;
    case Kind::kDouble:
      return v.as_double() == 0;
    case Kind::kString:
    case Kind::kBytes:
      return v.as_text().empty();
    case Kind::kDuration:
    case Kind::kTimestamp:
      return v.as_time().seconds == 0 && v.as_time().nanos == 0;
    case Kind::kList:
      return v.list_size() == 0;
    case Kind::kMap:
      return v.map_size() == 0;
    case Kind::kOptional:
      return v.as_optional() == nullptr;
    default:
      return false;
  }
}

Value none(Evaluation&, const Value*, std::size_t) { return Value::optional(nullptr); }

Value of(Evaluation& evaluation, const Value* args, std::size_t) {
  return some(evaluation, args[0]);
}

Value of_non_zero(Evaluation& evaluation, const Value* args, std::size_t) {
  return is_zero(args[0]) ? Value::optional(nullptr) : some(evaluation, args[0]);
}

Value has_value(Evaluation&, const Value* args, std::size_t) {
  if (!args[0].is(Kind::kOptional)) return Value::no_such_overload();
  return Value::boolean(args[0].as_optional() != nullptr);
}

Value value_of(Evaluation&, const Value* args, std::size_t) {
  if (!args[0].is(Kind::kOptional)) return Value::no_such_overload();
  if (args[0].as_optional() != nullptr) return *args[0].as_optional();
  return Value::error(ErrorCode::kInvalidArgument, "optional.none() has no value");
}

// a.or(b): the first that has a value.
Value or_optional(Evaluation&, const Value* args, std::size_t) {
  if (!args[0].is(Kind::kOptional) || !args[1].is(Kind::kOptional))
    return Value::no_such_overload();
  return args[0].as_optional() != nullptr ? args[0] : args[1];
}

Value or_value(Evaluation&, const Value* args, std::size_t) {
  if (!args[0].is(Kind::kOptional)) return Value::no_such_overload();
  return args[0].as_optional() != nullptr ? *args[0].as_optional() : args[1];
}

// The values of those that have one.
Value unwrap(Evaluation& evaluation, const Value* args, std::size_t) {
  if (!args[0].is(Kind::kList)) return Value::no_such_overload();
  ListBuilder out(evaluation);
  ListIterator elements(args[0], evaluation.arena());
  Value element;
  while (elements.next(element)) {
    if (!evaluation.charge(1)) return Evaluation::cost_limit();
    if (!element.is(Kind::kOptional))
      return element.is_error() ? element : Value::no_such_overload();
    if (element.as_optional() != nullptr && !out.add(*element.as_optional())) break;
  }
  return out.finish();
}

constexpr FunctionSpec kFunctions[] = {
    {"optional.none", "():optional(A)", none},
    {"optional.of", "(A):optional(A)", of},
    {"optional.ofNonZeroValue", "(A):optional(A)", of_non_zero},
    {"optional.unwrap", "(list(optional(A))):list(A)", unwrap},
    {"unwrapOpt", "list(optional(A)).():list(A)", unwrap},
    {"hasValue", "optional(A).():bool", has_value},
    {"value", "optional(A).():A", value_of},
    {"or", "optional(A).(optional(A)):optional(A)", or_optional},
    {"orValue", "optional(A).(A):A", or_value},
};

}  // namespace

std::span<const FunctionSpec> optional_functions() { return kFunctions; }

}  // namespace cel
