#pragma once

#include <string>
#include <string_view>

#include "resource/kind.h"

namespace resource {

inline constexpr std::size_t kMaxLabelBytes = 40;
inline constexpr std::size_t kMaxNameBytes = 128;
inline constexpr std::size_t kMaxServiceLabels = 2;
inline constexpr std::size_t kMaxPolicyLabels = 6;

inline constexpr std::string_view kDefault = "default";  // Namespace, Service, config and Region

// One part of a name: 2 to 40 lower-case letters, digits and hyphens that begins with a letter and
// neither ends with a hyphen nor has two in a row.
bool is_label(std::string_view text);

// Whether a resource of the kind may have the name: one label, up to two for a Service (both
// `svc` and `svc.namespace`), up to six for a Policy. Names that the cluster gives (Session,
// Device, Authenticator) are one label of up to 128 bytes, since they are longer than the name of
// the User they are made from.
bool is_name(Kind kind, std::string_view text);

// What is_name asks for, to be put after "is not a name: ".
std::string_view name_rule(Kind kind);

// The name under which a resource is stored: a Service `svc` is `svc.default`. The text need not
// be a name.
std::string full_name(Kind kind, std::string_view name);

// The parts of a Service's name; the Namespace is "default" when the name does not say.
struct ServiceName {
  std::string_view service;
  std::string_view in_namespace;
};
ServiceName split_service_name(std::string_view name);

// The Policy that `aa.bb.cc` extends is `bb.cc`; empty for a name of one label.
std::string_view parent_policy_name(std::string_view name);

// Names that no Namespace may be created with: those that begin with octelium, local or cordium.
bool is_reserved_namespace(std::string_view name);

}  // namespace resource
