#pragma once

#include <cstdint>

#include "resource/references.h"

namespace resource {

// Fills in what follows from the rest of the resource, before it is validated and stored:
//   - the full name of a Service, and its status: namespaceRef, regionRef, hostnames, port
//   - status.parentPolicyRef of a Policy with a parent
//   - status.userRef of a Credential, and status.id when it has none
//   - the index of a User's email in metadata.specLabels
//   - an empty spec where one may be left out (Namespace, Group, Secret, Config)
// References to what does not exist stay unset; validate reports those. Running it twice changes
// nothing.
void apply_defaults(Message& resource, const References& references);

// The port of a Service's own listener (spec/resources.md 4.3): spec.port, else derived from the
// upstream and the mode; 0 when it cannot be derived.
std::uint32_t effective_port(const corev1::Service& service);

// The form in which emails are compared, so that two that differ in punctuation only do not become
// two Users: lower case, every run of other characters one hyphen, `@` as "at" and `&` as "and".
std::string email_index(std::string_view email);
inline constexpr std::string_view kEmailIndex = "email";  // key in metadata.specLabels

}  // namespace resource
