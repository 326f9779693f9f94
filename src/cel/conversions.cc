#include <charconv>
#include <cmath>
#include <limits>

#include "cel/address.h"
#include "cel/function.h"
#include "cel/source.h"
#include "cel/text.h"
#include "cel/time.h"

namespace cel {
namespace {

Value out_of_range(const char* message) { return Value::error(ErrorCode::kOutOfRange, message); }

Value malformed(Evaluation& evaluation, std::string_view what, std::string_view text) {
  return error_with(evaluation, ErrorCode::kInvalidArgument, what, text);
}

// The whole text as a number, or false.
template <typename Number>
std::errc parse_number(std::string_view text, Number& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc{}) return error;
  return end == text.data() + text.size() ? std::errc{} : std::errc::invalid_argument;
}

Value int_of_text(Evaluation& evaluation, std::string_view text) {
  if (!evaluation.charge_text(text.size())) return Evaluation::cost_limit();
  const std::string_view whole = text;
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  std::int64_t value = 0;
  if (parse_number(text, value) != std::errc{}) return malformed(evaluation, "not an int: ", whole);
  return Value::integer(value);
}

Value to_int(Evaluation& evaluation, const Value* args, std::size_t) {
  const Value& v = args[0];
  switch (v.kind()) {
    case Kind::kInt:
      return v;
    case Kind::kUint:
      if (v.as_uint() > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
        return out_of_range("the uint does not fit into an int");
      return Value::integer(static_cast<std::int64_t>(v.as_uint()));
    case Kind::kDouble: {
      // The bounds themselves are refused: as doubles they may stand for a value beyond.
      constexpr double kBound = 9223372036854775808.0;
      if (!(v.as_double() > -kBound && v.as_double() < kBound))
        return out_of_range("the double does not fit into an int");
      return Value::integer(static_cast<std::int64_t>(v.as_double()));
    }
    case Kind::kString:
      return int_of_text(evaluation, v.as_text());
    case Kind::kTimestamp:
      return Value::integer(v.as_time().seconds);
    case Kind::kDuration:
      if (const auto nanos = total_nanoseconds(v.as_time())) return Value::integer(*nanos);
      return out_of_range("the duration's nanoseconds do not fit into an int");
    default:
      return Value::no_such_overload();
  }
}

Value to_uint(Evaluation& evaluation, const Value* args, std::size_t) {
  const Value& v = args[0];
  switch (v.kind()) {
    case Kind::kUint:
      return v;
    case Kind::kInt:
      if (v.as_int() < 0) return out_of_range("a negative int is no uint");
      return Value::unsigned_integer(static_cast<std::uint64_t>(v.as_int()));
    case Kind::kDouble:
      if (!(v.as_double() >= 0 && v.as_double() < 18446744073709551616.0))
        return out_of_range("the double does not fit into a uint");
      return Value::unsigned_integer(static_cast<std::uint64_t>(v.as_double()));
    case Kind::kString: {
      std::uint64_t value = 0;
      if (!evaluation.charge_text(v.as_text().size())) return Evaluation::cost_limit();
      if (parse_number(v.as_text(), value) != std::errc{})
        return malformed(evaluation, "not a uint: ", v.as_text());
      return Value::unsigned_integer(value);
    }
    default:
      return Value::no_such_overload();
  }
}

Value double_of_text(Evaluation& evaluation, std::string_view text) {
  if (!evaluation.charge_text(text.size())) return Evaluation::cost_limit();
  const std::string_view whole = text;
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  double value = 0;
  const std::errc error = parse_double(text, value);
  if (error == std::errc::result_out_of_range)
    return out_of_range("the number does not fit into a double");
  if (error != std::errc{}) return malformed(evaluation, "not a double: ", whole);
  return Value::real(value);
}

Value to_double(Evaluation& evaluation, const Value* args, std::size_t) {
  const Value& v = args[0];
  switch (v.kind()) {
    case Kind::kDouble:
      return v;
    case Kind::kInt:
      return Value::real(static_cast<double>(v.as_int()));
    case Kind::kUint:
      return Value::real(static_cast<double>(v.as_uint()));
    case Kind::kString:
      return double_of_text(evaluation, v.as_text());
    default:
      return Value::no_such_overload();
  }
}

Value to_string_value(Evaluation& evaluation, const Value* args, std::size_t) {
  const Value& v = args[0];
  switch (v.kind()) {
    case Kind::kString:
      return Value::string(v.as_text());  // of a decimal, its text alone
    case Kind::kBool:
      return Value::string(v.as_bool() ? "true" : "false");
    case Kind::kInt:
      return new_string(evaluation, std::to_string(v.as_int()));
    case Kind::kUint:
      return new_string(evaluation, std::to_string(v.as_uint()));
    case Kind::kDouble:
      return new_string(evaluation, print_double(v.as_double()));
    case Kind::kBytes:
      if (!evaluation.charge_text(v.as_text().size())) return Evaluation::cost_limit();
      if (!is_utf8(v.as_text()))
        return Value::error(ErrorCode::kInvalidArgument, "the bytes are not valid UTF-8");
      return Value::string(v.as_text());
    case Kind::kTimestamp:
      return new_string(evaluation, print_timestamp(v.as_time()));
    case Kind::kDuration:
      return new_string(evaluation, print_duration(v.as_time()));
    case Kind::kOpaque:
      return address_text(evaluation, *v.as_opaque());
    default:
      return Value::no_such_overload();
  }
}

Value to_bytes(Evaluation&, const Value* args, std::size_t) {
  if (args[0].is(Kind::kBytes)) return args[0];
  return args[0].is(Kind::kString) ? Value::bytes(args[0].as_text()) : Value::no_such_overload();
}

Value to_bool(Evaluation& evaluation, const Value* args, std::size_t) {
  if (args[0].is(Kind::kBool)) return args[0];
  if (!args[0].is(Kind::kString)) return Value::no_such_overload();
  const std::string_view text = args[0].as_text();
  for (const std::string_view yes : {"1", "t", "T", "true", "TRUE", "True"})
    if (text == yes) return Value::boolean(true);
  for (const std::string_view no : {"0", "f", "F", "false", "FALSE", "False"})
    if (text == no) return Value::boolean(false);
  return malformed(evaluation, "not a bool: ", text);
}

Value to_timestamp(Evaluation& evaluation, const Value* args, std::size_t) {
  const Value& v = args[0];
  if (v.is(Kind::kTimestamp)) return v;
  if (v.is(Kind::kInt)) return make_timestamp({v.as_int(), 0});
  if (!v.is(Kind::kString)) return Value::no_such_overload();
  if (!evaluation.charge_text(v.as_text().size())) return Evaluation::cost_limit();
  if (const auto time = parse_timestamp(v.as_text())) return make_timestamp(*time);
  return malformed(evaluation, "not an RFC 3339 timestamp: ", v.as_text());
}

Value to_duration(Evaluation& evaluation, const Value* args, std::size_t) {
  const Value& v = args[0];
  if (v.is(Kind::kDuration)) return v;
  if (v.is(Kind::kInt)) return make_duration(from_nanoseconds(v.as_int()));
  if (!v.is(Kind::kString)) return Value::no_such_overload();
  if (!evaluation.charge_text(v.as_text().size())) return Evaluation::cost_limit();
  if (const auto time = parse_duration(v.as_text())) return make_duration(*time);
  return malformed(evaluation, "not a duration such as 1h30m: ", v.as_text());
}

Value to_dyn(Evaluation&, const Value* args, std::size_t) { return args[0]; }

Value to_type(Evaluation&, const Value* args, std::size_t) {
  return Value::type(type_name(args[0]));
}

constexpr FunctionSpec kFunctions[] = {
    {"int", "(int):int; (uint):int; (double):int; (string):int; (timestamp):int; (duration):int",
     to_int, Nature::kConversion},
    {"uint", "(uint):uint; (int):uint; (double):uint; (string):uint", to_uint, Nature::kConversion},
    {"double", "(double):double; (int):double; (uint):double; (string):double", to_double,
     Nature::kConversion},
    {"string",
     "(string):string; (bool):string; (int):string; (uint):string; (double):string; "
     "(bytes):string; (timestamp):string; (duration):string; (ip):string; (cidr):string",
     to_string_value, Nature::kConversion},
    {"bytes", "(bytes):bytes; (string):bytes", to_bytes, Nature::kConversion},
    {"bool", "(bool):bool; (string):bool", to_bool, Nature::kConversion},
    {"timestamp", "(timestamp):timestamp; (string):timestamp; (int):timestamp", to_timestamp,
     Nature::kConversion},
    {"duration", "(duration):duration; (string):duration; (int):duration", to_duration,
     Nature::kConversion},
    {"dyn", "(A):dyn", to_dyn},
    {"type", "(A):type(A)", to_type},
};

}  // namespace

std::span<const FunctionSpec> conversion_functions() { return kFunctions; }

}  // namespace cel
