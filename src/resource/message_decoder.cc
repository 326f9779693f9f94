#include "resource/message_decoder.h"

#include <fmt/format.h>
#include <google/protobuf/struct.pb.h>

#include <algorithm>
#include <map>

#include "base/encoding.h"
#include "base/suggest.h"
#include "resource/alias.h"

namespace resource {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::OneofDescriptor;
using google::protobuf::Reflection;
using Type = Node::Type;

constexpr int kMaxFieldsListed = 12;

std::string line_of(Position position) { return fmt::format("line {}", position.line); }

std::string shown_key(std::string_view key) {
  constexpr std::size_t kMaxShown = 64;
  std::string out;
  base::append_json_escaped(out, key.substr(0, kMaxShown));
  if (key.size() > kMaxShown) out += "...";
  return out;
}

bool is_named(const Descriptor& type, std::string_view name) { return type.full_name() == name; }

// A submessage of `type` that has the field `key`: where a misplaced field belongs.
const FieldDescriptor* home_of(const Descriptor& type, const std::string& key) {
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    if (field.message_type() != nullptr && !field.is_repeated() && field.name() != "status" &&
        field.message_type()->FindFieldByName(key) != nullptr) {
      return &field;
    }
  }
  return nullptr;
}

}  // namespace

void Problems::add(Position position, std::string path, std::string message) {
  if (++count_ > limit_) return;
  const auto place = std::ranges::upper_bound(shown_, position, {}, &Diagnostic::position);
  shown_.insert(place, {file_, position, std::move(path), std::move(message)});
}

std::vector<Diagnostic> Problems::take() {
  if (count_ > limit_) {
    shown_.push_back({file_, {}, "", fmt::format("{} more problems", count_ - limit_)});
  }
  return std::move(shown_);
}

class MessageDecoder::Step {
 public:
  Step(MessageDecoder& decoder, std::string_view step) : path_(decoder.path_), size_(path_.size()) {
    if (!path_.empty() && !step.starts_with('[')) path_ += '.';
    path_ += step;
  }
  Step(const Step&) = delete;
  Step& operator=(const Step&) = delete;
  ~Step() { path_.resize(size_); }

 private:
  std::string& path_;
  std::size_t size_;
};

// What one mapping has given so far.
struct MessageDecoder::Seen {
  std::map<std::string, Position, std::less<>> keys;
  std::map<const OneofDescriptor*, const Node::Entry*> oneofs;
};

void MessageDecoder::problem(Position position, std::string message) {
  problems_.add(position, path_, std::move(message));
}

void MessageDecoder::decode(const Node& node, Message& message) {
  const Quote outer = quote_;
  if (is_named(*message.GetDescriptor(), "octelium.api.main.core.v1.Secret.Data")) {
    quote_ = Quote::kNo;
  }
  if (node.type == Type::kMap) {
    Seen seen;
    const std::vector<Node::Entry> entries = written_out(node, message);
    for (const Node::Entry& one : entries) entry(one, message, seen);
  } else {
    problem(node.position, "expected a mapping, found " + describe(node, quote_));
  }
  quote_ = outer;
}

// The entries with aliases replaced by what they stand for. An alias for a field of a submessage
// joins the mapping of that submessage, which is made when the file has none.
std::vector<Node::Entry> MessageDecoder::written_out(const Node& node, const Message& message) {
  std::vector<Node::Entry> out;
  std::map<std::string_view, Node*> inner;  // submessage -> its mapping, extended
  for (const Node::Entry& entry : node.entries) {
    const Alias* alias = find_alias(*message.GetDescriptor(), entry.key);
    if (alias == nullptr) {
      out.push_back(entry);
    } else if (alias->inside.empty()) {
      out.push_back({std::string(alias->field), entry.position, entry.value});
    } else {
      Node*& mapping = inner[alias->inside];
      if (mapping == nullptr) {
        mapping = &rewritten_.emplace_back();
        mapping->type = Type::kMap;
        mapping->position = entry.position;
      }
      mapping->entries.push_back({std::string(alias->field), entry.position, entry.value});
    }
  }
  for (const auto& [name, mapping] : inner) {
    const auto given = std::ranges::find_if(out, [inside = name](const Node::Entry& entry) {
      return entry.key == inside && entry.value->type == Type::kMap;
    });
    if (given == out.end()) {
      out.push_back({std::string(name), mapping->position, mapping});
    } else {
      const auto& own = given->value->entries;
      mapping->entries.insert(mapping->entries.begin(), own.begin(), own.end());
      mapping->position = given->value->position;
      given->value = mapping;
    }
  }
  return out;
}

