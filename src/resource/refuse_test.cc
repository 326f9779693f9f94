#include "resource/refuse.h"

#include <gtest/gtest.h>

#include <functional>
#include <set>

#include "resource/document.h"
#include "resource/refuse_table.h"

namespace resource {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;

std::vector<std::string> words(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const auto space = text.find(' ');
    out.emplace_back(text.substr(0, space));
    text = space == std::string_view::npos ? std::string_view{} : text.substr(space + 1);
  }
  return out;
}

std::string short_name(const std::string& full) {
  return full.substr(corev1::Service::descriptor()->file()->package().size() + 1);
}

struct Rows {
  std::set<std::string> acted_on;
  std::set<std::string> refused;
};

Rows rows_of(std::span<const ActedOn> acted_on, std::span<const Refused> refused) {
  Rows rows;
  for (const ActedOn& row : acted_on) {
    for (const std::string& field : words(row.fields)) {
      EXPECT_TRUE(rows.acted_on.insert(std::string(row.message) + "." + field).second)
          << row.message << "." << field << " is there twice";
    }
  }
  for (const Refused& row : refused) {
    EXPECT_TRUE(rows.refused.insert(std::string(row.field)).second) << row.field;
    EXPECT_FALSE(rows.acted_on.contains(std::string(row.field))) << row.field;
    EXPECT_FALSE(row.sentence.empty()) << row.field;
  }
  return rows;
}

// Everything that can be written in a resource of the schema, as far as what is refused lets one
// get.
class Reachable {
 public:
  explicit Reachable(const Rows& fields) : fields_(fields) {
    for (const Kind kind : kAllKinds) {
      const auto kinds = refused_kinds();
      if (std::ranges::find(kinds, kind_name(kind), &Refused::field) != kinds.end()) continue;
      const auto message = make_message(kind);
      for (const char* part : {"spec", "data"}) {
        const auto* field = message->GetDescriptor()->FindFieldByName(part);
        if (field != nullptr) visit(*field->message_type());
      }
    }
  }

  std::set<std::string> fields;
  std::set<const EnumDescriptor*> enums;

 private:
  void visit(const Descriptor& type) {
    if (type.file() != corev1::Service::descriptor()->file() || !seen_.insert(&type).second) return;
    for (int i = 0; i < type.field_count(); ++i) {
      const FieldDescriptor& field = *type.field(i);
      const std::string name = short_name(field.full_name());
      fields.insert(name);
      if (fields_.refused.contains(name)) continue;
      if (field.enum_type() != nullptr) enums.insert(field.enum_type());
      if (field.message_type() != nullptr && !field.is_map()) visit(*field.message_type());
    }
  }

  const Rows& fields_;
  std::set<const Descriptor*> seen_;
};

TEST(Refuse, KnowsEveryFieldOfTheSchemaAndNoOther) {
  const Rows rows = rows_of(acted_on_fields(), refused_fields());
  const Reachable reachable(rows);
  for (const std::string& field : reachable.fields)
    EXPECT_TRUE(rows.acted_on.contains(field) || rows.refused.contains(field))
        << field << " is neither acted on nor refused";
  for (const auto* list : {&rows.acted_on, &rows.refused}) {
    for (const std::string& field : *list)
      EXPECT_TRUE(reachable.fields.contains(field)) << field << " is not in the schema";
  }
}

TEST(Refuse, KnowsEveryValueOfEveryEnumAndNoOther) {
  const Reachable reachable(rows_of(acted_on_fields(), refused_fields()));
  const Rows rows = rows_of(acted_on_values(), refused_values());
  std::set<std::string> values;
  for (const EnumDescriptor* type : reachable.enums) {
    for (int i = 0; i < type->value_count(); ++i) {
      if (type->value(i)->number() == 0) continue;
      const std::string name = short_name(type->full_name()) + "." + type->value(i)->name();
      values.insert(name);
      EXPECT_TRUE(rows.acted_on.contains(name) || rows.refused.contains(name))
          << name << " is neither acted on nor refused";
    }
  }
  for (const auto* list : {&rows.acted_on, &rows.refused}) {
    for (const std::string& value : *list)
      EXPECT_TRUE(values.contains(value)) << value << " is not in the schema";
  }
}

