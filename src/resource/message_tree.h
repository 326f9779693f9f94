#pragma once

#include "resource/kind.h"
#include "resource/syntax.h"

namespace resource {

// The proto3 JSON of a message as a tree without positions: what to_json and to_yaml print and what
// diff shows. The nodes belong to `tree`.
const Node& to_node(const Message& message, Tree& tree);

// One field of a message that has it, a list or mapping when the field is one.
const Node& to_node(const Message& message, const google::protobuf::FieldDescriptor& field,
                    Tree& tree);

// One element of a repeated field.
const Node& to_node(const Message& message, const google::protobuf::FieldDescriptor& field,
                    int index, Tree& tree);

}  // namespace resource
