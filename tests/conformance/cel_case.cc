#include "cel_case.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "base/encoding.h"
#include "cel/compare.h"
#include "cel/messages.h"
#include "cel/source.h"
#include "cel/time.h"

namespace conformance {
namespace {

using cel::Kind;
using cel::MapEntry;
using cel::Type;
using cel::Value;

struct Member {
  std::string_view key;
  Json value;
};

// The one member of an object such as {"int64_value": "1"}.
Member only(Json json) {
  const simdjson::dom::object object = json.get_object();
  if (object.size() != 1) throw Unsupported{"a value that is not one member"};
  const auto member = *object.begin();
  return {member.key, member.value};
}

template <typename Number>
Number parse(std::string_view text) {
  Number out{};
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, out);
  if (read.ec != std::errc{} || read.ptr != end)
    throw Unsupported{fmt::format("a number written as {:?}", text)};
  return out;
}

double read_double(Json json) {
  if (!json.is_string()) return json.get_double();
  const std::string_view text = json.get_string();
  if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (text == "Infinity") return std::numeric_limits<double>::infinity();
  if (text == "-Infinity") return -std::numeric_limits<double>::infinity();
  return parse<double>(text);
}

template <typename Number>
Number read_integer(Json json) {
  if (json.is_string()) return parse<Number>(std::string_view(json.get_string()));
  return static_cast<Number>(json.is_uint64() ? std::uint64_t(json.get_uint64())
                                              : std::uint64_t(std::int64_t(json.get_int64())));
}

}  // namespace

std::optional<Json> find_member(Json json, std::string_view name) {
  const auto found = json[name];
  if (found.error() != simdjson::SUCCESS) return std::nullopt;
  return found.value_unsafe();
}

Value Memory::value(Json json) {
  const auto [key, inner] = only(json);
  if (key == "null_value") return Value::null();
  if (key == "bool_value") return Value::boolean(inner.get_bool());
  if (key == "int64_value") return Value::integer(read_integer<std::int64_t>(inner));
  if (key == "uint64_value") return Value::unsigned_integer(read_integer<std::uint64_t>(inner));
  if (key == "double_value") return Value::real(read_double(inner));
  if (key == "string_value") return Value::string(keep(std::string(inner.get_string().value())));
  if (key == "type_value") return Value::type(keep(std::string(inner.get_string().value())));
  if (key == "list_value") return list(inner);
  if (key == "map_value") return map(inner);
  if (key == "object_value") return message(inner);
  if (key == "bytes_value") {
    auto decoded = base::base64_decode(inner.get_string().value());
    if (!decoded) throw Unsupported{"bytes that are not base64"};
    return Value::bytes(keep(std::move(*decoded)));
  }
  throw Unsupported{fmt::format("a value of kind {}", key)};
}

Value Memory::list(Json json) {
  const auto values = find_member(json, "values");
  if (!values) return Value::list(std::span<const Value>());
  const simdjson::dom::array array = values->get_array();
  Value* out = arena_.array<Value>(array.size());
  std::size_t size = 0;
  for (const Json element : array) out[size++] = value(element);
  return Value::list(std::span<const Value>(out, size));
}

Value Memory::map(Json json) {
  const auto entries = find_member(json, "entries");
  if (!entries) return Value::map(std::span<const MapEntry>());
  const simdjson::dom::array array = entries->get_array();
  MapEntry* out = arena_.array<MapEntry>(array.size());
  std::size_t size = 0;
  for (const Json entry : array) out[size++] = {value(entry["key"]), value(entry["value"])};
  return Value::map(std::span<const MapEntry>(out, size));
}