// Sets one field of a message to something that is not its default.
void set_something(Message& message, const FieldDescriptor& field) {
  const auto& reflection = *message.GetReflection();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_MESSAGE:
      if (field.is_repeated()) {
        reflection.AddMessage(&message, &field);
      } else {
        reflection.MutableMessage(&message, &field);
      }
      return;
    case FieldDescriptor::CPPTYPE_STRING:
      if (field.is_repeated()) return reflection.AddString(&message, &field, "x");
      return reflection.SetString(&message, &field, "x");
    case FieldDescriptor::CPPTYPE_BOOL:
      return reflection.SetBool(&message, &field, true);
    default:
      FAIL() << field.full_name() << " is of a type that this test does not set";
  }
}

// Every refused field, set alone in the smallest resource that can hold it, is reported with its
// path and sentence, and nothing else is.
TEST(Refuse, NamesEveryRefusedFieldThatIsSet) {
  using Descend = std::function<void(Message & root, Message & at, std::string path)>;
  std::set<std::string> named;
  std::set<const Descriptor*> inside;
  const Descend descend = [&](Message& root, Message& at, const std::string& path) {
    if (!inside.insert(at.GetDescriptor()).second) return;
    const Descriptor& type = *at.GetDescriptor();
    for (int i = 0; i < type.field_count(); ++i) {
      const FieldDescriptor& field = *type.field(i);
      const auto refused = refused_fields();
      const auto row = std::ranges::find(refused, short_name(field.full_name()), &Refused::field);
      const std::string field_path = path + "." + field.name();
      if (row != refused.end()) {
        set_something(at, field);
        const auto problems = refuse(root);
        ASSERT_EQ(problems.size(), 1u) << field.full_name();
        EXPECT_EQ(problems[0].path, field_path);
        EXPECT_EQ(problems[0].message, row->sentence);
        EXPECT_EQ(problems[0].code, base::Code::kInvalidArgument);
        named.insert(std::string(row->field));
        at.GetReflection()->ClearField(&at, &field);
      } else if (field.message_type() != nullptr && !field.is_map() &&
                 field.message_type()->file() == type.file()) {
        Message& child = field.is_repeated() ? *at.GetReflection()->AddMessage(&at, &field)
                                             : *at.GetReflection()->MutableMessage(&at, &field);
        descend(root, child, field.is_repeated() ? field_path + "[0]" : field_path);
        at.GetReflection()->ClearField(&at, &field);
      }
    }
    inside.erase(at.GetDescriptor());
  };
  for (const Kind kind : {Kind::kService, Kind::kUser, Kind::kClusterConfig, Kind::kPolicy}) {
    const auto message = make_message(kind);
    const auto* spec = message->GetDescriptor()->FindFieldByName("spec");
    descend(*message, *message->GetReflection()->MutableMessage(message.get(), spec), "spec");
  }
  EXPECT_EQ(named.size(), refused_fields().size());
}

TEST(Refuse, NamesRefusedModes) {
  for (const Refused& row : refused_values()) {
    corev1::Service service;
    const auto* value = corev1::Service::Spec::Mode_descriptor()->FindValueByName(
        std::string(row.field.substr(row.field.rfind('.') + 1)));
    ASSERT_NE(value, nullptr) << row.field;
    service.mutable_spec()->set_mode(static_cast<corev1::Service::Spec::Mode>(value->number()));
    const auto problems = refuse(service);
    ASSERT_EQ(problems.size(), 1u);
    EXPECT_EQ(to_string(problems[0]), "spec.mode: the mode " + value->name() +
                                          " is not supported by this gateway yet; HTTP, WEB and "
                                          "GRPC are");
  }
}

TEST(Refuse, RefusesKindsAsAWhole) {
  const auto problems = refuse(corev1::IdentityProvider());
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems[0], (Problem{base::Code::kUnimplemented, "",
                                  "IdentityProviders are not supported by this gateway yet"}));
}

TEST(Refuse, LooksIntoListsAndNestedConditions) {
  const auto documents = decode_all(R"(
kind: Service
metadata: {name: api}
spec:
  authorization:
    inlinePolicies:
      - spec:
          rules: [{condition: {any: {of: [{matchAny: true}, {match: x}]}}}]
  dynamicConfig:
    configs:
      - {name: one}
      - {name: two, http: {header: {addRequestHeaders: [{key: a, value: b}, {key: c, eval: d}]}}}
)");
  ASSERT_TRUE(documents);
  const auto problems = refuse(*documents->front().message);
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems[0].path,
            "spec.dynamicConfig.configs[1].http.header.addRequestHeaders[1].eval");
}

}  // namespace
}  // namespace resource
