#pragma once

#include <compare>
#include <optional>

#include "cel/function.h"
#include "cel/value.h"

namespace cel {

// CEL's `==` as a bool value, or an error when the budget or the nesting limit is reached.
Value equals(Evaluation& evaluation, const Value& a, const Value& b);

// The order of two values of one ordered kind, numbers across their kinds; nothing when they have
// none. A decimal is ordered as its number among numbers and decimals, as its text among texts. NaN
// is unordered.
std::optional<std::partial_ordering> compare(const Value& a, const Value& b);

// Pays for comparing the two; false when the budget is gone.
bool charge_comparison(Evaluation& evaluation, const Value& a, const Value& b);

enum class Relation : std::uint8_t { kLess, kLessEqual, kGreater, kGreaterEqual };

// CEL's `<` and its like as a bool, or an error when the two have no order. NaN is neither less nor
// greater.
Value holds(Evaluation& evaluation, Relation relation, const Value& a, const Value& b);

// As Value::map_find, paying for the search.
Value find_key(Evaluation& evaluation, const Value& map, const Value& key);

// Whether has(map.key) and `key in map` hold, as a bool; or an error: the budget is gone, or a view
// cannot read the entry.
Value has_key(Evaluation& evaluation, const Value& map, const Value& key);

// As Value::list_at, paying for the way.
Value list_at(Evaluation& evaluation, const Value& list, std::size_t index);

// Whether `list` has an element equal to `element`.
Value list_contains(Evaluation& evaluation, const Value& list, const Value& element);

// The number as an exact int64, whatever its kind; nothing for fractions and what does not fit.
std::optional<std::int64_t> exact_int(const Value& number);

// Walks a list in either storage.
class ListIterator {
 public:
  ListIterator(const Value& list, Arena& arena) : list_(list), arena_(arena) {}
  bool next(Value& element) {
    if (!list_.is_array()) return list_.as_list_view()->next(cursor_, element, arena_);
    const auto values = list_.as_values();
    if (cursor_.position == values.size()) return false;
    element = values[cursor_.position++];
    return true;
  }

 private:
  Value list_;
  Arena& arena_;
  Cursor cursor_;
};

class MapIterator {
 public:
  MapIterator(const Value& map, Arena& arena) : map_(map), arena_(arena) {}
  bool next(Value& key, Value& value) {
    if (!map_.is_array()) return map_.as_map_view()->next(cursor_, key, value, arena_);
    const auto entries = map_.as_entries();
    if (cursor_.position == entries.size()) return false;
    key = entries[cursor_.position].key;
    value = entries[cursor_.position++].value;
    return true;
  }

 private:
  Value map_;
  Arena& arena_;
  Cursor cursor_;
};

}  // namespace cel