void MessageDecoder::entry(const Node::Entry& entry, Message& message, Seen& seen) {
  const FieldDescriptor* field = message.GetDescriptor()->FindFieldByName(entry.key);
  if (field == nullptr) {
    unknown(entry, message);
    return;
  }
  const Step step(*this, entry.key);
  if (const auto [first, is_new] = seen.keys.emplace(entry.key, entry.position); !is_new) {
    problem(entry.position, "given twice; the first is at " + line_of(first->second));
    return;
  }
  const bool is_value =
      field->message_type() != nullptr && is_named(*field->message_type(), "google.protobuf.Value");
  if (entry.value->type == Type::kNull && !is_value) return;
  if (const OneofDescriptor* oneof = field->containing_oneof()) {
    if (const auto [first, is_new] = seen.oneofs.emplace(oneof, &entry); !is_new) {
      problem(entry.position,
              fmt::format("\"{}\" and \"{}\" (at {}) exclude each other; give one of them",
                          entry.key, first->second->key, line_of(first->second->position)));
      return;
    }
  }
  positions_.add(path_, entry.value->is_collection() ? entry.position : entry.value->position);
  this->field(entry, message, *field);
}

void MessageDecoder::unknown(const Node::Entry& entry, const Message& message) {
  const Descriptor& type = *message.GetDescriptor();
  std::vector<std::string_view> names;
  for (int i = 0; i < type.field_count(); ++i) names.emplace_back(type.field(i)->name());
  std::string text = "unknown field";
  if (const FieldDescriptor* home = home_of(type, entry.key)) {
    text += fmt::format("; did you mean \"{}.{}\"?", home->name(), entry.key);
  } else if (const std::string_view near = base::nearest(entry.key, names); !near.empty()) {
    text += fmt::format("; did you mean \"{}\"?", near);
  } else if (!names.empty() && names.size() <= kMaxFieldsListed) {
    text += fmt::format("; one of {}", fmt::join(names, ", "));
  }
  const Step step(*this, shown_key(entry.key));
  problem(entry.position, std::move(text));
}

void MessageDecoder::field(const Node::Entry& entry, Message& message, const Field& field) {
  const Node& node = *entry.value;
  if (field.is_map()) {
    map_field(node, message, field);
  } else if (!field.is_repeated()) {
    value(node, message, field);
  } else if (node.type != Type::kSequence) {
    problem(node.position, "expected a list, found " + describe(node, quote_));
  } else {
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      const Step step(*this, fmt::format("[{}]", i));
      positions_.add(path_, node.items[i]->position);
      value(*node.items[i], message, field);
    }
  }
}

void MessageDecoder::map_field(const Node& node, Message& message, const Field& field) {
  if (node.type != Type::kMap) {
    problem(node.position, "expected a mapping, found " + describe(node, quote_));
    return;
  }
  const Reflection& reflection = *message.GetReflection();
  const Descriptor& pair = *field.message_type();
  std::map<std::string_view, Position> seen;
  for (const Node::Entry& entry : node.entries) {
    const Step step(*this, map_step(entry.key));
    if (const auto [first, is_new] = seen.emplace(entry.key, entry.position); !is_new) {
      problem(entry.position, "given twice; the first is at " + line_of(first->second));
      continue;
    }
    positions_.add(path_, entry.value->is_collection() ? entry.position : entry.value->position);
    Message& added = *reflection.AddMessage(&message, &field);
    Node key;
    key.type = Type::kString;
    key.position = entry.position;
    key.text = entry.key;
    value(key, added, *pair.map_key());
    value(*entry.value, added, *pair.map_value());
  }
}

