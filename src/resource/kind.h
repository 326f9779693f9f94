#pragma once

#include <google/protobuf/message.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "corev1.pb.h"

namespace resource {

namespace corev1 = octelium::api::main::core::v1;
namespace metav1 = octelium::api::main::meta::v1;
using google::protobuf::Message;

// Every kind that is stored. The numbers are part of the database: append, never reorder.
enum class Kind : std::uint8_t {
  kNamespace = 1,
  kService = 2,
  kUser = 3,
  kGroup = 4,
  kPolicy = 5,
  kCredential = 6,
  kSecret = 7,
  kConfig = 8,
  kIdentityProvider = 9,
  kSession = 10,
  kDevice = 11,
  kAuthenticator = 12,
  kRegion = 13,
  kGateway = 14,
  kClusterConfig = 15,
  kPolicyTrigger = 16,
};

inline constexpr std::array kAllKinds = {
    Kind::kNamespace,        Kind::kService,    Kind::kUser,          Kind::kGroup,
    Kind::kPolicy,           Kind::kCredential, Kind::kSecret,        Kind::kConfig,
    Kind::kIdentityProvider, Kind::kSession,    Kind::kDevice,        Kind::kAuthenticator,
    Kind::kRegion,           Kind::kGateway,    Kind::kClusterConfig, Kind::kPolicyTrigger};

// "Service" and so on: the value of the `kind` field.
std::string_view kind_name(Kind kind);
// The exact name only; nullopt for anything else.
std::optional<Kind> parse_kind(std::string_view name);
// An empty message of the kind.
std::unique_ptr<Message> make_message(Kind kind);
// The kind of a stored message; its type must be one of the above.
Kind kind_of(const Message& message);

// The `metadata` that every kind has.
const metav1::Metadata& metadata_of(const Message& message);
metav1::Metadata& mutable_metadata_of(Message& message);

}  // namespace resource
