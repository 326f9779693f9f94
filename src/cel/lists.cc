#include "cel/compare.h"
#include "cel/function.h"

namespace cel {
namespace {

// The elements asked for: those of the one list given, or the arguments themselves.
Value arguments_as_list(const Value* args, std::size_t count) {
  if (count == 2 && args[1].is(Kind::kList)) return args[1];
  return Value::list(std::span<const Value>(args + 1, count - 1));
}

// Whether one (any) or each (all) of the elements asked for is in the receiver.
Value has_elements(Evaluation& evaluation, const Value* args, std::size_t count, bool deciding) {
  if (!args[0].is(Kind::kList)) return Value::no_such_overload();
  ListIterator wanted(arguments_as_list(args, count), evaluation.arena());
  Value element;
  while (wanted.next(element)) {
    const Value found = list_contains(evaluation, args[0], element);
    if (found.is_error() || found.as_bool() == deciding) return found;
  }
  return Value::boolean(!deciding);
}

Value has_any(Evaluation& evaluation, const Value* args, std::size_t count) {
  return has_elements(evaluation, args, count, true);
}

Value has_all(Evaluation& evaluation, const Value* args, std::size_t count) {
  return has_elements(evaluation, args, count, false);
}

// The least or greatest element; NaN, which is in no order, is passed over.
Value extreme(Evaluation& evaluation, const Value& list, bool least) {
  if (!list.is(Kind::kList)) return Value::no_such_overload();
  ListIterator elements(list, evaluation.arena());
  Value best;
  if (!elements.next(best))
    return Value::error(ErrorCode::kInvalidArgument,
                        least ? "min() called on empty list" : "max() called on empty list");
  if (!compare(best, best)) return Value::no_such_overload();
  Value element;
  while (elements.next(element)) {
    if (!evaluation.charge(1)) return Evaluation::cost_limit();
    const auto order = compare(element, best);
    if (!order) return Value::no_such_overload();
    if (least ? *order < 0 : *order > 0) best = element;
  }
  return best;
}

Value min(Evaluation& evaluation, const Value* args, std::size_t) {
  return extreme(evaluation, args[0], true);
}
Value max(Evaluation& evaluation, const Value* args, std::size_t) {
  return extreme(evaluation, args[0], false);
}

constexpr std::string_view kOrderedLists =
    "list(int).():int; list(uint).():uint; list(double).():double; list(bool).():bool; "
    "list(string).():string; list(bytes).():bytes; list(duration).():duration; "
    "list(timestamp).():timestamp";

constexpr FunctionSpec kFunctions[] = {
    {"hasAny", "list(A).(list(B)):bool; list(A).(dyn...):bool", has_any},
    {"hasAll", "list(A).(list(B)):bool; list(A).(dyn...):bool", has_all},
    {"min", kOrderedLists, min},
    {"max", kOrderedLists, max},
};

}  // namespace

std::span<const FunctionSpec> list_functions() { return kFunctions; }

}  // namespace cel