// Well-known messages are the values that CEL makes of them.
Value Memory::message(Json json) {
  std::string_view type = json["@type"].get_string();
  type.remove_prefix(type.rfind('/') + 1);
  constexpr std::string_view kPackage = "google.protobuf.";
  if (!type.starts_with(kPackage)) throw Unsupported{fmt::format("a message {}", type)};
  type.remove_prefix(kPackage.size());
  const auto value = find_member(json, "value");
  if (!value) throw Unsupported{fmt::format("a message {} without value", type)};
  if (type == "Timestamp") {
    if (const auto time = cel::parse_timestamp(value->get_string())) return Value::timestamp(*time);
  } else if (type == "Duration") {
    if (const auto time = cel::parse_duration(value->get_string())) return Value::duration(*time);
  } else if (type == "BoolValue") {
    return Value::boolean(value->get_bool());
  } else if (type == "Int32Value" || type == "Int64Value") {
    return Value::integer(read_integer<std::int64_t>(*value));
  } else if (type == "UInt32Value" || type == "UInt64Value") {
    return Value::unsigned_integer(read_integer<std::uint64_t>(*value));
  } else if (type == "FloatValue" || type == "DoubleValue") {
    return Value::real(read_double(*value));
  } else if (type == "StringValue") {
    return Value::string(keep(std::string(value->get_string().value())));
  } else if (type == "BytesValue") {
    if (auto decoded = base::base64_decode(value->get_string().value()))
      return Value::bytes(keep(std::move(*decoded)));
  } else if (type == "Value" || type == "Struct" || type == "ListValue") {
    return open(*value);
  } else if (type == "Any") {
    return message(*value);
  }
  throw Unsupported{fmt::format("a message google.protobuf.{}", type)};
}

Value Memory::open(Json json) {
  switch (json.type()) {
    case simdjson::dom::element_type::NULL_VALUE:
      return Value::null();
    case simdjson::dom::element_type::BOOL:
      return Value::boolean(json.get_bool());
    case simdjson::dom::element_type::STRING:
      return Value::string(keep(std::string(json.get_string().value())));
    case simdjson::dom::element_type::ARRAY: {
      const simdjson::dom::array array = json.get_array();
      Value* out = arena_.array<Value>(array.size());
      std::size_t size = 0;
      for (const Json element : array) out[size++] = open(element);
      return Value::list(std::span<const Value>(out, size));
    }
    case simdjson::dom::element_type::OBJECT: {
      const simdjson::dom::object object = json.get_object();
      MapEntry* out = arena_.array<MapEntry>(object.size());
      std::size_t size = 0;
      for (const auto& [key, inner] : object)
        out[size++] = {Value::string(keep(std::string(key))), open(inner)};
      return Value::map(std::span<const MapEntry>(out, size));
    }
    default:
      return Value::real(json.get_double());
  }
}

namespace {

const Type* message_type(std::string_view name) {
  if (const cel::MessageType* known = cel::find_message(name)) return known->type;
  throw Unsupported{fmt::format("a message type {}", name)};
}

}  // namespace

const Type* Memory::type(Json json) {
  const auto [key, inner] = only(json);
  const auto scalar = [](std::string_view name) -> const Type* {
    static constexpr std::pair<std::string_view, const Type*> kTypes[] = {
        {"BOOL", &cel::kBoolType},     {"INT64", &cel::kIntType},     {"UINT64", &cel::kUintType},
        {"DOUBLE", &cel::kDoubleType}, {"STRING", &cel::kStringType}, {"BYTES", &cel::kBytesType}};
    for (const auto& [known, type] : kTypes)
      if (known == name) return type;
    throw Unsupported{fmt::format("a type {}", name)};
  };
  if (key == "dyn") return &cel::kDynType;
  if (key == "null") return &cel::kNullType;
  if (key == "primitive") return scalar(inner.get_string());
  if (key == "wrapper") return types_.wrapper_of(scalar(inner.get_string()));
  if (key == "well_known") {
    const std::string_view name = inner.get_string();
    if (name == "TIMESTAMP") return &cel::kTimestampType;
    if (name == "DURATION") return &cel::kDurationType;
    return &cel::kDynType;
  }
  if (key == "message_type") return message_type(inner.get_string());
  if (key == "list_type") {
    const auto element = find_member(inner, "elem_type");
    return types_.list_of(element ? type(*element) : &cel::kDynType);
  }
  if (key == "map_type") return types_.map_of(type(inner["key_type"]), type(inner["value_type"]));
  if (key == "type_param") return types_.param(inner.get_string().value());
  if (key == "type") {
    const simdjson::dom::object object = inner.get_object();
    return types_.type_of(object.size() == 0 ? &cel::kDynType : type(inner));
  }
  if (key == "abstract_type") {
    std::vector<const Type*> parameters;
    if (const auto given = find_member(inner, "parameter_types"))
      for (const Json parameter : given->get_array()) parameters.push_back(type(parameter));
    const std::string_view name = inner["name"].get_string();
    if (name == "optional_type" && parameters.size() == 1) return types_.optional_of(parameters[0]);
    return types_.opaque(name, parameters);
  }
  throw Unsupported{fmt::format("a type of kind {}", key)};
}

