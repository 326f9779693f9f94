#include <cmath>
#include <limits>

#include "cel/compare.h"
#include "cel/function.h"

namespace cel {
namespace {

Value extreme(Evaluation& evaluation, const Value* args, std::size_t count, bool least) {
  Value numbers = Value::list(std::span<const Value>(args, count));
  if (count == 1 && args[0].is(Kind::kList)) numbers = args[0];
  ListIterator elements(numbers, evaluation.arena());
  Value best;
  if (!elements.next(best))
    return Value::error(ErrorCode::kInvalidArgument, "the list of numbers is empty");
  if (!best.is_number()) return best.is_error() ? best : Value::no_such_overload();
  Value element;
  while (elements.next(element)) {
    if (!evaluation.charge(1)) return Evaluation::cost_limit();
    if (!element.is_number()) return element.is_error() ? element : Value::no_such_overload();
    const auto order = compare(element, best);
    if (least ? *order < 0 : *order > 0) best = element;
  }
  return best;
}

Value greatest(Evaluation& evaluation, const Value* args, std::size_t count) {
  return extreme(evaluation, args, count, false);
}
Value least(Evaluation& evaluation, const Value* args, std::size_t count) {
  return extreme(evaluation, args, count, true);
}

template <double (*kFunction)(double)>
Value real_function(Evaluation&, const Value* args, std::size_t) {
  if (!args[0].is(Kind::kDouble)) return Value::no_such_overload();
  return Value::real(kFunction(args[0].as_double()));
}

template <bool (*kPredicate)(double)>
Value real_predicate(Evaluation&, const Value* args, std::size_t) {
  if (!args[0].is(Kind::kDouble)) return Value::no_such_overload();
  return Value::boolean(kPredicate(args[0].as_double()));
}

double ceiling(double x) { return std::ceil(x); }
double floor_of(double x) { return std::floor(x); }
double round_of(double x) { return std::round(x); }  // halves away from zero
double truncate(double x) { return std::trunc(x); }
bool is_infinite(double x) { return std::isinf(x); }
bool is_nan(double x) { return std::isnan(x); }
bool is_finite(double x) { return std::isfinite(x); }

Value absolute(Evaluation&, const Value* args, std::size_t) {
  const Value& v = args[0];
  if (v.is(Kind::kDouble)) return Value::real(std::fabs(v.as_double()));
  if (v.is(Kind::kUint)) return v;
  if (!v.is(Kind::kInt)) return Value::no_such_overload();
  if (v.as_int() == std::numeric_limits<std::int64_t>::min())
    return Value::error(ErrorCode::kOutOfRange, "the integer overflows");
  return Value::integer(v.as_int() < 0 ? -v.as_int() : v.as_int());
}

Value sign(Evaluation&, const Value* args, std::size_t) {
  const Value& v = args[0];
  if (v.is(Kind::kUint)) return Value::unsigned_integer(v.as_uint() == 0 ? 0 : 1);
  if (v.is(Kind::kInt)) return Value::integer((v.as_int() > 0) - (v.as_int() < 0));
  if (!v.is(Kind::kDouble)) return Value::no_such_overload();
  if (std::isnan(v.as_double())) return v;
  return Value::real((v.as_double() > 0) - (v.as_double() < 0));
}

Value square_root(Evaluation&, const Value* args, std::size_t) {
  switch (args[0].kind()) {
    case Kind::kInt:
      return Value::real(std::sqrt(static_cast<double>(args[0].as_int())));
    case Kind::kUint:
      return Value::real(std::sqrt(static_cast<double>(args[0].as_uint())));
    case Kind::kDouble:
      return Value::real(std::sqrt(args[0].as_double()));
    default:
      return Value::no_such_overload();
  }
}

enum class Bits : std::uint8_t { kAnd, kOr, kXor };

template <Bits kOperation>
Value bits(Evaluation&, const Value* args, std::size_t) {
  if (args[0].kind() != args[1].kind()) return Value::no_such_overload();
  const auto combine = [](auto a, auto b) {
    if constexpr (kOperation == Bits::kAnd) return a & b;
    if constexpr (kOperation == Bits::kOr) return a | b;
    if constexpr (kOperation == Bits::kXor) return a ^ b;
  };
  if (args[0].is(Kind::kInt)) return Value::integer(combine(args[0].as_int(), args[1].as_int()));
  if (args[0].is(Kind::kUint))
    return Value::unsigned_integer(combine(args[0].as_uint(), args[1].as_uint()));
  return Value::no_such_overload();
}

Value bit_not(Evaluation&, const Value* args, std::size_t) {
  if (args[0].is(Kind::kInt)) return Value::integer(~args[0].as_int());
  if (args[0].is(Kind::kUint)) return Value::unsigned_integer(~args[0].as_uint());
  return Value::no_such_overload();
}

// Logical shifts, of an int's bits too.
Value bit_shift(const Value* args, bool left) {
  const bool is_int = args[0].is(Kind::kInt);
  if ((!is_int && !args[0].is(Kind::kUint)) || !args[1].is(Kind::kInt))
    return Value::no_such_overload();
  const std::int64_t by = args[1].as_int();
  if (by < 0) return Value::error(ErrorCode::kInvalidArgument, "a shift by a negative offset");
  const std::uint64_t from =
      is_int ? static_cast<std::uint64_t>(args[0].as_int()) : args[0].as_uint();
  std::uint64_t out = 0;
  if (by < 64) out = left ? from << by : from >> by;
  return is_int ? Value::integer(static_cast<std::int64_t>(out)) : Value::unsigned_integer(out);
}

Value shift_left(Evaluation&, const Value* args, std::size_t) { return bit_shift(args, true); }
Value shift_right(Evaluation&, const Value* args, std::size_t) { return bit_shift(args, false); }

constexpr std::string_view kExtreme =
    "(int...):int; (uint...):uint; (double...):double; (number...):dyn; (list(int)):int; "
    "(list(uint)):uint; (list(double)):double; (list(number)):dyn";
constexpr std::string_view kTwoIntegers = "(int, int):int; (uint, uint):uint";
constexpr std::string_view kShift = "(int, int):int; (uint, int):uint";
constexpr std::string_view kAnyNumber = "(int):int; (uint):uint; (double):double";

constexpr FunctionSpec kFunctions[] = {
    {"math.greatest", kExtreme, greatest},
    {"math.least", kExtreme, least},
    {"math.ceil", "(double):double", real_function<ceiling>},
    {"math.floor", "(double):double", real_function<floor_of>},
    {"math.round", "(double):double", real_function<round_of>},
    {"math.trunc", "(double):double", real_function<truncate>},
    {"math.abs", kAnyNumber, absolute},
    {"math.sign", kAnyNumber, sign},
    {"math.sqrt", "(int):double; (uint):double; (double):double", square_root},
    {"math.isInf", "(double):bool", real_predicate<is_infinite>},
    {"math.isNaN", "(double):bool", real_predicate<is_nan>},
    {"math.isFinite", "(double):bool", real_predicate<is_finite>},
    {"math.bitAnd", kTwoIntegers, bits<Bits::kAnd>},
    {"math.bitOr", kTwoIntegers, bits<Bits::kOr>},
    {"math.bitXor", kTwoIntegers, bits<Bits::kXor>},
    {"math.bitNot", "(int):int; (uint):uint", bit_not},
    {"math.bitShiftLeft", kShift, shift_left},
    {"math.bitShiftRight", kShift, shift_right},
};

}  // namespace

std::span<const FunctionSpec> math_functions() { return kFunctions; }

}  // namespace cel