void MessageDecoder::value(const Node& node, Message& message, const Field& field) {
  const Reflection& reflection = *message.GetReflection();
  const bool repeated = field.is_repeated();
  const auto store = [&](auto scalar, auto set, auto add) {
    if (!scalar) {
      problem(node.position, std::move(scalar).error());
    } else if (repeated) {
      (reflection.*add)(&message, &field, std::move(*scalar));
    } else {
      (reflection.*set)(&message, &field, std::move(*scalar));
    }
  };
  switch (field.cpp_type()) {
    case Field::CPPTYPE_INT32:
      return store(read_integer<std::int32_t>(node, quote_), &Reflection::SetInt32,
                   &Reflection::AddInt32);
    case Field::CPPTYPE_INT64:
      return store(read_integer<std::int64_t>(node, quote_), &Reflection::SetInt64,
                   &Reflection::AddInt64);
    case Field::CPPTYPE_UINT32:
      return store(read_integer<std::uint32_t>(node, quote_), &Reflection::SetUInt32,
                   &Reflection::AddUInt32);
    case Field::CPPTYPE_UINT64:
      return store(read_integer<std::uint64_t>(node, quote_), &Reflection::SetUInt64,
                   &Reflection::AddUInt64);
    case Field::CPPTYPE_DOUBLE:
      return store(read_double(node, quote_), &Reflection::SetDouble, &Reflection::AddDouble);
    case Field::CPPTYPE_FLOAT:
      return store(read_float(node, quote_), &Reflection::SetFloat, &Reflection::AddFloat);
    case Field::CPPTYPE_BOOL:
      return store(read_bool(node, quote_), &Reflection::SetBool, &Reflection::AddBool);
    case Field::CPPTYPE_ENUM:
      return store(read_enum(node, *field.enum_type()), &Reflection::SetEnumValue,
                   &Reflection::AddEnumValue);
    case Field::CPPTYPE_STRING:
      return store(
          field.type() == Field::TYPE_BYTES ? read_bytes(node, quote_) : read_string(node, quote_),
          &Reflection::SetString, &Reflection::AddString);
    case Field::CPPTYPE_MESSAGE:
      return submessage(node, repeated ? *reflection.AddMessage(&message, &field)
                                       : *reflection.MutableMessage(&message, &field));
  }
}

void MessageDecoder::submessage(const Node& node, Message& message) {
  const Descriptor& type = *message.GetDescriptor();
  if (is_named(type, "google.protobuf.Timestamp")) {
    const auto time = read_timestamp(node, quote_);
    if (!time) return problem(node.position, time.error());
    message.CopyFrom(*time);
  } else if (is_named(type, "google.protobuf.Struct")) {
    if (node.type != Type::kMap) {
      return problem(node.position, "expected a mapping, found " + describe(node, quote_));
    }
    google::protobuf::Value wrapped;
    struct_value(node, wrapped);
    message.CopyFrom(wrapped.struct_value());
  } else if (is_named(type, "google.protobuf.Value")) {
    struct_value(node, message);
  } else {
    decode(node, message);
  }
}

// Free-form JSON: positions are kept for the whole only, problems still name their place.
void MessageDecoder::struct_value(const Node& node, Message& message) {
  auto& value = dynamic_cast<google::protobuf::Value&>(message);
  switch (node.type) {
    case Type::kNull:
      value.set_null_value(google::protobuf::NULL_VALUE);
      return;
    case Type::kBool:
      value.set_bool_value(*read_bool(node, quote_));
      return;
    case Type::kString:
      value.set_string_value(node.text);
      return;
    case Type::kNumber: {
      const auto number = read_double(node, quote_);
      if (!number || !(*number - *number == 0)) {
        return problem(node.position, "expected a finite number, found " + describe(node, quote_));
      }
      value.set_number_value(*number);
      return;
    }
    case Type::kSequence: {
      auto& list = *value.mutable_list_value();
      for (const Node* item : node.items) struct_value(*item, *list.add_values());
      return;
    }
    case Type::kMap: {
      auto& fields = *value.mutable_struct_value()->mutable_fields();
      std::map<std::string_view, Position> seen;
      for (const Node::Entry& entry : node.entries) {
        if (const auto [first, is_new] = seen.emplace(entry.key, entry.position); !is_new) {
          const Step step(*this, map_step(entry.key));
          problem(entry.position, "given twice; the first is at " + line_of(first->second));
          continue;
        }
        struct_value(*entry.value, fields[entry.key]);
      }
      return;
    }
  }
}

}  // namespace resource
