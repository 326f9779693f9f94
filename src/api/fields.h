#pragma once

#include <memory>
#include <string_view>

#include "api/call.h"

namespace api {

// What the handlers need to reach in every kind alike, by reflection over the common envelope
// (spec/resources.md 1.1). None of these is on the path of a proxied request.

bool has_field(const Message& message, const char* name);
// The sub-message `name`, set if it was not. The field must exist and be a message.
Message& mutable_field(Message& message, const char* name);
const Message& field(const Message& message, const char* name);
// Replaces `name` in `to` by that of `from`; cleared when it is absent there.
void copy_field(const Message& from, Message& to, const char* name);
void clear_field(Message& message, const char* name);
// The reference `status.<name>`; nullptr when the kind has no such field.
const metav1::ObjectReference* status_reference(const Message& resource, const std::string& name);

std::unique_ptr<Message> copy_of(const Message& message);

// A reference as it is stored: apiVersion, kind, uid, name, resourceVersion.
metav1::ObjectReference reference_to(const Message& resource);

// The fields of the metadata that are the client's (spec/resources.md 1.2), but the name.
void copy_client_metadata(const metav1::Metadata& from, metav1::Metadata& to);

// A resource as it is shown: without `data`, with `spec` and `status` even when they are empty,
// since official clients read them without asking.
std::unique_ptr<Message> shown(const Message& resource);

}  // namespace api