cel::Overload Memory::overload(Json json) {
  cel::Overload out;
  if (const auto parameters = find_member(json, "params"))
    for (const Json parameter : parameters->get_array()) out.params.push_back(type(parameter));
  const auto receiver = find_member(json, "is_instance_function");
  out.has_receiver = receiver && receiver->get_bool();
  const auto result = find_member(json, "result_type");
  out.result = result ? type(*result) : &cel::kDynType;
  return out;
}

CaseSchema::CaseSchema(Json test, Memory& memory) {
  if (const auto bindings = find_member(test, "bindings"))
    for (const auto& [name, value] : bindings->get_object().value())
      variables_.emplace(name, &cel::kDynType);
  const auto declarations = find_member(test, "type_env");
  if (!declarations) return;
  for (const Json declaration : declarations->get_array()) {
    const std::string_view name =
        memory.keep(std::string(declaration["name"].get_string().value()));
    if (const auto variable = find_member(declaration, "ident"))
      variables_.insert_or_assign(std::string(name), memory.type((*variable)["type"]));
    if (const auto function = find_member(declaration, "function")) {
      cel::Function out;
      out.name = name;
      for (const Json overload : (*function)["overloads"].get_array())
        out.overloads.push_back(memory.overload(overload));
      functions_.emplace(name, std::move(out));
    }
  }
}

std::optional<cel::Attribute> CaseSchema::root(std::string_view name) const {
  const auto found = variables_.find(name);
  if (found == variables_.end()) return std::nullopt;
  return cel::Attribute{.slot = {.key = found->first}, .type = found->second};
}

const cel::Function* CaseSchema::function(std::string_view name) const {
  const auto found = functions_.find(name);
  return found == functions_.end() ? nullptr : &found->second;
}

CaseSource::CaseSource(Json test, Memory& memory) {
  if (const auto bindings = find_member(test, "bindings"))
    for (const auto& [name, bound] : bindings->get_object().value())
      bindings_.emplace(name, memory.value(bound["value"]));
}

Value CaseSource::resolve(const cel::Slot& slot, cel::Arena&) const {
  const auto found = bindings_.find(slot.key);
  if (found != bindings_.end()) return found->second;
  return Value::error(cel::ErrorCode::kNoSuchAttribute, "no such attribute");
}

