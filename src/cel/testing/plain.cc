#include "cel/testing/plain.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "cel/compare.h"

namespace cel::testing {

Plain Plain::of(bool v) {
  Plain out;
  out.kind = Kind::kBool;
  out.truth = v;
  return out;
}

Plain Plain::of(std::int64_t v) {
  Plain out;
  out.kind = Kind::kInt;
  out.integer = v;
  return out;
}

Plain Plain::of(double v) {
  Plain out;
  out.kind = Kind::kDouble;
  out.real = v;
  return out;
}

Plain Plain::of(std::string v) {
  Plain out;
  out.kind = Kind::kString;
  out.text = std::move(v);
  return out;
}

Plain Plain::list(std::vector<Plain> items) {
  Plain out;
  out.kind = Kind::kList;
  out.items = std::move(items);
  return out;
}

Plain Plain::optional(std::shared_ptr<const Plain> inner) {
  Plain out;
  out.kind = Kind::kOptional;
  out.inner = std::move(inner);
  return out;
}

Plain Plain::error(ErrorCode code, std::string message) {
  Plain out;
  out.kind = Kind::kError;
  out.code = code;
  out.text = std::move(message);
  return out;
}

Plain Plain::miss(std::string message) { return error(ErrorCode::kNoSuchKey, std::move(message)); }

Plain Plain::fault(std::string message) {
  return error(ErrorCode::kNoSuchOverload, std::move(message));
}

Plain from_value(const Value& value, Arena& arena) {
  Plain out;
  out.kind = value.kind();
  switch (value.kind()) {
    case Kind::kNull:
      break;
    case Kind::kBool:
      out.truth = value.as_bool();
      break;
    case Kind::kInt:
      out.integer = value.as_int();
      break;
    case Kind::kUint:
      out.natural = value.as_uint();
      break;
    case Kind::kDouble:
      out.real = value.as_double();
      break;
    case Kind::kString:
    case Kind::kBytes:
    case Kind::kType:
      out.text = value.as_text();
      break;
    case Kind::kDuration:
    case Kind::kTimestamp:
      out.time = value.as_time();
      break;
    case Kind::kList: {
      ListIterator items(value, arena);
      for (Value item; items.next(item);) out.items.push_back(from_value(item, arena));
      break;
    }
    case Kind::kMap: {
      MapIterator entries(value, arena);
      for (Value key, item; entries.next(key, item);)
        out.entries.emplace_back(from_value(key, arena), from_value(item, arena));
      break;
    }
    case Kind::kOptional:
      if (value.as_optional() != nullptr)
        out.inner = std::make_shared<const Plain>(from_value(*value.as_optional(), arena));
      break;
    case Kind::kOpaque:
      out.opaque = value.as_opaque();
      break;
    case Kind::kError:
      out.code = value.error_code();
      out.text = value.error_message();
      break;
  }
  return out;
}

Value to_value(const Plain& plain, Arena& arena) {
  switch (plain.kind) {
    case Kind::kNull:
      return Value::null();
    case Kind::kBool:
      return Value::boolean(plain.truth);
    case Kind::kInt:
      return Value::integer(plain.integer);
    case Kind::kUint:
      return Value::unsigned_integer(plain.natural);
    case Kind::kDouble:
      return Value::real(plain.real);
    case Kind::kString:
      return Value::string(arena.copy(plain.text));
    case Kind::kBytes:
      return Value::bytes(arena.copy(plain.text));
    case Kind::kType:
      return Value::type(arena.copy(plain.text));
    case Kind::kDuration:
      return Value::duration(plain.time);
    case Kind::kTimestamp:
      return Value::timestamp(plain.time);
    case Kind::kList: {
      Value* items = arena.array<Value>(plain.items.size());
      if (items == nullptr) return Value::memory_limit();
      for (std::size_t i = 0; i < plain.items.size(); ++i)
        items[i] = to_value(plain.items[i], arena);
      return Value::list(std::span<const Value>(items, plain.items.size()));
    }
    case Kind::kMap: {
      MapEntry* entries = arena.array<MapEntry>(plain.entries.size());
      if (entries == nullptr) return Value::memory_limit();
      for (std::size_t i = 0; i < plain.entries.size(); ++i)
        entries[i] = {to_value(plain.entries[i].first, arena),
                      to_value(plain.entries[i].second, arena)};
      return Value::map(std::span<const MapEntry>(entries, plain.entries.size()));
    }
    case Kind::kOptional:
      return Value::optional(
          plain.inner == nullptr ? nullptr : arena.make<Value>(to_value(*plain.inner, arena)));
    case Kind::kOpaque:
      return Value::opaque(plain.opaque);
    case Kind::kError:
      return Value::error(plain.code, arena.copy(plain.text).data());
  }
  return Value::no_such_overload();
}

bool identical(const Plain& a, const Plain& b) {
  if (a.kind != b.kind) return false;
  switch (a.kind) {
    case Kind::kNull:
      return true;
    case Kind::kBool:
      return a.truth == b.truth;
    case Kind::kInt:
      return a.integer == b.integer;
    case Kind::kUint:
      return a.natural == b.natural;
    case Kind::kDouble:
      return (std::isnan(a.real) && std::isnan(b.real)) ||
             (a.real == b.real && std::signbit(a.real) == std::signbit(b.real));
    case Kind::kString:
    case Kind::kBytes:
    case Kind::kType:
      return a.text == b.text;
    case Kind::kDuration:
    case Kind::kTimestamp:
      return a.time.seconds == b.time.seconds && a.time.nanos == b.time.nanos;
    case Kind::kList:
      return std::ranges::equal(a.items, b.items, identical);
    case Kind::kMap:
      return std::ranges::equal(a.entries, b.entries, [](const auto& x, const auto& y) {
        return identical(x.first, y.first) && identical(x.second, y.second);
      });
    case Kind::kOptional:
      return a.inner == nullptr || b.inner == nullptr ? a.inner == b.inner
                                                      : identical(*a.inner, *b.inner);
    case Kind::kOpaque:
      return a.opaque->type_name() == b.opaque->type_name() && a.opaque->equals(*b.opaque);
    case Kind::kError:
      return a.is_miss() == b.is_miss();
  }
  return false;
}

std::string show(const Plain& plain) {
  switch (plain.kind) {
    case Kind::kNull:
      return "null";
    case Kind::kBool:
      return plain.truth ? "true" : "false";
    case Kind::kInt:
      return fmt::format("{}", plain.integer);
    case Kind::kUint:
      return fmt::format("{}u", plain.natural);
    case Kind::kDouble:
      return fmt::format("double {}", plain.real);
    case Kind::kString:
      return fmt::format("\"{}\"", plain.text);
    case Kind::kBytes:
      return fmt::format("b\"{}\"", plain.text);
    case Kind::kType:
      return fmt::format("type {}", plain.text);
    case Kind::kDuration:
    case Kind::kTimestamp:
      return fmt::format("{}.{:09} s", plain.time.seconds, plain.time.nanos);
    case Kind::kList: {
      std::string out = "[";
      for (const Plain& item : plain.items) out += show(item) + ", ";
      return out + "]";
    }
    case Kind::kMap: {
      std::string out = "{";
      for (const auto& [key, value] : plain.entries) out += show(key) + ": " + show(value) + ", ";
      return out + "}";
    }
    case Kind::kOptional:
      return plain.inner == nullptr ? "none" : fmt::format("some({})", show(*plain.inner));
    case Kind::kOpaque:
      return std::string(plain.opaque->type_name());
    case Kind::kError:
      return (plain.is_miss() ? "miss: " : "fault: ") + plain.text;
  }
  return {};
}

}  // namespace cel::testing
