#include "policy/context_schema.h"

#include <set>

#include "policy/testkit_test.h"

namespace policy {
namespace {

using google::protobuf::Descriptor;

void visit(const Descriptor& message, std::set<const Descriptor*>& seen) {
  if (!seen.insert(&message).second) return;
  for (int i = 0; i < message.field_count(); ++i)
    if (const Descriptor* type = message.field(i)->message_type()) visit(*type, seen);
}

// Expressions use JSON names, and fields are looked up by their own.
TEST(ContextSchemaTest, FieldsAreSpelledAsInJson) {
  std::set<const Descriptor*> seen;
  visit(*corev1::RequestContext::descriptor(), seen);
  for (const Descriptor* message : seen) {
    if (!message->full_name().starts_with("octelium.")) continue;
    for (int i = 0; i < message->field_count(); ++i)
      EXPECT_EQ(message->field(i)->name(), message->field(i)->json_name()) << message->full_name();
  }
}

// Every member that the schema promises has a slot of its own; none falls through to "absent" but
// those of modes that are not served.
TEST(ContextSchemaTest, ServedMembersHaveSlots) {
  const auto& schema = ContextSchema::get(ContextSchema::Attrs::kBound);
  const auto attr_at = [&](std::initializer_list<std::string_view> path) {
    auto attribute = *schema.root("ctx");
    for (const std::string_view name : path) attribute = *schema.member(attribute, name);
    return static_cast<Attr>(attribute.slot.id & ~kUnderGrpc);
  };
  for (const std::string_view name :
       {"request", "session", "user", "groups", "device", "service", "namespace"})
    EXPECT_NE(attr_at({name}), Attr::kAbsent) << name;
  const Descriptor& http = *corev1::RequestContext::Request::HTTP::descriptor();
  for (int i = 0; i < http.field_count(); ++i) {
    EXPECT_NE(attr_at({"request", "http", http.field(i)->name()}), Attr::kAbsent);
    EXPECT_NE(attr_at({"request", "grpc", "http", http.field(i)->name()}), Attr::kAbsent);
  }
  const Descriptor& grpc = *corev1::RequestContext::Request::GRPC::descriptor();
  for (int i = 0; i < grpc.field_count(); ++i)
    EXPECT_NE(attr_at({"request", "grpc", grpc.field(i)->name()}), Attr::kAbsent);
  EXPECT_EQ(attr_at({"request", "mcp"}), Attr::kAbsent);
  EXPECT_EQ(attr_at({"request", "mcp", "http", "path"}), Attr::kBelowAbsent);
  EXPECT_EQ(attr_at({"request", "mcp", "http", "headers", "x"}), Attr::kBelowAbsent);
}

}  // namespace
}  // namespace policy