std::string show(const Value& value) {
  cel::Arena arena;
  switch (value.kind()) {
    case Kind::kNull:
      return "null";
    case Kind::kBool:
      return value.as_bool() ? "true" : "false";
    case Kind::kInt:
      return fmt::format("{}", value.as_int());
    case Kind::kUint:
      return fmt::format("{}u", value.as_uint());
    case Kind::kDouble:
      return fmt::format("double({})", value.as_double());
    case Kind::kString:
      return fmt::format("{:?}", value.as_text());
    case Kind::kBytes:
      return fmt::format("b{:?}", value.as_text());
    case Kind::kType:
      return fmt::format("type {}", value.as_text());
    case Kind::kDuration:
      return fmt::format("duration {}", cel::print_duration(value.as_time()));
    case Kind::kTimestamp:
      return fmt::format("timestamp {}", cel::print_timestamp(value.as_time()));
    case Kind::kList: {
      std::string out = "[";
      for (std::size_t i = 0; i < value.list_size(); ++i)
        out += (i == 0 ? "" : ", ") + show(value.list_at(i, arena));
      return out + "]";
    }
    case Kind::kMap: {
      std::string out = "{";
      cel::MapIterator entries(value, arena);
      MapEntry entry;
      while (entries.next(entry.key, entry.value))
        out += (out.size() == 1 ? "" : ", ") + show(entry.key) + ": " + show(entry.value);
      return out + "}";
    }
    case Kind::kOptional:
      return value.as_optional() == nullptr
                 ? "optional.none()"
                 : fmt::format("optional.of({})", show(*value.as_optional()));
    case Kind::kOpaque:
      return std::string(value.as_opaque()->type_name());
    case Kind::kError:
      return fmt::format("error: {}", value.error_message());
  }
  return "?";
}

namespace {

bool is_same_list(const Value& a, const Value& b) {
  cel::Arena arena;
  if (a.list_size() != b.list_size()) return false;
  for (std::size_t i = 0; i < a.list_size(); ++i)
    if (!is_same(a.list_at(i, arena), b.list_at(i, arena))) return false;
  return true;
}

bool is_same_map(const Value& a, const Value& b) {
  cel::Arena arena;
  if (a.map_size() != b.map_size()) return false;
  cel::MapIterator entries(a, arena);
  MapEntry entry;
  while (entries.next(entry.key, entry.value)) {
    const bool found = std::ranges::any_of(b.as_entries(), [&](const MapEntry& other) {
      return is_same(entry.key, other.key) && is_same(entry.value, other.value);
    });
    if (!found) return false;
  }
  return true;
}

}  // namespace

bool is_same(const Value& a, const Value& b) {
  if (a.kind() != b.kind()) return false;
  switch (a.kind()) {
    case Kind::kDouble:
      if (std::isnan(a.as_double()) || std::isnan(b.as_double()))
        return std::isnan(a.as_double()) && std::isnan(b.as_double());
      return a.as_double() == b.as_double() &&
             std::signbit(a.as_double()) == std::signbit(b.as_double());
    case Kind::kType:
      return a.as_text() == b.as_text();
    case Kind::kList:
      return is_same_list(a, b);
    case Kind::kMap:
      return is_same_map(a, b);
    case Kind::kError:
      return false;
    default: {
      cel::Arena arena;
      return cel::equal(a, b, arena);
    }
  }
}

namespace {

std::string read_escapes(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    if (text.substr(i).starts_with("\\?")) {
      out.push_back('?');
      i += 2;
      continue;
    }
    const std::size_t digits = text.substr(i).starts_with("\\u")   ? 4
                               : text.substr(i).starts_with("\\U") ? 8
                                                                   : 0;
    std::uint32_t code_point = 0;
    const char* first = text.data() + i + 2;
    if (digits > 0 && i + 2 + digits <= text.size() &&
        std::from_chars(first, first + digits, code_point, 16).ptr == first + digits) {
      cel::append_utf8(out, code_point);
      i += 2 + digits;
    } else {
      out.push_back(text[i++]);
    }
  }
  return out;
}

}  // namespace

Value with_escapes_read(const Value& value, Memory& memory) {
  if (!value.is(Kind::kString) && !value.is(Kind::kBytes)) return value;
  const std::string_view text = memory.keep(read_escapes(value.as_text()));
  return value.is(Kind::kString) ? Value::string(text) : Value::bytes(text);
}

}  // namespace conformance
