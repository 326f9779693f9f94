#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string_view>

#include "cel/arena.h"

namespace cel {

class ListView;
class MapView;
class Opaque;
class Value;
struct MapEntry;

enum class Kind : std::uint8_t {
  kNull,
  kBool,
  kInt,
  kUint,
  kDouble,
  kString,
  kBytes,
  kDuration,
  kTimestamp,
  kList,
  kMap,
  kType,
  kOptional,
  kOpaque,
  kError,
};

// Why an expression has no value. The first group says that the input lacks something (a missing
// key, field, attribute or list element): is_miss() tells it from faults of the expression itself.
enum class ErrorCode : std::uint8_t {
  kNoSuchKey,
  kNoSuchField,
  kNoSuchAttribute,
  kIndexOutOfBounds,
  kLastMiss = kIndexOutOfBounds,

  kNoSuchOverload,
  kDivideByZero,
  kOutOfRange,
  kInvalidArgument,
  kCostLimit,
  kMemoryLimit,
};

// A span of time or a point in it: whole seconds (since the epoch), rounded down, and nanoseconds
// 0..999999999 on top.
struct Time {
  std::int64_t seconds;
  std::uint32_t nanos;
};

// One CEL value: 16 bytes, trivially copyable, without ownership.
//
// Text, bytes, lists, maps and error messages are views into memory that outlives the evaluation:
// the source of attributes, the Program's constants, or the evaluation's Arena. Accessors do not
// check: ask kind() first.
class Value {
 public:
  constexpr Value() = default;

  static constexpr Value null() { return {}; }
  static constexpr Value boolean(bool v) { return Value(Kind::kBool, 0, 0, Payload{.b = v}); }
  static constexpr Value integer(std::int64_t v) {
    return Value(Kind::kInt, 0, 0, Payload{.i = v});
  }
  static constexpr Value unsigned_integer(std::uint64_t v) {
    return Value(Kind::kUint, 0, 0, Payload{.u = v});
  }
  static constexpr Value real(double v) { return Value(Kind::kDouble, 0, 0, Payload{.d = v}); }
  // Texts of 4 GiB and more become an error.
  static constexpr Value string(std::string_view v) { return text(Kind::kString, v); }
  // A 64-bit integer as the text that JSON has for it: a text in every way, but that comparing it
  // with a number compares the number that it spells. Only sources of attributes make these.
  static constexpr Value decimal(std::string_view v) {
    Value out = string(v);
    if (out.is(Kind::kString)) out.sub_ = kIsDecimal;
    return out;
  }
  static constexpr Value bytes(std::string_view v) { return text(Kind::kBytes, v); }
  // The name of a type, as type(x) gives it.
  static constexpr Value type(std::string_view name) { return text(Kind::kType, name); }
  static constexpr Value duration(Time t) {
    return Value(Kind::kDuration, 0, t.nanos, Payload{.i = t.seconds});
  }
  static constexpr Value timestamp(Time t) {
    return Value(Kind::kTimestamp, 0, t.nanos, Payload{.i = t.seconds});
  }
  static constexpr Value list(const ListView* v) {
    return Value(Kind::kList, 0, 0, Payload{.list = v});
  }
  static constexpr Value list(std::span<const Value> v) {
    return Value(Kind::kList, kIsArray, static_cast<std::uint32_t>(v.size()),
                 Payload{.values = v.data()});
  }
  static constexpr Value map(const MapView* v) {
    return Value(Kind::kMap, 0, 0, Payload{.map = v});
  }
  // Keys are distinct.
  static constexpr Value map(std::span<const MapEntry> v);
  static constexpr Value optional(const Value* v) {  // null: none
    return Value(Kind::kOptional, 0, 0, Payload{.values = v});
  }
  static constexpr Value opaque(const Opaque* v) {
    return Value(Kind::kOpaque, 0, 0, Payload{.opaque = v});
  }
  // `message` is NUL-terminated and lives as long as the value. `position` is one more than the
  // byte offset in the source; the evaluator fills it in.
  static constexpr Value error(ErrorCode code, const char* message, std::uint32_t position = 0) {
    return Value(Kind::kError, static_cast<std::uint8_t>(code), position,
                 Payload{.message = message});
  }
  static constexpr Value no_such_key() { return error(ErrorCode::kNoSuchKey, "no such key"); }
  static constexpr Value no_such_overload() {
    return error(ErrorCode::kNoSuchOverload, "no such overload");
  }
  static constexpr Value memory_limit() {
    return error(ErrorCode::kMemoryLimit, "the evaluation needs more memory than allowed");
  }

  constexpr Kind kind() const { return kind_; }
  constexpr bool is(Kind kind) const { return kind_ == kind; }
  constexpr bool is_error() const { return kind_ == Kind::kError; }
  constexpr bool is_miss() const { return is_error() && error_code() <= ErrorCode::kLastMiss; }
  // The evaluation had to end: nothing may do without this value.
  constexpr bool is_limit() const { return is_error() && error_code() >= ErrorCode::kCostLimit; }
  constexpr bool is_true() const { return kind_ == Kind::kBool && payload_.b; }
  constexpr bool is_decimal() const { return kind_ == Kind::kString && sub_ == kIsDecimal; }
  constexpr bool is_number() const { return kind_ >= Kind::kInt && kind_ <= Kind::kDouble; }

