#include <cmath>
#include <limits>

#include "cel/compare.h"
#include "cel/function.h"
#include "cel/text.h"
#include "cel/time.h"

namespace cel {
namespace {

Value overflow() { return Value::error(ErrorCode::kOutOfRange, "the integer overflows"); }
Value divide_by_zero() { return Value::error(ErrorCode::kDivideByZero, "division by zero"); }

Value concatenate_text(Evaluation& evaluation, const Value& a, const Value& b) {
  const std::size_t size = a.as_text().size() + b.as_text().size();
  if (!evaluation.charge_text(size)) return Evaluation::cost_limit();
  char* text = evaluation.arena().array<char>(size);
  if (text == nullptr) return Value::memory_limit();
  b.as_text().copy(text + a.as_text().copy(text, a.as_text().size()), b.as_text().size());
  const std::string_view joined(text, size);
  return a.is(Kind::kString) ? Value::string(joined) : Value::bytes(joined);
}

Value concatenate_lists(Evaluation& evaluation, const Value& a, const Value& b) {
  const std::size_t size = a.list_size() + b.list_size();
  if (!evaluation.charge(size)) return Evaluation::cost_limit();
  Value* values = evaluation.arena().array<Value>(size);
  if (values == nullptr) return Value::memory_limit();
  std::size_t n = 0;
  for (const Value& part : {a, b}) {
    ListIterator elements(part, evaluation.arena());
    while (n < size && elements.next(values[n])) ++n;
  }
  return Value::list(std::span<const Value>(values, n));
}

Value add(Evaluation& evaluation, const Value* args, std::size_t) {
  const Value& a = args[0];
  const Value& b = args[1];
  if (a.kind() != b.kind()) {
    if (a.is(Kind::kTimestamp) && b.is(Kind::kDuration)) return shift(a, b.as_time(), 1);
    if (a.is(Kind::kDuration) && b.is(Kind::kTimestamp)) return shift(b, a.as_time(), 1);
    return Value::no_such_overload();
  }
  switch (a.kind()) {
    case Kind::kInt: {
      std::int64_t sum = 0;
      return __builtin_add_overflow(a.as_int(), b.as_int(), &sum) ? overflow()
                                                                  : Value::integer(sum);
    }
    case Kind::kUint: {
      std::uint64_t sum = 0;
      return __builtin_add_overflow(a.as_uint(), b.as_uint(), &sum) ? overflow()
                                                                    : Value::unsigned_integer(sum);
    }
    case Kind::kDouble:
      return Value::real(a.as_double() + b.as_double());
    case Kind::kString:
    case Kind::kBytes:
      return concatenate_text(evaluation, a, b);
    case Kind::kList:
      return concatenate_lists(evaluation, a, b);
    case Kind::kDuration:
      return shift(a, b.as_time(), 1);
    default:
      return Value::no_such_overload();
  }
}

Value subtract(Evaluation&, const Value* args, std::size_t) {
  const Value& a = args[0];
  const Value& b = args[1];
  if (a.is(Kind::kTimestamp) && b.is(Kind::kDuration)) return shift(a, b.as_time(), -1);
  if (a.kind() != b.kind()) return Value::no_such_overload();
  switch (a.kind()) {
    case Kind::kInt: {
      std::int64_t rest = 0;
      return __builtin_sub_overflow(a.as_int(), b.as_int(), &rest) ? overflow()
                                                                   : Value::integer(rest);
    }
    case Kind::kUint:
      if (a.as_uint() < b.as_uint()) return overflow();
      return Value::unsigned_integer(a.as_uint() - b.as_uint());
    case Kind::kDouble:
      return Value::real(a.as_double() - b.as_double());
    case Kind::kDuration:
      return shift(a, b.as_time(), -1);
    case Kind::kTimestamp:
      return difference(a.as_time(), b.as_time());
    default:
      return Value::no_such_overload();
  }
}

Value multiply(Evaluation&, const Value* args, std::size_t) {
  const Value& a = args[0];
  const Value& b = args[1];
  if (a.kind() != b.kind()) return Value::no_such_overload();
  switch (a.kind()) {
    case Kind::kInt: {
      std::int64_t product = 0;
      return __builtin_mul_overflow(a.as_int(), b.as_int(), &product) ? overflow()
                                                                      : Value::integer(product);
    }
    case Kind::kUint: {
      std::uint64_t product = 0;
      return __builtin_mul_overflow(a.as_uint(), b.as_uint(), &product)
                 ? overflow()
                 : Value::unsigned_integer(product);
    }
    case Kind::kDouble:
      return Value::real(a.as_double() * b.as_double());
    default:
      return Value::no_such_overload();
  }
}

Value divide(Evaluation&, const Value* args, std::size_t) {
  const Value& a = args[0];
  const Value& b = args[1];
  if (a.kind() != b.kind()) return Value::no_such_overload();
  switch (a.kind()) {
    case Kind::kInt:
      if (b.as_int() == 0) return divide_by_zero();
      if (b.as_int() == -1 && a.as_int() == std::numeric_limits<std::int64_t>::min())
        return overflow();
      return Value::integer(a.as_int() / b.as_int());
    case Kind::kUint:
      if (b.as_uint() == 0) return divide_by_zero();
      return Value::unsigned_integer(a.as_uint() / b.as_uint());
    case Kind::kDouble: {
      const double divisor = b.as_double();
      if (divisor != 0) return Value::real(a.as_double() / divisor);
      // IEEE 754; written out because the language leaves division by zero undefined.
      if (a.as_double() == 0 || std::isnan(a.as_double()))
        return Value::real(std::numeric_limits<double>::quiet_NaN());
      const bool negative = std::signbit(a.as_double()) != std::signbit(divisor);
      constexpr double kInfinity = std::numeric_limits<double>::infinity();
      return Value::real(negative ? -kInfinity : kInfinity);
    }
    default:
      return Value::no_such_overload();
  }
}

Value modulo(Evaluation&, const Value* args, std::size_t) {
  const Value& a = args[0];
  const Value& b = args[1];
  if (a.is(Kind::kInt) && b.is(Kind::kInt)) {
    if (b.as_int() == 0) return divide_by_zero();
    if (b.as_int() == -1 && a.as_int() == std::numeric_limits<std::int64_t>::min())
      return overflow();
    return Value::integer(a.as_int() % b.as_int());
  }
  if (a.is(Kind::kUint) && b.is(Kind::kUint)) {
    if (b.as_uint() == 0) return divide_by_zero();
    return Value::unsigned_integer(a.as_uint() % b.as_uint());
  }
  return Value::no_such_overload();
}

Value negate(Evaluation&, const Value* args, std::size_t) {
  if (args[0].is(Kind::kDouble)) return Value::real(-args[0].as_double());
  if (!args[0].is(Kind::kInt)) return Value::no_such_overload();
  if (args[0].as_int() == std::numeric_limits<std::int64_t>::min()) return overflow();
  return Value::integer(-args[0].as_int());
}

Value equal_values(Evaluation& evaluation, const Value* args, std::size_t) {
  return equals(evaluation, args[0], args[1]);
}

template <Relation relation>
Value ordered(Evaluation& evaluation, const Value* args, std::size_t) {
  return holds(evaluation, relation, args[0], args[1]);
}

// The evaluator has its own operation for these; the entry is for the checker.
Value by_evaluator(Evaluation&, const Value*, std::size_t) { return Value::no_such_overload(); }

constexpr std::string_view kOrdered =
    "(bool, bool):bool; (int, int):bool; (uint, uint):bool; (double, double):bool; "
    "(string, string):bool; (bytes, bytes):bool; (timestamp, timestamp):bool; "
    "(duration, duration):bool";

constexpr FunctionSpec kFunctions[] = {
    {"_&&_", "(bool...):bool", by_evaluator},
    {"_||_", "(bool...):bool", by_evaluator},
    {"!_", "(bool):bool", by_evaluator},
    {"_?_:_", "(bool, A, A):A", by_evaluator},
    {"_==_", "(A, A):bool", equal_values},
    {"_!=_", "(A, A):bool", by_evaluator},
    {"@in", "(A, list(A)):bool; (A, map(A, B)):bool", by_evaluator},
    {"_[_]",
     "(list(A), int):A; (map(A, B), A):B; (optional(list(A)), int):optional(A); "
     "(optional(map(A, B)), A):optional(B)",
     by_evaluator},
    {"_[?_]",
     "(list(A), int):optional(A); (map(A, B), A):optional(B); "
     "(optional(list(A)), int):optional(A); (optional(map(A, B)), A):optional(B)",
     by_evaluator},
    {"_<_", kOrdered, ordered<Relation::kLess>},
    {"_<=_", kOrdered, ordered<Relation::kLessEqual>},
    {"_>_", kOrdered, ordered<Relation::kGreater>},
    {"_>=_", kOrdered, ordered<Relation::kGreaterEqual>},
    {"_+_",
     "(int, int):int; (uint, uint):uint; (double, double):double; (string, string):string; "
     "(bytes, bytes):bytes; (list(A), list(A)):list(A); (duration, duration):duration; "
     "(timestamp, duration):timestamp; (duration, timestamp):timestamp",
     add},
    {"_-_",
     "(int, int):int; (uint, uint):uint; (double, double):double; "
     "(duration, duration):duration; (timestamp, duration):timestamp; "
     "(timestamp, timestamp):duration",
     subtract},
    {"_*_", "(int, int):int; (uint, uint):uint; (double, double):double", multiply},
    {"_/_", "(int, int):int; (uint, uint):uint; (double, double):double", divide},
    {"_%_", "(int, int):int; (uint, uint):uint", modulo},
    {"-_", "(int):int; (double):double", negate},
};

}  // namespace

std::span<const FunctionSpec> operator_functions() { return kFunctions; }

}  // namespace cel
