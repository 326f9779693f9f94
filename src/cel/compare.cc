#include "cel/compare.h"

#include <algorithm>
#include <charconv>
#include <limits>

namespace cel {
namespace {

// Values nest as deep as a JSON body or a chain of bindings makes them; beyond this comparing
// would be a threat to the stack.
constexpr int kMaxNesting = 500;

// As the language's conformance tests have it: an integer beyond 2^53 is compared as the double
// next to it, not exactly.
std::partial_ordering compare_int_double(std::int64_t a, double b) {
  return static_cast<double>(a) <=> b;
}

std::partial_ordering compare_uint_double(std::uint64_t a, double b) {
  return static_cast<double>(a) <=> b;
}

std::partial_ordering compare_int_uint(std::int64_t a, std::uint64_t b) {
  if (a < 0) return std::partial_ordering::less;
  return static_cast<std::uint64_t>(a) <=> b;
}

std::partial_ordering reverse(std::partial_ordering order) { return 0 <=> order; }

std::partial_ordering compare_numbers(const Value& a, const Value& b) {
  switch (a.kind()) {
    case Kind::kInt:
      if (b.is(Kind::kInt)) return a.as_int() <=> b.as_int();
      if (b.is(Kind::kUint)) return compare_int_uint(a.as_int(), b.as_uint());
      return compare_int_double(a.as_int(), b.as_double());
    case Kind::kUint:
      if (b.is(Kind::kInt)) return reverse(compare_int_uint(b.as_int(), a.as_uint()));
      if (b.is(Kind::kUint)) return a.as_uint() <=> b.as_uint();
      return compare_uint_double(a.as_uint(), b.as_double());
    default:
      if (b.is(Kind::kInt)) return reverse(compare_int_double(b.as_int(), a.as_double()));
      if (b.is(Kind::kUint)) return reverse(compare_uint_double(b.as_uint(), a.as_double()));
      return a.as_double() <=> b.as_double();
  }
}

// A number as it is, a decimal as the number that it spells, anything else as null.
Value number_of(const Value& value) {
  if (value.is_number()) return value;
  if (!value.is_decimal()) return Value::null();
  const std::string_view text = value.as_text();
  const char* end = text.data() + text.size();
  std::int64_t whole = 0;
  if (const auto read = std::from_chars(text.data(), end, whole); read.ptr == end)
    if (read.ec == std::errc{}) return Value::integer(whole);
  std::uint64_t large = 0;
  if (const auto read = std::from_chars(text.data(), end, large); read.ptr == end)
    if (read.ec == std::errc{}) return Value::unsigned_integer(large);
  return Value::null();
}

// Of values that are not numbers both.
[[gnu::noinline]] std::optional<std::partial_ordering> compare_decimals(const Value& a,
                                                                        const Value& b) {
  const Value x = number_of(a);
  const Value y = number_of(b);
  if (!x.is_number() || !y.is_number()) return std::nullopt;
  return compare_numbers(x, y);
}

bool decimal_equals(const Value& a, const Value& b) {
  if (!a.is_decimal() && !b.is_decimal()) return false;
  const auto order = compare_decimals(a, b);
  return order && *order == 0;
}

Value equals_at(Evaluation& evaluation, const Value& a, const Value& b, int depth);

Value lists_equal(Evaluation& evaluation, const Value& a, const Value& b, int depth) {
  if (a.list_size() != b.list_size()) return Value::boolean(false);
  ListIterator left(a, evaluation.arena());
  ListIterator right(b, evaluation.arena());
  Value x;
  Value y;
  while (left.next(x) && right.next(y)) {
    const Value same = equals_at(evaluation, x, y, depth);
    if (!same.is_true()) return same;
  }
  return Value::boolean(true);
}

Value maps_equal(Evaluation& evaluation, const Value& a, const Value& b, int depth) {
  if (a.map_size() != b.map_size()) return Value::boolean(false);
  MapIterator entries(a, evaluation.arena());
  Value key;
  Value value;
  while (entries.next(key, value)) {
    const Value other = find_key(evaluation, b, key);
    if (other.is_error()) return other.is_miss() ? Value::boolean(false) : other;
    const Value same = equals_at(evaluation, value, other, depth);
    if (!same.is_true()) return same;
  }
  return Value::boolean(true);
}

Value equals_at(Evaluation& evaluation, const Value& a, const Value& b, int depth) {
  if (a.is_error()) return a;
  if (b.is_error()) return b;
  if (!evaluation.charge(1)) return Evaluation::cost_limit();
  if (a.is_number() && b.is_number()) return Value::boolean(compare_numbers(a, b) == 0);
  if (a.kind() != b.kind()) return Value::boolean(decimal_equals(a, b));
  if (depth > kMaxNesting)
    return Value::error(ErrorCode::kMemoryLimit, "the values are nested too deep to be compared");
  switch (a.kind()) {
    case Kind::kNull:
      return Value::boolean(true);
    case Kind::kBool:
      return Value::boolean(a.as_bool() == b.as_bool());
    case Kind::kString:
    case Kind::kBytes:
    case Kind::kType:
      if (a.as_text().size() != b.as_text().size()) return Value::boolean(false);
      if (!evaluation.charge_text(a.as_text().size())) return Evaluation::cost_limit();
      return Value::boolean(a.as_text() == b.as_text());
    case Kind::kDuration:
    case Kind::kTimestamp:
      return Value::boolean(a.as_time().seconds == b.as_time().seconds &&
                            a.as_time().nanos == b.as_time().nanos);
    case Kind::kList:
      return lists_equal(evaluation, a, b, depth + 1);
    case Kind::kMap:
      return maps_equal(evaluation, a, b, depth + 1);
    case Kind::kOptional: {
      const Value* x = a.as_optional();
      const Value* y = b.as_optional();
      if (x == nullptr || y == nullptr) return Value::boolean(x == y);
      return equals_at(evaluation, *x, *y, depth + 1);
    }
    case Kind::kOpaque: {
      const Opaque& x = *a.as_opaque();
      const Opaque& y = *b.as_opaque();
      return Value::boolean(x.type_name() == y.type_name() && x.equals(y));
    }
    default:
      return Value::boolean(false);
  }
}

}  // namespace

Value equals(Evaluation& evaluation, const Value& a, const Value& b) {
  return equals_at(evaluation, a, b, 0);
}

std::optional<std::partial_ordering> compare(const Value& a, const Value& b) {
  if (a.is_number() && b.is_number()) return compare_numbers(a, b);
  if (a.kind() != b.kind()) return compare_decimals(a, b);
  switch (a.kind()) {
    case Kind::kBool:
      return a.as_bool() <=> b.as_bool();
    case Kind::kString:  // UTF-8 sorts by bytes as by code points
      if (a.is_decimal() && b.is_decimal()) return compare_decimals(a, b);
      [[fallthrough]];
    case Kind::kBytes:
      return a.as_text() <=> b.as_text();
    case Kind::kDuration:
    case Kind::kTimestamp: {
      const Time x = a.as_time();
      const Time y = b.as_time();
      return x.seconds != y.seconds ? x.seconds <=> y.seconds : x.nanos <=> y.nanos;
    }
    default:
      return std::nullopt;
  }
}

bool charge_comparison(Evaluation& evaluation, const Value& a, const Value& b) {
  const auto is_text = [](const Value& v) { return v.is(Kind::kString) || v.is(Kind::kBytes); };
  if (!evaluation.charge(1)) return false;
  return !is_text(a) || !is_text(b) ||
         evaluation.charge_text(std::min(a.as_text().size(), b.as_text().size()));
}

Value holds(Evaluation& evaluation, Relation relation, const Value& a, const Value& b) {
  if (!charge_comparison(evaluation, a, b)) return Evaluation::cost_limit();
  const auto order = compare(a, b);
  if (!order) return Value::no_such_overload();
  switch (relation) {
    case Relation::kLess:
      return Value::boolean(*order < 0);
    case Relation::kLessEqual:
      return Value::boolean(*order <= 0);
    case Relation::kGreater:
      return Value::boolean(*order > 0);
    case Relation::kGreaterEqual:
      return Value::boolean(*order >= 0);
  }
  return Value::no_such_overload();
}

Value find_key(Evaluation& evaluation, const Value& map, const Value& key) {
  if (!map.is_array()) {
    const MapView& view = *map.as_map_view();
    if (!evaluation.charge(view.search_steps())) return Evaluation::cost_limit();
    return view.find(key, evaluation.arena());
  }
  if (map.as_entries().empty()) return Value::no_such_key();
  // Long keys of one length could agree almost to their ends.
  const std::size_t text = key.is(Kind::kString) ? key.as_text().size() / 64 : 0;
  if (!evaluation.charge(map.as_entries().size() * (1 + text) / 8)) return Evaluation::cost_limit();
  return map.map_find(key, evaluation.arena());
}

Value has_key(Evaluation& evaluation, const Value& map, const Value& key) {
  if (!map.is_array()) {
    const MapView& view = *map.as_map_view();
    if (!evaluation.charge(view.search_steps())) return Evaluation::cost_limit();
    return view.has(key, evaluation.arena());
  }
  const Value found = find_key(evaluation, map, key);
  if (found.is_error() && !found.is_miss()) return found;
  return Value::boolean(!found.is_error());
}

Value list_at(Evaluation& evaluation, const Value& list, std::size_t index) {
  if (list.is_array()) return list.as_values()[index];
  const ListView& view = *list.as_list_view();
  if (!evaluation.charge(view.access_steps(index))) return Evaluation::cost_limit();
  return view.at(index, evaluation.arena());
}

Value list_contains(Evaluation& evaluation, const Value& list, const Value& element) {
  ListIterator elements(list, evaluation.arena());
  Value candidate;
  if (element.is(Kind::kString) &&
      !element.is_decimal()) {  // as equals() has it, without its dispatch
    const std::string_view text = element.as_text();
    while (elements.next(candidate)) {
      if (!evaluation.charge(1)) return Evaluation::cost_limit();
      if (candidate.is_error()) return candidate;
      if (!candidate.is(Kind::kString) || candidate.as_text().size() != text.size()) continue;
      if (!evaluation.charge_text(text.size())) return Evaluation::cost_limit();
      if (candidate.as_text() == text) return Value::boolean(true);
    }
    return Value::boolean(false);
  }
  while (elements.next(candidate)) {
    if (!evaluation.charge(1)) return Evaluation::cost_limit();
    const Value same = equals(evaluation, candidate, element);
    if (same.is_error() || same.is_true()) return same;
  }
  return Value::boolean(false);
}

std::optional<std::int64_t> exact_int(const Value& number) {
  constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
  switch (number.kind()) {
    case Kind::kInt:
      return number.as_int();
    case Kind::kUint:
      if (number.as_uint() > static_cast<std::uint64_t>(kMost)) return std::nullopt;
      return static_cast<std::int64_t>(number.as_uint());
    case Kind::kDouble: {
      const double value = number.as_double();
      if (!(value >= -9223372036854775808.0 && value < 9223372036854775808.0)) return std::nullopt;
      const auto whole = static_cast<std::int64_t>(value);
      if (static_cast<double>(whole) != value) return std::nullopt;
      return whole;
    }
    default:
      return std::nullopt;
  }
}

bool equal(const Value& a, const Value& b, Arena& arena) {
  const EmptySource source;
  Evaluation evaluation(source, arena, std::numeric_limits<std::uint32_t>::max());
  return equals(evaluation, a, b).is_true();
}

}  // namespace cel