  constexpr bool as_bool() const { return payload_.b; }
  constexpr std::int64_t as_int() const { return payload_.i; }
  constexpr std::uint64_t as_uint() const { return payload_.u; }
  constexpr double as_double() const { return payload_.d; }
  constexpr std::string_view as_text() const { return {payload_.text, aux_}; }  // also bytes, type
  constexpr Time as_time() const { return {payload_.i, aux_}; }  // duration, timestamp
  constexpr const Value* as_optional() const { return payload_.values; }
  constexpr const Opaque* as_opaque() const { return payload_.opaque; }

  constexpr bool is_array() const { return sub_ == kIsArray; }  // of a list or map: its storage
  constexpr std::span<const Value> as_values() const { return {payload_.values, aux_}; }
  constexpr std::span<const MapEntry> as_entries() const;
  constexpr const ListView* as_list_view() const { return payload_.list; }
  constexpr const MapView* as_map_view() const { return payload_.map; }

  constexpr ErrorCode error_code() const { return static_cast<ErrorCode>(sub_); }
  constexpr const char* error_message() const { return payload_.message; }
  constexpr std::uint32_t error_position() const { return aux_; }

  // Lists and maps in either storage.
  std::size_t list_size() const;
  Value list_at(std::size_t index, Arena& arena) const;
  std::size_t map_size() const;
  // no_such_key() when absent. Numeric keys are found across int, uint and double.
  Value map_find(const Value& key, Arena& arena) const;

 private:
  static constexpr std::uint8_t kIsArray = 1;    // of a list or map
  static constexpr std::uint8_t kIsDecimal = 2;  // of a text

  union Payload {
    std::int64_t i = 0;
    std::uint64_t u;
    double d;
    bool b;
    const char* text;
    const char* message;
    const Value* values;
    const MapEntry* entries;
    const ListView* list;
    const MapView* map;
    const Opaque* opaque;
  };

  constexpr Value(Kind kind, std::uint8_t sub, std::uint32_t aux, Payload payload)
      : kind_(kind), sub_(sub), aux_(aux), payload_(payload) {}

  static constexpr Value text(Kind kind, std::string_view v) {
    if (v.size() > std::numeric_limits<std::uint32_t>::max()) return memory_limit();
    return Value(kind, 0, static_cast<std::uint32_t>(v.size()), Payload{.text = v.data()});
  }

  Kind kind_ = Kind::kNull;
  std::uint8_t sub_ = 0;
  std::uint32_t aux_ = 0;
  Payload payload_{};
};

static_assert(sizeof(Value) == 16 && std::is_trivially_copyable_v<Value>);

struct MapEntry {
  Value key;
  Value value;
};

constexpr Value Value::map(std::span<const MapEntry> v) {
  return Value(Kind::kMap, kIsArray, static_cast<std::uint32_t>(v.size()),
               Payload{.entries = v.data()});
}
constexpr std::span<const MapEntry> Value::as_entries() const { return {payload_.entries, aux_}; }

// Where an iteration over a view stands; all zero at the start, then the view's own business.
struct Cursor {
  std::uint64_t position = 0;
  std::uint64_t state = 0;
};

// Something outside CEL seen as a list. Never destroyed through this interface, so that views can
// be made in an Arena.
class ListView {
 public:
  virtual std::size_t size() const = 0;
  // `index` is below size().
  virtual Value at(std::size_t index, Arena& arena) const = 0;
  // The next element, or false at the end. Override where at() is not constant time.
  virtual bool next(Cursor& cursor, Value& element, Arena& arena) const;
  // The steps of an evaluation's budget that at() takes; override where it walks.
  virtual std::size_t access_steps(std::size_t) const { return 0; }

 protected:
  ~ListView() = default;
};

// Something outside CEL seen as a map (a message, a header block, a JSON object).
class MapView {
 public:
  virtual std::size_t size() const = 0;
  // no_such_key() when absent.
  virtual Value find(const Value& key, Arena& arena) const = 0;
  // The next entry, or false at the end. The value of one that cannot be read is an error.
  virtual bool next(Cursor& cursor, Value& key, Value& value, Arena& arena) const = 0;
  // Whether has(x.key) and `key in x` hold: a bool, for a key that may be readable (as its zero)
  // without being set; or the error of an entry that cannot be read.
  virtual Value has(const Value& key, Arena& arena) const;
  // The steps of an evaluation's budget that find() and has() take; override where they walk.
  virtual std::size_t search_steps() const { return 0; }

 protected:
  ~MapView() = default;
};

// A value of a named type that only functions can look into (net.IP, net.CIDR).
class Opaque {
 public:
  virtual std::string_view type_name() const = 0;
  virtual bool equals(const Opaque& other) const = 0;  // `other` has the same type name

 protected:
  ~Opaque() = default;
};

// CEL's `==`: numbers compare across their types, different other types are unequal, NaN is unequal
// to itself. A decimal equals its text and its number. Never an error, except the memory limit of
// a view.
bool equal(const Value& a, const Value& b, Arena& arena);

// CEL's name of a kind: "int", "list", "google.protobuf.Timestamp", ...
std::string_view type_name(const Value& value);

}  // namespace cel
