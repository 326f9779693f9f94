#include "resource/kind.h"

#include <cstdlib>
#include <string>

namespace resource {
namespace {

const google::protobuf::FieldDescriptor* metadata_field(const Message& message) {
  return message.GetDescriptor()->FindFieldByName("metadata");
}

}  // namespace

std::string_view kind_name(Kind kind) {
  switch (kind) {
    case Kind::kNamespace:
      return "Namespace";
    case Kind::kService:
      return "Service";
    case Kind::kUser:
      return "User";
    case Kind::kGroup:
      return "Group";
    case Kind::kPolicy:
      return "Policy";
    case Kind::kCredential:
      return "Credential";
    case Kind::kSecret:
      return "Secret";
    case Kind::kConfig:
      return "Config";
    case Kind::kIdentityProvider:
      return "IdentityProvider";
    case Kind::kSession:
      return "Session";
    case Kind::kDevice:
      return "Device";
    case Kind::kAuthenticator:
      return "Authenticator";
    case Kind::kRegion:
      return "Region";
    case Kind::kGateway:
      return "Gateway";
    case Kind::kClusterConfig:
      return "ClusterConfig";
    case Kind::kPolicyTrigger:
      return "PolicyTrigger";
  }
  return "";
}

std::optional<Kind> parse_kind(std::string_view name) {
  for (const Kind kind : kAllKinds)
    if (kind_name(kind) == name) return kind;
  return std::nullopt;
}

std::unique_ptr<Message> make_message(Kind kind) {
  const auto* file = corev1::Service::descriptor()->file();
  const auto* type = file->FindMessageTypeByName(std::string(kind_name(kind)));
  if (type == nullptr) std::abort();  // a Kind without a message is a programming error
  return std::unique_ptr<Message>(
      google::protobuf::MessageFactory::generated_factory()->GetPrototype(type)->New());
}

Kind kind_of(const Message& message) {
  const auto kind = parse_kind(message.GetDescriptor()->name());
  if (!kind) std::abort();
  return *kind;
}

const metav1::Metadata& metadata_of(const Message& message) {
  return static_cast<const metav1::Metadata&>(
      message.GetReflection()->GetMessage(message, metadata_field(message)));
}

metav1::Metadata& mutable_metadata_of(Message& message) {
  return static_cast<metav1::Metadata&>(
      *message.GetReflection()->MutableMessage(&message, metadata_field(message)));
}

}  // namespace resource
