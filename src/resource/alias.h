#pragma once

#include <google/protobuf/descriptor.h>

#include <string_view>

namespace resource {

// A spelling that users' files contain and the schema does not: the key `written` inside a message
// of type `message` stands for `field`, which is a field of that message, or, when `inside` is not
// empty, a field of its submessage `inside`.
struct Alias {
  std::string_view message;  // full name
  std::string_view written;
  std::string_view inside;
  std::string_view field;
};

// The alias for `key` in a message of this type, or nullptr. This is the only list of them.
const Alias* find_alias(const google::protobuf::Descriptor& type, std::string_view key);

}  // namespace resource
