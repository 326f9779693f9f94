#pragma once

#include <google/protobuf/descriptor.h>

#include <optional>
#include <span>
#include <string_view>

namespace resource {

// What this program does with each field of a spec. A field is in exactly one of the lists, which a
// test makes sure of by walking the schema; a new feature moves its rows from the second to the
// first. Names are those of the schema without the package.

// Fields, separated by spaces, that something acts on or that are kept to be read by policy.
struct ActedOn {
  std::string_view message;
  std::string_view fields;
};

// A field that may not be set, and the sentence that says so.
struct Refused {
  std::string_view field;  // "Service.Spec.Config.ssh"
  std::string_view sentence;
};

std::span<const ActedOn> acted_on_fields();
std::span<const Refused> refused_fields();

// The same for enums: `message` is the enum and `fields` its values, but the zero one, which says
// that nothing is set; a refused value is written as "Service.Spec.Mode.TCP".
std::span<const ActedOn> acted_on_values();
std::span<const Refused> refused_values();

// Kinds that cannot be written at all.
std::span<const Refused> refused_kinds();

}  // namespace resource
