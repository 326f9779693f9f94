#include "resource/message_tree.h"

#include <google/protobuf/struct.pb.h>
#include <google/protobuf/timestamp.pb.h>
#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/encoding.h"

namespace resource {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Reflection;
using google::protobuf::util::TimeUtil;
using Type = Node::Type;

const Node& make(Tree& tree, Type type, std::string text = {}) {
  Node& node = tree.make(type, {});
  node.text = std::move(text);
  return node;
}

// Shortest text that reads back to the same number; JSON has no infinities.
template <typename T>
const Node& floating(T value, Tree& tree) {
  if (std::isnan(value)) return make(tree, Type::kString, "NaN");
  if (std::isinf(value)) return make(tree, Type::kString, value > 0 ? "Infinity" : "-Infinity");
  char buffer[64];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
  return make(tree, Type::kNumber, std::string(buffer, end));
}

template <typename T>
const Node& integer(T value, Tree& tree) {
  return make(tree, sizeof(T) == 8 ? Type::kString : Type::kNumber, std::to_string(value));
}

const Node& boolean(bool value, Tree& tree) {
  return make(tree, Type::kBool, value ? "true" : "false");
}

const Node& of_struct(const google::protobuf::Struct& value, Tree& tree);

const Node& of_value(const google::protobuf::Value& value, Tree& tree) {
  switch (value.kind_case()) {
    case google::protobuf::Value::kBoolValue:
      return boolean(value.bool_value(), tree);
    case google::protobuf::Value::kNumberValue:
      return floating(value.number_value(), tree);
    case google::protobuf::Value::kStringValue:
      return make(tree, Type::kString, value.string_value());
    case google::protobuf::Value::kStructValue:
      return of_struct(value.struct_value(), tree);
    case google::protobuf::Value::kListValue: {
      Node& list = tree.make(Type::kSequence, {});
      for (const auto& item : value.list_value().values()) {
        list.items.push_back(&of_value(item, tree));
      }
      return list;
    }
    default:
      return make(tree, Type::kNull);
  }
}

const Node& of_struct(const google::protobuf::Struct& value, Tree& tree) {
  Node& map = tree.make(Type::kMap, {});
  for (const auto& [key, item] : value.fields()) {
    map.entries.push_back({key, {}, &of_value(item, tree)});
  }
  std::ranges::sort(map.entries, {}, &Node::Entry::key);
  return map;
}

const Node& of_timestamp(const google::protobuf::Timestamp& time, Tree& tree) {
  const bool valid = time.seconds() >= TimeUtil::kTimestampMinSeconds &&
                     time.seconds() <= TimeUtil::kTimestampMaxSeconds && time.nanos() >= 0 &&
                     time.nanos() < 1'000'000'000;
  return valid ? make(tree, Type::kString, TimeUtil::ToString(time)) : make(tree, Type::kNull);
}

// `index` below 0 means a field that is not repeated.
const Node& of_field(const Message& m, const FieldDescriptor& f, int index, Tree& tree) {
  const Reflection& r = *m.GetReflection();
  const bool one = index < 0;
  switch (f.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return integer(one ? r.GetInt32(m, &f) : r.GetRepeatedInt32(m, &f, index), tree);
    case FieldDescriptor::CPPTYPE_INT64:
      return integer(one ? r.GetInt64(m, &f) : r.GetRepeatedInt64(m, &f, index), tree);
    case FieldDescriptor::CPPTYPE_UINT32:
      return integer(one ? r.GetUInt32(m, &f) : r.GetRepeatedUInt32(m, &f, index), tree);
    case FieldDescriptor::CPPTYPE_UINT64:
      return integer(one ? r.GetUInt64(m, &f) : r.GetRepeatedUInt64(m, &f, index), tree);
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return floating(one ? r.GetDouble(m, &f) : r.GetRepeatedDouble(m, &f, index), tree);
    case FieldDescriptor::CPPTYPE_FLOAT:
      return floating(one ? r.GetFloat(m, &f) : r.GetRepeatedFloat(m, &f, index), tree);
    case FieldDescriptor::CPPTYPE_BOOL:
      return boolean(one ? r.GetBool(m, &f) : r.GetRepeatedBool(m, &f, index), tree);
    case FieldDescriptor::CPPTYPE_ENUM: {
      const int number = one ? r.GetEnumValue(m, &f) : r.GetRepeatedEnumValue(m, &f, index);
      const auto* value = f.enum_type()->FindValueByNumber(number);
      if (value == nullptr) return integer(number, tree);
      return make(tree, Type::kString, std::string(value->name()));
    }
    case FieldDescriptor::CPPTYPE_STRING: {
      std::string scratch;
      const std::string& text = one ? r.GetStringReference(m, &f, &scratch)
                                    : r.GetRepeatedStringReference(m, &f, index, &scratch);
      const bool bytes = f.type() == FieldDescriptor::TYPE_BYTES;
      return make(tree, Type::kString, bytes ? base::base64_encode(text) : text);
    }
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return to_node(one ? r.GetMessage(m, &f) : r.GetRepeatedMessage(m, &f, index), tree);
  }
  return make(tree, Type::kNull);
}

const Node& of_map(const Message& message, const FieldDescriptor& field, Tree& tree) {
  const Reflection& reflection = *message.GetReflection();
  const FieldDescriptor& key = *field.message_type()->map_key();
  const FieldDescriptor& value = *field.message_type()->map_value();
  Node& map = tree.make(Type::kMap, {});
  for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
    const Message& pair = reflection.GetRepeatedMessage(message, &field, i);
    map.entries.push_back(
        {of_field(pair, key, -1, tree).text, {}, &of_field(pair, value, -1, tree)});
  }
  std::ranges::sort(map.entries, {}, &Node::Entry::key);
  return map;
}

}  // namespace

const Node& to_node(const Message& message, Tree& tree) {
  if (const auto* time = dynamic_cast<const google::protobuf::Timestamp*>(&message)) {
    return of_timestamp(*time, tree);
  }
  if (const auto* fields = dynamic_cast<const google::protobuf::Struct*>(&message)) {
    return of_struct(*fields, tree);
  }
  if (const auto* value = dynamic_cast<const google::protobuf::Value*>(&message)) {
    return of_value(*value, tree);
  }
  std::vector<const FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  Node& map = tree.make(Type::kMap, {});
  for (const FieldDescriptor* field : fields) {
    map.entries.push_back({std::string(field->name()), {}, &to_node(message, *field, tree)});
  }
  return map;
}

const Node& to_node(const Message& message, const FieldDescriptor& field, Tree& tree) {
  if (field.is_map()) return of_map(message, field, tree);
  if (!field.is_repeated()) return of_field(message, field, -1, tree);
  Node& list = tree.make(Type::kSequence, {});
  for (int i = 0; i < message.GetReflection()->FieldSize(message, &field); ++i) {
    list.items.push_back(&of_field(message, field, i, tree));
  }
  return list;
}

const Node& to_node(const Message& message, const FieldDescriptor& field, int index, Tree& tree) {
  return of_field(message, field, index, tree);
}

}  // namespace resource
