#include <algorithm>
#include <bit>
#include <numeric>

#include "cel/compare.h"
#include "cel/function.h"
#include "cel/text.h"

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
    if (!evaluation.charge(1)) return Evaluation::cost_limit();  // even of an empty list
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

bool is_ordered(const Value& value) {
  return value.is_error() || compare(value, value).has_value();
}

// The least or greatest element. Elements that are in no order with the best so far (NaN, another
// type) are passed over; those that are in no order at all are a fault.
Value extreme(Evaluation& evaluation, const Value& list, bool least) {
  if (!list.is(Kind::kList)) return Value::no_such_overload();
  ListIterator elements(list, evaluation.arena());
  Value best;
  if (!elements.next(best))
    return Value::error(ErrorCode::kInvalidArgument,
                        least ? "min() called on empty list" : "max() called on empty list");
  if (!is_ordered(best)) return Value::no_such_overload();
  Value element;
  while (!best.is_error() && elements.next(element)) {
    if (!charge_comparison(evaluation, element, best)) return Evaluation::cost_limit();
    if (element.is_error()) return element;
    if (!is_ordered(element)) return Value::no_such_overload();
    const auto order = compare(element, best);
    if (order && (least ? *order < 0 : *order > 0)) best = element;
  }
  return best;
}

Value min(Evaluation& evaluation, const Value* args, std::size_t) {
  return extreme(evaluation, args[0], true);
}
Value max(Evaluation& evaluation, const Value* args, std::size_t) {
  return extreme(evaluation, args[0], false);
}

// The elements in an array of their own; null and `error` when there is no room or budget.
Value* copy_elements(Evaluation& evaluation, const Value& list, std::size_t& size, Value& error) {
  size = list.list_size();
  if (!evaluation.charge(size)) {
    error = Evaluation::cost_limit();
    return nullptr;
  }
  Value* out = evaluation.arena().array<Value>(size);
  if (out == nullptr) {
    error = Value::memory_limit();
    return nullptr;
  }
  ListIterator elements(list, evaluation.arena());
  std::size_t n = 0;
  while (n < size && elements.next(out[n])) {
    if (out[n].is_error()) {
      error = out[n];
      return nullptr;
    }
    ++n;
  }
  size = n;
  return out;
}

Value slice(Evaluation& evaluation, const Value* args, std::size_t) {
  if (!args[0].is(Kind::kList) || !args[1].is(Kind::kInt) || !args[2].is(Kind::kInt))
    return Value::no_such_overload();
  const std::int64_t start = args[1].as_int();
  const std::int64_t end = args[2].as_int();
  if (start < 0 || end < start || static_cast<std::uint64_t>(end) > args[0].list_size())
    return Value::error(ErrorCode::kIndexOutOfBounds, "slice() goes beyond the list");
  Value error;
  std::size_t size = 0;
  const Value* values = args[0].is_array() ? args[0].as_values().data()
                                           : copy_elements(evaluation, args[0], size, error);
  if (error.is_error()) return error;
  return Value::list(std::span(values + start, static_cast<std::size_t>(end - start)));
}

bool append_flat(Evaluation& evaluation, const Value& list, std::int64_t depth, int nesting,
                 ListBuilder& out, Value& error) {
  constexpr int kMaxNesting = 100;
  if (nesting > kMaxNesting) {
    error = Value::error(ErrorCode::kInvalidArgument, "the list is nested too deep for flatten()");
    return false;
  }
  ListIterator elements(list, evaluation.arena());
  Value element;
  while (elements.next(element)) {
    if (element.is_error()) {
      error = element;
      return false;
    }
    const bool is_opened = element.is(Kind::kList) && depth > 0;
    if (is_opened && !evaluation.charge(1)) {
      error = Evaluation::cost_limit();
      return false;
    }
    if (is_opened ? !append_flat(evaluation, element, depth - 1, nesting + 1, out, error)
                  : !out.add(element))
      return false;
  }
  return true;
}

Value flatten(Evaluation& evaluation, const Value* args, std::size_t count) {
  if (!args[0].is(Kind::kList) || (count == 2 && !args[1].is(Kind::kInt)))
    return Value::no_such_overload();
  const std::int64_t depth = count == 2 ? args[1].as_int() : 1;
  if (depth < 0) return Value::error(ErrorCode::kInvalidArgument, "flatten() to a negative depth");
  ListBuilder out(evaluation);
  Value error;
  append_flat(evaluation, args[0], depth, 0, out, error);
  return error.is_error() ? error : out.finish();
}

