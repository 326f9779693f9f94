#pragma once

#include <span>
#include <string_view>

#include "cel/type.h"

namespace cel {

struct MessageField {
  std::string_view name;
  const Type* type;
};

// A message of google.protobuf that an expression may write as `Name{field: value}`. None of them
// stays a message: each is the CEL value that stands for it (a wrapper its scalar or null, Struct a
// map, ...). The function of the library called `name` + "{}" makes it from a map of its fields.
struct MessageType {
  std::string_view name;
  const Type* type;
  std::span<const MessageField> fields;

  const MessageField* find(std::string_view field) const;
};

// Null when there is no such type.
const MessageType* find_message(std::string_view name);

}  // namespace cel
