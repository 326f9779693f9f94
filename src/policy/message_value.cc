#include "policy/message_value.h"

#include <fmt/format.h>
#include <google/protobuf/timestamp.pb.h>

#include <array>
#include <chrono>

#include "base/encoding.h"

namespace policy {
namespace {

namespace pb = google::protobuf;
using cel::Arena;
using cel::Value;
using pb::FieldDescriptor;
using pb::Message;

Value decimal_text(const fmt::format_int& digits, Arena& arena) {
  const std::string_view kept = arena.copy({digits.data(), digits.size()});
  return kept.data() == nullptr ? Value::memory_limit() : Value::decimal(kept);
}

// RFC 3339 in UTC with as many fraction digits, in threes, as the time needs.
Value time_text(const pb::Timestamp& time, Arena& arena) {
  const std::chrono::sys_seconds seconds{std::chrono::seconds(time.seconds())};
  const auto day = std::chrono::floor<std::chrono::days>(seconds);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(seconds - day);
  std::array<char, 64> buffer{};
  char* end = fmt::format_to_n(buffer.data(), buffer.size(), "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}",
                               static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                               static_cast<unsigned>(date.day()), clock.hours().count(),
                               clock.minutes().count(), clock.seconds().count())
                  .out;
  const int nanos = time.nanos();
  if (nanos != 0 && nanos % 1'000'000 == 0)
    end = fmt::format_to(end, ".{:03}", nanos / 1'000'000);
  else if (nanos != 0 && nanos % 1'000 == 0)
    end = fmt::format_to(end, ".{:06}", nanos / 1'000);
  else if (nanos != 0)
    end = fmt::format_to(end, ".{:09}", nanos);
  *end++ = 'Z';
  return make_text({buffer.data(), static_cast<std::size_t>(end - buffer.data())}, arena);
}

Value enum_name(const FieldDescriptor& field, int number) {
  const pb::EnumValueDescriptor* value = field.enum_type()->FindValueByNumber(number);
  if (value == nullptr) return Value::real(number);
  return Value::string(value->name());
}

Value text_or_bytes(const FieldDescriptor& field, const std::string& text, Arena& arena) {
  if (field.type() != FieldDescriptor::TYPE_BYTES) return Value::string(text);
  return make_text(base::base64_encode(text), arena);
}

Value singular_value(const Message& message, const FieldDescriptor& field, Arena& arena) {
  const pb::Reflection& read = *message.GetReflection();
  std::string scratch;
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      return Value::boolean(read.GetBool(message, &field));
    case FieldDescriptor::CPPTYPE_INT32:
      return Value::real(read.GetInt32(message, &field));
    case FieldDescriptor::CPPTYPE_UINT32:
      return Value::real(read.GetUInt32(message, &field));
    case FieldDescriptor::CPPTYPE_INT64:
      return make_decimal(std::int64_t{read.GetInt64(message, &field)}, arena);
    case FieldDescriptor::CPPTYPE_UINT64:
      return make_decimal(std::uint64_t{read.GetUInt64(message, &field)}, arena);
    case FieldDescriptor::CPPTYPE_FLOAT:
      return Value::real(static_cast<double>(read.GetFloat(message, &field)));
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return Value::real(read.GetDouble(message, &field));
    case FieldDescriptor::CPPTYPE_ENUM:
      return enum_name(field, read.GetEnumValue(message, &field));
    case FieldDescriptor::CPPTYPE_STRING:
      return text_or_bytes(field, read.GetStringReference(message, &field, &scratch), arena);
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return message_value(read.GetMessage(message, &field), arena);
  }
  return Value::no_such_key();
}

Value repeated_value(const Message& message, const FieldDescriptor& field, int index,
                     Arena& arena) {
  const pb::Reflection& read = *message.GetReflection();
  std::string scratch;
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      return Value::boolean(read.GetRepeatedBool(message, &field, index));
    case FieldDescriptor::CPPTYPE_INT32:
      return Value::real(read.GetRepeatedInt32(message, &field, index));
    case FieldDescriptor::CPPTYPE_UINT32:
      return Value::real(read.GetRepeatedUInt32(message, &field, index));
    case FieldDescriptor::CPPTYPE_INT64:
      return make_decimal(std::int64_t{read.GetRepeatedInt64(message, &field, index)}, arena);
    case FieldDescriptor::CPPTYPE_UINT64:
      return make_decimal(std::uint64_t{read.GetRepeatedUInt64(message, &field, index)}, arena);
    case FieldDescriptor::CPPTYPE_FLOAT:
      return Value::real(static_cast<double>(read.GetRepeatedFloat(message, &field, index)));
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return Value::real(read.GetRepeatedDouble(message, &field, index));
    case FieldDescriptor::CPPTYPE_ENUM:
      return enum_name(field, read.GetRepeatedEnumValue(message, &field, index));
    case FieldDescriptor::CPPTYPE_STRING:
      return text_or_bytes(field, read.GetRepeatedStringReference(message, &field, index, &scratch),
                           arena);
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return message_value(read.GetRepeatedMessage(message, &field, index), arena);
  }
  return Value::no_such_key();
}

// A repeated field.
class FieldList final : public cel::ListView {
 public:
  FieldList(const Message* message, const FieldDescriptor* field)
      : message_(message), field_(field) {}

