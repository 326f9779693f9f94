#include "api/fields.h"

namespace api {
namespace {

using google::protobuf::FieldDescriptor;

const FieldDescriptor* find(const Message& message, const char* name) {
  return message.GetDescriptor()->FindFieldByName(name);
}

}  // namespace

bool has_field(const Message& message, const char* name) {
  const auto* descriptor = find(message, name);
  return descriptor != nullptr && message.GetReflection()->HasField(message, descriptor);
}

Message& mutable_field(Message& message, const char* name) {
  return *message.GetReflection()->MutableMessage(&message, find(message, name));
}

const Message& field(const Message& message, const char* name) {
  return message.GetReflection()->GetMessage(message, find(message, name));
}

void clear_field(Message& message, const char* name) {
  if (const auto* descriptor = find(message, name))
    message.GetReflection()->ClearField(&message, descriptor);
}

void copy_field(const Message& from, Message& to, const char* name) {
  if (has_field(from, name))
    mutable_field(to, name).CopyFrom(field(from, name));
  else
    clear_field(to, name);
}

const metav1::ObjectReference* status_reference(const Message& resource, const std::string& name) {
  if (find(resource, "status") == nullptr) return nullptr;
  const Message& status = field(resource, "status");
  const auto* descriptor = find(status, name.c_str());
  if (descriptor == nullptr || descriptor->message_type() != metav1::ObjectReference::descriptor())
    return nullptr;
  return &static_cast<const metav1::ObjectReference&>(
      status.GetReflection()->GetMessage(status, descriptor));
}

std::unique_ptr<Message> copy_of(const Message& message) {
  std::unique_ptr<Message> copy(message.New());
  copy->CopyFrom(message);
  return copy;
}

metav1::ObjectReference reference_to(const Message& resource) {
  const auto& metadata = resource::metadata_of(resource);
  metav1::ObjectReference reference;
  reference.set_apiversion("core/v1");
  reference.set_kind(std::string(resource::kind_name(resource::kind_of(resource))));
  reference.set_uid(metadata.uid());
  reference.set_name(metadata.name());
  reference.set_resourceversion(metadata.resourceversion());
  return reference;
}

void copy_client_metadata(const metav1::Metadata& from, metav1::Metadata& to) {
  to.set_displayname(from.displayname());
  to.set_description(from.description());
  *to.mutable_labels() = from.labels();
  *to.mutable_annotations() = from.annotations();
  *to.mutable_tags() = from.tags();
  to.set_picurl(from.picurl());
}

std::unique_ptr<Message> shown(const Message& resource) {
  auto copy = copy_of(resource);
  clear_field(*copy, "data");
  for (const char* name : {"spec", "status"}) mutable_field(*copy, name);
  return copy;
}

}  // namespace api