Value range(Evaluation& evaluation, const Value* args, std::size_t) {
  if (!args[0].is(Kind::kInt)) return Value::no_such_overload();
  if (args[0].as_int() < 0)
    return Value::error(ErrorCode::kInvalidArgument, "lists.range() of a negative number");
  const auto size = static_cast<std::size_t>(args[0].as_int());
  if (!evaluation.charge(size)) return Evaluation::cost_limit();
  Value* out = evaluation.arena().array<Value>(size);
  if (out == nullptr) return Value::memory_limit();
  for (std::size_t i = 0; i < size; ++i) out[i] = Value::integer(static_cast<std::int64_t>(i));
  return Value::list(std::span<const Value>(out, size));
}

Value distinct(Evaluation& evaluation, const Value* args, std::size_t) {
  if (!args[0].is(Kind::kList)) return Value::no_such_overload();
  ListBuilder out(evaluation);
  ListIterator elements(args[0], evaluation.arena());
  Value element;
  while (elements.next(element)) {
    const Value seen = list_contains(evaluation, out.finish(), element);
    if (seen.is_error()) return seen;
    if (!seen.as_bool() && !out.add(element)) break;
  }
  return out.finish();
}

// Before `b` in a sorted list; NaN before everything, so that the order is one.
bool is_before(const Value& a, const Value& b) {
  const auto order = compare(a, b);
  if (order && *order != std::partial_ordering::unordered) return *order < 0;
  const auto is_nan = [](const Value& v) {
    return v.is(Kind::kDouble) && v.as_double() != v.as_double();
  };
  return is_nan(a) && !is_nan(b);
}

// The order of keys of one type. Decimals among other texts are ordered by their letters: by their
// numbers too, "10" < "1x" < "9" < "10" would be no order.
class KeyOrder {
 public:
  explicit KeyOrder(std::span<const Value> keys)
      : by_letters_(std::ranges::any_of(
            keys, [](const Value& v) { return v.is(Kind::kString) && !v.is_decimal(); })) {}
  bool operator()(const Value& a, const Value& b) const {
    return by_letters_ ? a.as_text() < b.as_text() : is_before(a, b);
  }

 private:
  bool by_letters_;
};

bool is_sortable(const Value& key, const Value& first) {
  const bool same_type = key.kind() == first.kind();
  return same_type && is_ordered(key);
}

// Pays for sorting by these keys.
bool charge_sort(Evaluation& evaluation, std::span<const Value> keys) {
  const auto rounds = static_cast<std::size_t>(std::bit_width(keys.size()));
  std::size_t text = 0;
  for (const Value& key : keys)
    if (key.is(Kind::kString) || key.is(Kind::kBytes)) text += key.as_text().size();
  return evaluation.charge(keys.size() * rounds) && evaluation.charge_text(text * rounds);
}

Value not_sortable() {
  return Value::error(ErrorCode::kNoSuchOverload,
                      "only bool, int, uint, double, string, bytes, duration and timestamp can be "
                      "sorted, all elements of one type");
}

Value sort(Evaluation& evaluation, const Value* args, std::size_t) {
  if (!args[0].is(Kind::kList)) return Value::no_such_overload();
  Value error;
  std::size_t size = 0;
  Value* out = copy_elements(evaluation, args[0], size, error);
  if (error.is_error()) return error;
  const std::span<Value> values(out, size);
  for (const Value& value : values)
    if (!is_sortable(value, values[0])) return not_sortable();
  if (!charge_sort(evaluation, values)) return Evaluation::cost_limit();
  std::ranges::sort(values, KeyOrder(values));
  return Value::list(std::span<const Value>(values));
}

// sortBy(): a list and the key of each of its elements.
Value sort_by_keys(Evaluation& evaluation, const Value* args, std::size_t) {
  if (!args[0].is(Kind::kList) || !args[1].is(Kind::kList)) return Value::no_such_overload();
  Value error;
  std::size_t size = 0;
  std::size_t count = 0;
  Value* elements = copy_elements(evaluation, args[0], size, error);
  const Value* keys = error.is_error() ? nullptr : copy_elements(evaluation, args[1], count, error);
  if (error.is_error()) return error;
  size = std::min(size, count);
  for (std::size_t i = 0; i < size; ++i)
    if (!is_sortable(keys[i], keys[0])) return not_sortable();
  std::uint32_t* order = evaluation.arena().array<std::uint32_t>(size);
  Value* out = evaluation.arena().array<Value>(size);
  if (order == nullptr || out == nullptr) return Value::memory_limit();
  if (!charge_sort(evaluation, {keys, size})) return Evaluation::cost_limit();
  std::iota(order, order + size, 0U);
  // By position where keys are equal: the sort is stable.
  const KeyOrder comes_first({keys, size});
  std::sort(order, order + size, [&](std::uint32_t a, std::uint32_t b) {
    if (comes_first(keys[a], keys[b])) return true;
    return !comes_first(keys[b], keys[a]) && a < b;
  });
  for (std::size_t i = 0; i < size; ++i) out[i] = elements[order[i]];
  return Value::list(std::span<const Value>(out, size));
}