  std::size_t size() const override {
    return static_cast<std::size_t>(message_->GetReflection()->FieldSize(*message_, field_));
  }
  Value at(std::size_t index, Arena& arena) const override {
    return repeated_value(*message_, *field_, static_cast<int>(index), arena);
  }

 private:
  const Message* message_;
  const FieldDescriptor* field_;
};

// A repeated string field, the most common list of all: an array that is walked without calls.
Value text_list(const Message& message, const FieldDescriptor& field, Arena& arena) {
  const pb::Reflection& read = *message.GetReflection();
  const auto size = static_cast<std::size_t>(read.FieldSize(message, &field));
  auto* values = arena.array<Value>(size);
  if (values == nullptr) return Value::memory_limit();
  std::string scratch;  // not used by the messages that there are
  for (std::size_t i = 0; i < size; ++i)
    values[i] = Value::string(
        read.GetRepeatedStringReference(message, &field, static_cast<int>(i), &scratch));
  return Value::list(std::span<const Value>(values, size));
}

// A map field, whose entries reflection shows as repeated messages.
class FieldMap final : public cel::MapView {
 public:
  FieldMap(const Message* message, const FieldDescriptor* field)
      : message_(message), field_(field) {}

  std::size_t size() const override {
    return static_cast<std::size_t>(message_->GetReflection()->FieldSize(*message_, field_));
  }
  Value find(const Value& key, Arena& arena) const override {
    cel::Cursor cursor;
    Value candidate;
    Value value;
    while (next(cursor, candidate, value, arena))
      if (equal(candidate, key, arena)) return value;
    return Value::no_such_key();
  }
  std::size_t search_steps() const override { return size(); }
  bool next(cel::Cursor& cursor, Value& key, Value& value, Arena& arena) const override {
    if (cursor.position >= size()) return false;
    const Message& entry = message_->GetReflection()->GetRepeatedMessage(
        *message_, field_, static_cast<int>(cursor.position++));
    key = singular_value(entry, *field_->message_type()->map_key(), arena);
    value = singular_value(entry, *field_->message_type()->map_value(), arena);
    return true;
  }

 private:
  const Message* message_;
  const FieldDescriptor* field_;
};

// The fields of a message. Walking it shows those that are set.
class MessageMap final : public cel::MapView {
 public:
  explicit MessageMap(const Message* message) : message_(message) {}

  std::size_t size() const override {
    std::size_t set = 0;
    for (int i = 0; i < message_->GetDescriptor()->field_count(); ++i)
      if (has_field(*message_, *message_->GetDescriptor()->field(i))) ++set;
    return set;
  }
  Value find(const Value& key, Arena& arena) const override {
    const FieldDescriptor* field = field_of(key);
    return field == nullptr ? Value::no_such_key() : field_value(*message_, *field, arena);
  }
  Value has(const Value& key, Arena&) const override {
    const FieldDescriptor* field = field_of(key);
    return Value::boolean(field != nullptr && has_field(*message_, *field));
  }
  bool next(cel::Cursor& cursor, Value& key, Value& value, Arena& arena) const override {
    const pb::Descriptor& type = *message_->GetDescriptor();
    while (cursor.position < static_cast<std::uint64_t>(type.field_count())) {
      const FieldDescriptor& field = *type.field(static_cast<int>(cursor.position++));
      if (!has_field(*message_, field)) continue;
      key = Value::string(field.name());
      value = field_value(*message_, field, arena);
      return true;
    }
    return false;
  }

 private:
  const FieldDescriptor* field_of(const Value& key) const {
    if (!key.is(cel::Kind::kString)) return nullptr;
    return find_field(*message_->GetDescriptor(), key.as_text());
  }

  const Message* message_;
};

Value json_value(const pb::Value& value, Arena& arena);

class JsonList final : public cel::ListView {
 public:
  explicit JsonList(const pb::ListValue* list) : list_(list) {}

  std::size_t size() const override { return static_cast<std::size_t>(list_->values_size()); }
  Value at(std::size_t index, Arena& arena) const override {
    return json_value(list_->values(static_cast<int>(index)), arena);
  }

