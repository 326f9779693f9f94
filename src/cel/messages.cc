#include "cel/messages.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/encoding.h"
#include "cel/compare.h"
#include "cel/function.h"
#include "cel/text.h"
#include "cel/time.h"

namespace cel {
namespace {

constexpr int kMaxNesting = 100;

constexpr Type kBoolWrapper{TypeKind::kWrapper, 0, &kBoolType};
constexpr Type kIntWrapper{TypeKind::kWrapper, 0, &kIntType};
constexpr Type kUintWrapper{TypeKind::kWrapper, 0, &kUintType};
constexpr Type kDoubleWrapper{TypeKind::kWrapper, 0, &kDoubleType};
constexpr Type kStringWrapper{TypeKind::kWrapper, 0, &kStringType};
constexpr Type kBytesWrapper{TypeKind::kWrapper, 0, &kBytesType};
constexpr Type kStructType{TypeKind::kMap, 0, &kStringType, &kDynType};

constexpr MessageField kBoolFields[] = {{"value", &kBoolType}};
constexpr MessageField kIntFields[] = {{"value", &kIntType}};
constexpr MessageField kUintFields[] = {{"value", &kUintType}};
constexpr MessageField kDoubleFields[] = {{"value", &kDoubleType}};
constexpr MessageField kStringFields[] = {{"value", &kStringType}};
constexpr MessageField kBytesFields[] = {{"value", &kBytesType}};
constexpr MessageField kTimeFields[] = {{"seconds", &kIntType}, {"nanos", &kIntType}};
constexpr MessageField kStructFields[] = {{"fields", &kStructType}};
constexpr MessageField kListFields[] = {{"values", &kDynListType}};
constexpr MessageField kAnyFields[] = {{"type_url", &kStringType}, {"value", &kBytesType}};
constexpr MessageField kValueFields[] = {
    {"null_value", &kDynType},  {"number_value", &kDoubleType}, {"string_value", &kStringType},
    {"bool_value", &kBoolType}, {"struct_value", &kStructType}, {"list_value", &kDynListType}};

constexpr MessageType kTypes[] = {
    {"google.protobuf.BoolValue", &kBoolWrapper, kBoolFields},
    {"google.protobuf.Int32Value", &kIntWrapper, kIntFields},
    {"google.protobuf.Int64Value", &kIntWrapper, kIntFields},
    {"google.protobuf.UInt32Value", &kUintWrapper, kUintFields},
    {"google.protobuf.UInt64Value", &kUintWrapper, kUintFields},
    {"google.protobuf.FloatValue", &kDoubleWrapper, kDoubleFields},
    {"google.protobuf.DoubleValue", &kDoubleWrapper, kDoubleFields},
    {"google.protobuf.StringValue", &kStringWrapper, kStringFields},
    {"google.protobuf.BytesValue", &kBytesWrapper, kBytesFields},
    {"google.protobuf.Timestamp", &kTimestampType, kTimeFields},
    {"google.protobuf.Duration", &kDurationType, kTimeFields},
    {"google.protobuf.Struct", &kStructType, kStructFields},
    {"google.protobuf.ListValue", &kDynListType, kListFields},
    {"google.protobuf.Value", &kDynType, kValueFields},
    {"google.protobuf.Any", &kDynType, kAnyFields},
};

Value out_of_range() {
  return Value::error(ErrorCode::kOutOfRange, "the value does not fit into the message's field");
}

// The field of that name, or its zero.
Value field(const Value& fields, std::string_view name, Value zero) {
  for (const MapEntry& entry : fields.as_entries())
    if (entry.key.as_text() == name) return entry.value;
  return zero;
}

template <Kind kKind>
Value scalar(const Value* args, Value zero) {
  const Value value = field(args[0], "value", zero);
  return value.is(kKind) ? value : Value::no_such_overload();
}

Value make_bool(Evaluation&, const Value* args, std::size_t) {
  return scalar<Kind::kBool>(args, Value::boolean(false));
}

Value make_int64(Evaluation&, const Value* args, std::size_t) {
  return scalar<Kind::kInt>(args, Value::integer(0));
}

Value make_int32(Evaluation&, const Value* args, std::size_t) {
  using Limits = std::numeric_limits<std::int32_t>;
  const Value value = scalar<Kind::kInt>(args, Value::integer(0));
  const bool fits =
      value.is_error() || (value.as_int() >= Limits::min() && value.as_int() <= Limits::max());
  return fits ? value : out_of_range();
}

Value make_uint64(Evaluation&, const Value* args, std::size_t) {
  return scalar<Kind::kUint>(args, Value::unsigned_integer(0));
}

Value make_uint32(Evaluation&, const Value* args, std::size_t) {
  const Value value = scalar<Kind::kUint>(args, Value::unsigned_integer(0));
  const bool fits =
      value.is_error() || value.as_uint() <= std::numeric_limits<std::uint32_t>::max();
  return fits ? value : out_of_range();
}

Value make_double(Evaluation&, const Value* args, std::size_t) {
  return scalar<Kind::kDouble>(args, Value::real(0));
}

Value make_float(Evaluation&, const Value* args, std::size_t) {
  const Value value = scalar<Kind::kDouble>(args, Value::real(0));
  if (value.is_error()) return value;
  return Value::real(static_cast<double>(static_cast<float>(value.as_double())));
}

Value make_string(Evaluation&, const Value* args, std::size_t) {
  return scalar<Kind::kString>(args, Value::string(""));
}

Value make_bytes(Evaluation&, const Value* args, std::size_t) {
  return scalar<Kind::kBytes>(args, Value::bytes(""));
}

// False: `error` says why.
bool read_time(const Value& fields, std::int64_t& seconds, std::int64_t& nanos, Value& error) {
  const Value s = field(fields, "seconds", Value::integer(0));
  const Value n = field(fields, "nanos", Value::integer(0));
  if (!s.is(Kind::kInt) || !n.is(Kind::kInt)) {
    error = Value::no_such_overload();
    return false;
  }
  constexpr std::int64_t kSecond = 1'000'000'000;
  seconds = s.as_int();
  nanos = n.as_int();
  if (nanos <= -kSecond || nanos >= kSecond) error = out_of_range();
  return !error.is_error();
}

Value make_timestamp_message(Evaluation&, const Value* args, std::size_t) {
  std::int64_t seconds = 0;
  std::int64_t nanos = 0;
  Value error;
  if (!read_time(args[0], seconds, nanos, error)) return error;
  if (nanos < 0) return out_of_range();
  return make_timestamp({seconds, static_cast<std::uint32_t>(nanos)});
}

Value make_duration_message(Evaluation&, const Value* args, std::size_t) {
  std::int64_t seconds = 0;
  std::int64_t nanos = 0;
  Value error;
  if (!read_time(args[0], seconds, nanos, error)) return error;
  if ((seconds > 0 && nanos < 0) || (seconds < 0 && nanos > 0)) return out_of_range();
  if (nanos < 0) {
    if (seconds == std::numeric_limits<std::int64_t>::min()) return out_of_range();
    --seconds;
    nanos += 1'000'000'000;
  }
  return make_duration({seconds, static_cast<std::uint32_t>(nanos)});
}

Value to_json(Evaluation& evaluation, const Value& value, int depth);

Value to_json_list(Evaluation& evaluation, const Value& list, int depth) {
  ListBuilder out(evaluation);
  ListIterator elements(list, evaluation.arena());
  Value element;
  while (elements.next(element)) {
    element = to_json(evaluation, element, depth + 1);
    if (element.is_error()) return element;
    if (!out.add(element)) break;
  }
  return out.finish();
}

Value to_json_map(Evaluation& evaluation, const Value& map, int depth) {
  const std::size_t size = map.map_size();
  if (!evaluation.charge(size)) return Evaluation::cost_limit();
  MapEntry* out = evaluation.arena().array<MapEntry>(size);
  if (out == nullptr) return Value::memory_limit();
  MapIterator entries(map, evaluation.arena());
  std::size_t n = 0;
  MapEntry entry;
  while (n < size && entries.next(entry.key, entry.value)) {
    if (!entry.key.is(Kind::kString)) return Value::no_such_overload();
    entry.value = to_json(evaluation, entry.value, depth + 1);
    if (entry.value.is_error()) return entry.value;
    out[n++] = entry;
  }
  return Value::map(std::span<const MapEntry>(out, n));
}

// A value as google.protobuf.Value holds it: numbers as doubles, those that a double cannot hold as
// texts, bytes as base64.
Value to_json(Evaluation& evaluation, const Value& value, int depth) {
  constexpr std::int64_t kExact = std::int64_t{1} << 53U;
  if (depth > kMaxNesting)
    return Value::error(ErrorCode::kInvalidArgument, "the value is nested too deep for JSON");
  switch (value.kind()) {
    case Kind::kNull:
    case Kind::kBool:
    case Kind::kDouble:
    case Kind::kString:
    case Kind::kError:
      return value;
    case Kind::kInt:
      if (value.as_int() > -kExact && value.as_int() < kExact)
        return Value::real(static_cast<double>(value.as_int()));
      return new_string(evaluation, std::to_string(value.as_int()));
    case Kind::kUint:
      if (value.as_uint() < static_cast<std::uint64_t>(kExact))
        return Value::real(static_cast<double>(value.as_uint()));
      return new_string(evaluation, std::to_string(value.as_uint()));
    case Kind::kBytes:
      if (!evaluation.charge_text(value.as_text().size())) return Evaluation::cost_limit();
      return new_string(evaluation, base::base64_encode(value.as_text()));
    case Kind::kTimestamp:
      return new_string(evaluation, print_timestamp(value.as_time()));
    case Kind::kDuration:
      return new_string(evaluation, print_duration(value.as_time()));
    case Kind::kList:
      return to_json_list(evaluation, value, depth);
    case Kind::kMap:
      return to_json_map(evaluation, value, depth);
    default:
      return Value::no_such_overload();
  }
}

Value make_struct(Evaluation& evaluation, const Value* args, std::size_t) {
  const Value map = field(args[0], "fields", Value::map(std::span<const MapEntry>()));
  return map.is(Kind::kMap) ? to_json(evaluation, map, 0) : Value::no_such_overload();
}

Value make_list(Evaluation& evaluation, const Value* args, std::size_t) {
  const Value list = field(args[0], "values", Value::list(std::span<const Value>()));
  return list.is(Kind::kList) ? to_json(evaluation, list, 0) : Value::no_such_overload();
}

// The fields are members of a oneof: the last one written counts.
Value make_value(Evaluation& evaluation, const Value* args, std::size_t) {
  if (args[0].as_entries().empty()) return Value::null();
  const MapEntry& member = args[0].as_entries().back();
  static constexpr std::pair<std::string_view, Kind> kKinds[] = {{"number_value", Kind::kDouble},
                                                                 {"string_value", Kind::kString},
                                                                 {"bool_value", Kind::kBool},
                                                                 {"struct_value", Kind::kMap},
                                                                 {"list_value", Kind::kList}};
  for (const auto& [name, kind] : kKinds)
    if (member.key.as_text() == name)
      return member.value.is(kind) ? to_json(evaluation, member.value, 0)
                                   : Value::no_such_overload();
  const bool is_null =
      member.value.is(Kind::kNull) || (member.value.is(Kind::kInt) && member.value.as_int() == 0);
  return is_null ? Value::null() : Value::no_such_overload();
}

Value make_any(Evaluation&, const Value*, std::size_t) {
  return Value::error(ErrorCode::kInvalidArgument,
                      "google.protobuf.Any holds no message that CEL has a value for");
}

constexpr FunctionSpec kFunctions[] = {
    {"google.protobuf.BoolValue{}", "(dyn):dyn", make_bool, Nature::kConversion},
    {"google.protobuf.Int32Value{}", "(dyn):dyn", make_int32, Nature::kConversion},
    {"google.protobuf.Int64Value{}", "(dyn):dyn", make_int64, Nature::kConversion},
    {"google.protobuf.UInt32Value{}", "(dyn):dyn", make_uint32, Nature::kConversion},
    {"google.protobuf.UInt64Value{}", "(dyn):dyn", make_uint64, Nature::kConversion},
    {"google.protobuf.FloatValue{}", "(dyn):dyn", make_float, Nature::kConversion},
    {"google.protobuf.DoubleValue{}", "(dyn):dyn", make_double, Nature::kConversion},
    {"google.protobuf.StringValue{}", "(dyn):dyn", make_string, Nature::kConversion},
    {"google.protobuf.BytesValue{}", "(dyn):dyn", make_bytes, Nature::kConversion},
    {"google.protobuf.Timestamp{}", "(dyn):dyn", make_timestamp_message, Nature::kConversion},
    {"google.protobuf.Duration{}", "(dyn):dyn", make_duration_message, Nature::kConversion},
    {"google.protobuf.Struct{}", "(dyn):dyn", make_struct, Nature::kConversion},
    {"google.protobuf.ListValue{}", "(dyn):dyn", make_list, Nature::kConversion},
    {"google.protobuf.Value{}", "(dyn):dyn", make_value, Nature::kConversion},
    {"google.protobuf.Any{}", "(dyn):dyn", make_any, Nature::kConversion},
};

}  // namespace

const MessageField* MessageType::find(std::string_view field) const {
  const auto found = std::ranges::find(fields, field, &MessageField::name);
  return found == fields.end() ? nullptr : &*found;
}

const MessageType* find_message(std::string_view name) {
  const auto found = std::ranges::find(kTypes, name, &MessageType::name);
  return found == std::end(kTypes) ? nullptr : found;
}

std::span<const FunctionSpec> message_functions() { return kFunctions; }

}  // namespace cel
