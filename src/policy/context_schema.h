#pragma once

#include <google/protobuf/descriptor.h>

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "cel/schema.h"
#include "cel/type.h"

namespace policy {

// Which attribute a slot reads. The HTTP part has the same members under `ctx.request.http` and
// under `ctx.request.grpc.http`; the latter's slots have kUnderGrpc added.
enum class Attr : std::uint32_t {
  kNone,     // of a value that no path leads to
  kContext,  // ctx as a whole
  kAttrs,    // the Policy's attrs
  kRequest,
  kIp,
  kHttp,
  kMethod,
  kPath,
  kHost,
  kProtocol,
  kSize,
  kScheme,
  kUri,
  kBody,
  kBodyMap,
  kHeaders,
  kHeader,  // Slot::key: the name in lower case
  kQueryParams,
  kQueryParam,  // Slot::key: the name
  kAllHeaderValues,
  kHeaderValues,  // as kHeader
  kAllQueryParamValues,
  kQueryParamValues,  // as kQueryParam
  kGrpc,
  kGrpcMethod,
  kGrpcService,
  kGrpcServiceFullName,
  kGrpcPackage,
  kGroups,
  kMessage,  // Slot::plan: a MessagePath
  kAbsent,   // in the schema, but not of the modes that this gateway serves
  kBelowAbsent,
};
inline constexpr std::uint32_t kUnderGrpc = 0x100;

// Which message a path starts at.
enum class Root : std::uint8_t { kSession, kUser, kDevice, kService, kNamespace };

// `ctx.user.spec.groups`: the root and the fields to follow from it. Without fields, the root.
struct MessagePath {
  Root root;
  std::vector<const google::protobuf::FieldDescriptor*> fields;
};

// What expressions may name: `ctx`, spelled as the RequestContext message is, and, where a Policy
// stands behind the expression, its `attrs`. Values are dyn: rules written for a ctx of JSON
// values mean the same here. Beside the message's fields, the HTTP part has `headerValues` and
// `queryParamValues`: lists of all values of each name. Below Structs, bodyMap and string maps
// everything goes.
//
// Immutable; one instance of each kind for the whole program.
class ContextSchema final : public cel::Schema {
 public:
  enum class Attrs : std::uint8_t { kUnbound, kBound };

  static const ContextSchema& get(Attrs attrs);

  std::optional<cel::Attribute> root(std::string_view name) const override;
  std::optional<cel::Attribute> member(const cel::Attribute& parent,
                                       std::string_view name) const override;
  cel::ShapeId element(cel::ShapeId container) const override;
  std::vector<std::string_view> root_names() const override;
  std::vector<std::string_view> member_names(cel::ShapeId shape) const override;

  using Descriptor = google::protobuf::Descriptor;
  // The shape of a message of the schema, or of a list of it.
  cel::ShapeId shape_of(const Descriptor& message, bool is_list) const;

 private:
  using FieldDescriptor = google::protobuf::FieldDescriptor;

  // A message's fields, or a list of such messages.
  struct Shape {
    const Descriptor* message;
    bool is_list;
  };

  explicit ContextSchema(Attrs attrs);

  void add_shapes(const Descriptor& message);
  cel::ShapeId shape_of(const FieldDescriptor& field) const;
  cel::Slot slot_of(const cel::Slot& parent, const FieldDescriptor& field) const;

  Attrs attrs_;
  std::vector<Shape> shapes_;  // ShapeId - kFirstShape
  std::unordered_map<const Descriptor*, cel::ShapeId> ids_;
};

}  // namespace policy
