#include "resource/diff.h"

#include <fmt/format.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/timestamp.pb.h>
#include <google/protobuf/util/message_differencer.h>

#include <algorithm>
#include <map>

#include "resource/json_writer.h"
#include "resource/message_tree.h"
#include "resource/position.h"

namespace resource {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Reflection;
using google::protobuf::util::MessageDifferencer;

constexpr std::string_view kAuthoredMetadata[] = {
    "name", "displayName", "description", "labels", "annotations", "tags", "picURL"};

std::string json_of(const Node& node) {
  std::string out;
  append_json(out, node, JsonStyle::kCompact);
  return out;
}

bool is_secret(const Descriptor& type) {
  return type.full_name() == "octelium.api.main.core.v1.Secret.Data";
}

// Shown and compared as a whole.
bool is_leaf(const Descriptor& type) {
  return &type == google::protobuf::Timestamp::descriptor() ||
         &type == google::protobuf::Struct::descriptor() ||
         &type == google::protobuf::Value::descriptor() || is_secret(type);
}

class Differ {
 public:
  std::vector<Difference> take() { return std::move(out_); }

  void messages(const Message& before, const Message& after, const std::string& path) {
    const Descriptor& type = *before.GetDescriptor();
    for (int i = 0; i < type.field_count(); ++i) {
      const FieldDescriptor& field = *type.field(i);
      const std::string name(field.name());
      this->field(before, after, field, path.empty() ? name : path + "." + name);
    }
  }

 private:
  void add(std::string path, std::string before, std::string after) {
    if (before != after) out_.push_back({std::move(path), std::move(before), std::move(after)});
  }

  void field(const Message& before, const Message& after, const FieldDescriptor& field,
             const std::string& path) {
    if (field.is_map()) {
      map(before, after, field, path);
    } else if (field.is_repeated()) {
      list(before, after, field, path);
    } else {
      single(before, after, field, path);
    }
  }

  void single(const Message& before, const Message& after, const FieldDescriptor& field,
              const std::string& path) {
    const Reflection& r = *before.GetReflection();
    const bool had = r.HasField(before, &field), has = r.HasField(after, &field);
    if (!had && !has) return;
    if (field.message_type() == nullptr || (had && !has) || (!had && has)) {
      if (field.message_type() != nullptr && is_secret(*field.message_type())) {
        return add(path, had ? "(secret)" : "", has ? "(secret)" : "");
      }
      return add(path, had ? shown(before, field) : "", has ? shown(after, field) : "");
    }
    const Message& a = r.GetMessage(before, &field);
    const Message& b = r.GetMessage(after, &field);
    if (!is_leaf(*a.GetDescriptor())) return messages(a, b, path);
    if (MessageDifferencer::Equals(a, b)) return;
    if (is_secret(*a.GetDescriptor())) return add(path, "(secret)", "(another secret)");
    add(path, shown(before, field), shown(after, field));
  }

  void list(const Message& before, const Message& after, const FieldDescriptor& field,
            const std::string& path) {
    const Reflection& r = *before.GetReflection();
    const int had = r.FieldSize(before, &field), has = r.FieldSize(after, &field);
    for (int i = 0; i < std::max(had, has); ++i) {
      const std::string step = fmt::format("{}[{}]", path, i);
      if (i >= had || i >= has || field.message_type() == nullptr) {
        add(step, i < had ? shown(before, field, i) : "", i < has ? shown(after, field, i) : "");
      } else {
        messages(r.GetRepeatedMessage(before, &field, i), r.GetRepeatedMessage(after, &field, i),
                 step);
      }
    }
  }

  void map(const Message& before, const Message& after, const FieldDescriptor& field,
           const std::string& path) {
    Tree tree;
    std::map<std::string_view, std::pair<std::string, std::string>> values;
    for (const auto& entry : to_node(before, field, tree).entries) {
      values[entry.key].first = json_of(*entry.value);
    }
    for (const auto& entry : to_node(after, field, tree).entries) {
      values[entry.key].second = json_of(*entry.value);
    }
    for (auto& [key, pair] : values) {
      add(path + map_step(key), std::move(pair.first), std::move(pair.second));
    }
  }

  static std::string shown(const Message& message, const FieldDescriptor& field) {
    Tree tree;
    return json_of(to_node(message, field, tree));
  }
  static std::string shown(const Message& message, const FieldDescriptor& field, int index) {
    Tree tree;
    return json_of(to_node(message, field, index, tree));
  }

  std::vector<Difference> out_;
};

}  // namespace

std::vector<Difference> diff(const Message& before, const Message& after) {
  Differ differ;
  differ.messages(before, after, "");
  return differ.take();
}

std::unique_ptr<Message> intent_of(const Message& message) {
  std::unique_ptr<Message> out(message.New());
  const Descriptor& type = *message.GetDescriptor();
  const Reflection& r = *message.GetReflection();
  for (const char* name : {"spec", "data"}) {
    const FieldDescriptor* field = type.FindFieldByName(name);
    if (field == nullptr) continue;
    Message& copy = *r.MutableMessage(out.get(), field);
    if (r.HasField(message, field)) copy.CopyFrom(r.GetMessage(message, field));
  }
  metav1::Metadata& metadata = mutable_metadata_of(*out);
  metadata.CopyFrom(metadata_of(message));
  const Reflection& mr = *metadata.GetReflection();
  std::vector<const FieldDescriptor*> present;
  mr.ListFields(metadata, &present);
  for (const FieldDescriptor* field : present) {
    if (std::ranges::find(kAuthoredMetadata, std::string_view(field->name())) ==
        std::end(kAuthoredMetadata)) {
      mr.ClearField(&metadata, field);
    }
  }
  return out;
}

bool same_intent(const Message& before, const Message& after) {
  return MessageDifferencer::Equals(*intent_of(before), *intent_of(after));
}

}  // namespace resource
