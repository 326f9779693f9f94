#pragma once

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <google/protobuf/struct.pb.h>

#include <span>
#include <string_view>

#include "cel/value.h"
#include "resource/kind.h"

namespace policy {

// Protobuf messages as CEL values, read by reflection where they are: nothing is copied but what
// JSON spells differently (64-bit integers, bytes, times). The values are views into the message.

// no_such_key() for a message or a member of a oneof that is not set; a plain field that is not set
// is its zero.
cel::Value field_value(const google::protobuf::Message& message,
                       const google::protobuf::FieldDescriptor& field, cel::Arena& arena);
// Whether the field is set and, for a plain one, is not zero.
bool has_field(const google::protobuf::Message& message,
               const google::protobuf::FieldDescriptor& field);

cel::Value message_value(const google::protobuf::Message& message, cel::Arena& arena);
cel::Value struct_value(const google::protobuf::Struct& object, cel::Arena& arena);
cel::Value group_list(std::span<const resource::corev1::Group* const> groups, cel::Arena& arena);

// Without the allocation that Descriptor::FindFieldByName makes for long names.
const google::protobuf::FieldDescriptor* find_field(const google::protobuf::Descriptor& message,
                                                    std::string_view name);

// A view in `arena`, or the error of a full arena.
template <typename View, typename... Args>
cel::Value make_map(cel::Arena& arena, Args... args) {
  const cel::MapView* view = arena.make<View>(args...);
  return view == nullptr ? cel::Value::memory_limit() : cel::Value::map(view);
}
template <typename View, typename... Args>
cel::Value make_list(cel::Arena& arena, Args... args) {
  const cel::ListView* view = arena.make<View>(args...);
  return view == nullptr ? cel::Value::memory_limit() : cel::Value::list(view);
}
// A text made for this evaluation.
cel::Value make_text(std::string_view text, cel::Arena& arena);
// A 64-bit integer: a decimal text.
cel::Value make_decimal(std::int64_t number, cel::Arena& arena);
cel::Value make_decimal(std::uint64_t number, cel::Arena& arena);

}  // namespace policy