 private:
  const pb::ListValue* list_;
};

class JsonMap final : public cel::MapView {
 public:
  explicit JsonMap(const pb::Struct* object) : object_(object) {}

  std::size_t size() const override { return object_->fields().size(); }
  Value find(const Value& key, Arena& arena) const override {
    if (!key.is(cel::Kind::kString)) return Value::no_such_key();
    const auto found = object_->fields().find(key.as_text());
    return found == object_->fields().end() ? Value::no_such_key()
                                            : json_value(found->second, arena);
  }
  // The cursor keeps the key of the entry before, since a map's iterator does not fit into it.
  bool next(cel::Cursor& cursor, Value& key, Value& value, Arena& arena) const override {
    auto it = object_->fields().begin();
    if (cursor.state != 0) {
      const auto* before = reinterpret_cast<const std::string*>(cursor.state);
      it = object_->fields().find(*before);
      ++it;
    }
    if (it == object_->fields().end()) return false;
    cursor.state = reinterpret_cast<std::uint64_t>(&it->first);
    key = Value::string(it->first);
    value = json_value(it->second, arena);
    return true;
  }

 private:
  const pb::Struct* object_;
};

Value json_value(const pb::Value& value, Arena& arena) {
  switch (value.kind_case()) {
    case pb::Value::kBoolValue:
      return Value::boolean(value.bool_value());
    case pb::Value::kNumberValue:
      return Value::real(value.number_value());
    case pb::Value::kStringValue:
      return Value::string(value.string_value());
    case pb::Value::kListValue:
      return make_list<JsonList>(arena, &value.list_value());
    case pb::Value::kStructValue:
      return struct_value(value.struct_value(), arena);
    case pb::Value::kNullValue:
    case pb::Value::KIND_NOT_SET:
      break;
  }
  return Value::null();
}

class GroupList final : public cel::ListView {
 public:
  explicit GroupList(std::span<const resource::corev1::Group* const> groups) : groups_(groups) {}

  std::size_t size() const override { return groups_.size(); }
  Value at(std::size_t index, Arena& arena) const override {
    return message_value(*groups_[index], arena);
  }

 private:
  std::span<const resource::corev1::Group* const> groups_;
};

}  // namespace

Value make_text(std::string_view text, Arena& arena) {
  const std::string_view kept = arena.copy(text);
  return kept.data() == nullptr ? Value::memory_limit() : Value::string(kept);
}

Value make_decimal(std::int64_t number, Arena& arena) {
  return decimal_text(fmt::format_int(number), arena);
}

Value make_decimal(std::uint64_t number, Arena& arena) {
  return decimal_text(fmt::format_int(number), arena);
}

const FieldDescriptor* find_field(const pb::Descriptor& message, std::string_view name) {
  for (int i = 0; i < message.field_count(); ++i)
    if (message.field(i)->name() == name) return message.field(i);
  return nullptr;
}

bool has_field(const Message& message, const FieldDescriptor& field) {
  const pb::Reflection& read = *message.GetReflection();
  return field.is_repeated() ? read.FieldSize(message, &field) > 0 : read.HasField(message, &field);
}

Value field_value(const Message& message, const FieldDescriptor& field, Arena& arena) {
  if (field.is_repeated()) {
    if (field.type() == FieldDescriptor::TYPE_STRING) return text_list(message, field, arena);
    if (field.is_map()) return make_map<FieldMap>(arena, &message, &field);
    return make_list<FieldList>(arena, &message, &field);
  }
  if (field.has_presence() && !message.GetReflection()->HasField(message, &field))
    return Value::no_such_key();
  return singular_value(message, field, arena);
}

Value message_value(const Message& message, Arena& arena) {
  const pb::Descriptor* type = message.GetDescriptor();
  if (type == pb::Struct::descriptor())
    return struct_value(static_cast<const pb::Struct&>(message), arena);
  if (type == pb::Timestamp::descriptor())
    return time_text(static_cast<const pb::Timestamp&>(message), arena);
  if (type == pb::Value::descriptor())
    return json_value(static_cast<const pb::Value&>(message), arena);
  if (type == pb::ListValue::descriptor())
    return make_list<JsonList>(arena, static_cast<const pb::ListValue*>(&message));
  return make_map<MessageMap>(arena, &message);
}

Value struct_value(const pb::Struct& object, Arena& arena) {
  return make_map<JsonMap>(arena, &object);
}

Value group_list(std::span<const resource::corev1::Group* const> groups, Arena& arena) {
  return make_list<GroupList>(arena, groups);
}

}  // namespace policy