Value end_of(Evaluation& evaluation, const Value& list, bool last) {
  if (!list.is(Kind::kList)) return Value::no_such_overload();
  const std::size_t size = list.list_size();
  if (size == 0) return Value::optional(nullptr);
  const Value element = list_at(evaluation, list, last ? size - 1 : 0);
  if (element.is_error()) return element;
  const Value* kept = evaluation.arena().make<Value>(element);
  return kept == nullptr ? Value::memory_limit() : Value::optional(kept);
}

Value first(Evaluation& evaluation, const Value* args, std::size_t) {
  return end_of(evaluation, args[0], false);
}
Value last(Evaluation& evaluation, const Value* args, std::size_t) {
  return end_of(evaluation, args[0], true);
}

// Whether all (or one) of the elements of `part` are in `whole`.
Value set_contains(Evaluation& evaluation, const Value& whole, const Value& part, bool one) {
  if (!whole.is(Kind::kList) || !part.is(Kind::kList)) return Value::no_such_overload();
  ListIterator elements(part, evaluation.arena());
  Value element;
  while (elements.next(element)) {
    if (!evaluation.charge(1)) return Evaluation::cost_limit();  // even of an empty list
    const Value found = list_contains(evaluation, whole, element);
    if (found.is_error() || found.as_bool() == one) return found;
  }
  return Value::boolean(!one);
}

Value set_contains_all(Evaluation& evaluation, const Value* args, std::size_t) {
  return set_contains(evaluation, args[0], args[1], false);
}
Value set_intersects(Evaluation& evaluation, const Value* args, std::size_t) {
  return set_contains(evaluation, args[0], args[1], true);
}
Value set_equivalent(Evaluation& evaluation, const Value* args, std::size_t) {
  const Value one_way = set_contains(evaluation, args[0], args[1], false);
  return one_way.is_true() ? set_contains(evaluation, args[1], args[0], false) : one_way;
}

constexpr std::string_view kOrderedLists =
    "list(int).():int; list(uint).():uint; list(double).():double; list(bool).():bool; "
    "list(string).():string; list(bytes).():bytes; list(duration).():duration; "
    "list(timestamp).():timestamp";

constexpr std::string_view kSortedLists =
    "list(int).():list(int); list(uint).():list(uint); list(double).():list(double); "
    "list(bool).():list(bool); list(string).():list(string); list(bytes).():list(bytes); "
    "list(duration).():list(duration); list(timestamp).():list(timestamp)";

constexpr FunctionSpec kFunctions[] = {
    {"hasAny", "list(A).(list(B)):bool; list(A).(dyn...):bool", has_any},
    {"hasAll", "list(A).(list(B)):bool; list(A).(dyn...):bool", has_all},
    {"min", kOrderedLists, min},
    {"max", kOrderedLists, max},
    {"slice", "list(A).(int, int):list(A)", slice},
    {"flatten", "list(list(A)).():list(A); list(dyn).():list(dyn); list(dyn).(int):list(dyn)",
     flatten},
    {"distinct", "list(A).():list(A)", distinct},
    {"sort", kSortedLists, sort},
    {"@sortBy", "(list(A), list(B)):list(A)", sort_by_keys},
    {"first", "list(A).():optional(A)", first},
    {"last", "list(A).():optional(A)", last},
    {"lists.range", "(int):list(int)", range},
    {"sets.contains", "(list(A), list(A)):bool", set_contains_all},
    {"sets.equivalent", "(list(A), list(A)):bool", set_equivalent},
    {"sets.intersects", "(list(A), list(A)):bool", set_intersects},
};

}  // namespace

Value reverse_list(Evaluation& evaluation, const Value& list) {
  Value error;
  std::size_t size = 0;
  Value* out = copy_elements(evaluation, list, size, error);
  if (error.is_error()) return error;
  std::reverse(out, out + size);
  return Value::list(std::span<const Value>(out, size));
}

std::span<const FunctionSpec> list_functions() { return kFunctions; }

}  // namespace cel
