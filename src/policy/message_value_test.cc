// What `ctx` shows of resources is protobuf's JSON of them, for expressions and for Rego: each
// field of each message that can be reached, against the mapping of the protobuf library.
#include "policy/message_value.h"

#include <google/protobuf/util/json_util.h>

#include "policy/check.h"
#include "policy/testkit_test.h"

namespace policy {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

constexpr int kMaxDepth = 8;

// Gives every field a value of its own that is not zero, of a oneof only the first member.
class Filler {
 public:
  void fill(Message& message, int depth = 0) {
    const Descriptor& type = *message.GetDescriptor();
    if (type.full_name() == "google.protobuf.Struct") return fill_struct(message);
    for (int i = 0; i < type.field_count(); ++i) {
      const FieldDescriptor& field = *type.field(i);
      const auto* oneof = field.real_containing_oneof();
      if (oneof != nullptr && oneof->field(0) != &field) continue;
      if (type.full_name() == "google.protobuf.Timestamp")
        fill_time(message, field);
      else if (field.is_repeated())
        for (int n = 0; n < 2; ++n) add(message, field, depth);
      else
        set(message, field, depth);
    }
  }

 private:
  void fill_struct(Message& message) {
    message.MergeFrom(from_yaml<corev1::Policy::Spec>(
                          "attrs: {a: [null, true, x, {c: 1.5}], e: [], o: {}, n: null}")
                          .attrs());
  }

  void fill_time(Message& message, const FieldDescriptor& field) {
    constexpr int kNanos[] = {0, 120'000'000, 123'456'000, 123'456'789};
    const Reflection& access = *message.GetReflection();
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_INT64)
      access.SetInt64(&message, &field, 1'700'000'000 + ++counter_);
    else
      access.SetInt32(&message, &field, kNanos[++counter_ % 4]);
  }

  std::string next_text(const FieldDescriptor& field) {
    const bool is_bytes = field.type() == FieldDescriptor::TYPE_BYTES;
    return (is_bytes ? std::string("\xff\0", 2) : "é\"<") + std::to_string(++counter_);
  }

  void set(Message& message, const FieldDescriptor& field, int depth) {
    const Reflection& access = *message.GetReflection();
    const int n = ++counter_;
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_BOOL:
        return access.SetBool(&message, &field, true);
      case FieldDescriptor::CPPTYPE_INT32:
        return access.SetInt32(&message, &field, -n);
      case FieldDescriptor::CPPTYPE_UINT32:
        return access.SetUInt32(&message, &field, 4'294'967'295U - static_cast<unsigned>(n));
      case FieldDescriptor::CPPTYPE_INT64:
        return access.SetInt64(&message, &field, -9'007'199'254'740'993 - n);
      case FieldDescriptor::CPPTYPE_UINT64:
        return access.SetUInt64(&message, &field, ~std::uint64_t{0} - static_cast<unsigned>(n));
      case FieldDescriptor::CPPTYPE_FLOAT:
        return access.SetFloat(&message, &field, static_cast<float>(n) + 0.25F);
      case FieldDescriptor::CPPTYPE_DOUBLE:
        return access.SetDouble(&message, &field, n + 0.5);
      case FieldDescriptor::CPPTYPE_ENUM:
        return access.SetEnum(&message, &field,
                              field.enum_type()->value(field.enum_type()->value_count() - 1));
      case FieldDescriptor::CPPTYPE_STRING:
        return access.SetString(&message, &field, next_text(field));
      case FieldDescriptor::CPPTYPE_MESSAGE:
        if (depth < kMaxDepth) fill(*access.MutableMessage(&message, &field), depth + 1);
        return;
    }
  }

  void add(Message& message, const FieldDescriptor& field, int depth) {
    const Reflection& access = *message.GetReflection();
    if (field.message_type() != nullptr) {
      if (depth < kMaxDepth) fill(*access.AddMessage(&message, &field), depth + 1);
    } else if (field.cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
      access.AddString(&message, &field, next_text(field));
    } else if (field.cpp_type() == FieldDescriptor::CPPTYPE_INT32) {
      access.AddInt32(&message, &field, ++counter_);
    } else {
      ADD_FAILURE() << field.full_name();
    }
  }

  int counter_ = 0;
};

// The paths to a message's fields, as deep as they go without lists and maps, with their JSON.
void add_paths(const Message& message, const std::string& path,
               std::vector<std::pair<std::string, std::string>>& out) {
  std::string json;
  ASSERT_TRUE(google::protobuf::util::MessageToJsonString(message, &json).ok());
  out.emplace_back(path, json);
  if (message.GetDescriptor()->full_name().starts_with("google.protobuf.")) return;
  std::vector<const FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (field->is_repeated() || field->message_type() == nullptr) continue;
    add_paths(message.GetReflection()->GetMessage(message, field),
              path + "." + std::string(field->json_name()), out);
  }
}

std::string in_quotes(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

TEST(MessageValueTest, EachFieldOfCtxIsProtobufsJson) {
  World world;
  Filler filler;
  world.device.emplace();
  for (Message* message : std::initializer_list<Message*>{
           &world.user, &world.session, &*world.device, &world.service, &world.name_space})
    filler.fill(*message);
  world.service.mutable_spec()->clear_dynamicconfig();
  std::vector<std::pair<std::string, std::string>> paths;
  add_paths(world.user, "ctx.user", paths);
  add_paths(world.session, "ctx.session", paths);
  add_paths(*world.device, "ctx.device", paths);
  add_paths(world.service, "ctx.service", paths);
  add_paths(world.name_space, "ctx.namespace", paths);
  EXPECT_GT(paths.size(), 60U);
  RequestContext context = world.context();
  const auto matches = [&](const corev1::Condition& condition) {
    return Condition::compile(condition, ContextSchema::Attrs::kUnbound).evaluate(context) ==
           Condition::Outcome::kMatch;
  };
  for (const auto& [path, json] : paths) {
    const bool is_object = json.starts_with('{');
    corev1::Condition condition;
    condition.set_match(path + " == " + (is_object ? "json.parse(" + in_quotes(json) + ")" : json));
    if (condition.match().size() <= 10'000) EXPECT_TRUE(matches(condition)) << condition.match();
    condition.mutable_opa()->set_inline_(
        "package octelium.condition\nmatch if { input." + path +
        " == " + (is_object ? "json.unmarshal(" + in_quotes(json) + ")" : json) + " }");
    EXPECT_TRUE(matches(condition)) << condition.opa().inline_();
  }
}

}  // namespace
}  // namespace policy
