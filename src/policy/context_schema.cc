#include "policy/context_schema.h"

#include <google/protobuf/struct.pb.h>
#include <google/protobuf/timestamp.pb.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "base/encoding.h"
#include "policy/message_value.h"
#include "policy/subject.h"

namespace policy {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using Request = corev1::RequestContext::Request;

// The maps of the HTTP part whose keys are the request's. Those without a field in the message are
// members of our own.
struct Entries {
  std::string_view name;
  Attr all;
  Attr one;
  bool is_header;
  bool is_field;
};
constexpr std::array kEntries = {
    Entries{"headers", Attr::kHeaders, Attr::kHeader, true, true},
    Entries{"queryParams", Attr::kQueryParams, Attr::kQueryParam, false, true},
    Entries{"headerValues", Attr::kAllHeaderValues, Attr::kHeaderValues, true, false},
    Entries{"queryParamValues", Attr::kAllQueryParamValues, Attr::kQueryParamValues, false, false}};

// The shape of kEntries[i] is i + 1.
constexpr cel::ShapeId kFirstShape = kEntries.size() + 1;

cel::ShapeId entries_shape(std::string_view name) {
  const auto found = std::ranges::find(kEntries, name, &Entries::name);
  return found == kEntries.end() ? cel::kOpenShape
                                 : static_cast<cel::ShapeId>(found - kEntries.begin() + 1);
}

struct Member {
  std::string_view name;
  Attr attr;
};

constexpr std::array kRequestMembers = {Member{"ip", Attr::kIp}, Member{"http", Attr::kHttp},
                                        Member{"grpc", Attr::kGrpc}};

constexpr std::array kHttpMembers = {Member{"method", Attr::kMethod},
                                     Member{"path", Attr::kPath},
                                     Member{"host", Attr::kHost},
                                     Member{"protocol", Attr::kProtocol},
                                     Member{"size", Attr::kSize},
                                     Member{"scheme", Attr::kScheme},
                                     Member{"uri", Attr::kUri},
                                     Member{"body", Attr::kBody},
                                     Member{"bodyMap", Attr::kBodyMap},
                                     Member{"headers", Attr::kHeaders},
                                     Member{"queryParams", Attr::kQueryParams}};

constexpr std::array kGrpcMembers = {
    Member{"method", Attr::kGrpcMethod}, Member{"service", Attr::kGrpcService},
    Member{"serviceFullName", Attr::kGrpcServiceFullName}, Member{"package", Attr::kGrpcPackage}};

// What finding a parameter in the longest query may take.
constexpr std::uint16_t kQuerySteps = 200;

cel::Slot slot(Attr attr, std::uint32_t flags = 0) {
  return {static_cast<std::uint32_t>(attr) | flags, {}, nullptr};
}

template <std::size_t N>
cel::Slot slot_in(const std::array<Member, N>& members, std::string_view name,
                  std::uint32_t flags = 0) {
  for (const Member& member : members)
    if (member.name == name) return slot(member.attr, flags);
  return slot(Attr::kAbsent);
}

cel::Slot message_slot(Root root) {
  cel::Slot out = slot(Attr::kMessage);
  out.plan = std::make_shared<const MessagePath>(MessagePath{root, {}});
  return out;
}

cel::Slot context_member(std::string_view name) {
  if (name == "request") return slot(Attr::kRequest);
  if (name == "groups") return slot(Attr::kGroups);
  if (name == "session") return message_slot(Root::kSession);
  if (name == "user") return message_slot(Root::kUser);
  if (name == "device") return message_slot(Root::kDevice);
  if (name == "service") return message_slot(Root::kService);
  if (name == "namespace") return message_slot(Root::kNamespace);
  return slot(Attr::kAbsent);
}

// Messages that read as something without fields of their own.
bool is_open(const Descriptor* message) {
  return message == google::protobuf::Struct::descriptor() ||
         message == google::protobuf::Value::descriptor() ||
         message == google::protobuf::ListValue::descriptor() ||
         message == google::protobuf::Timestamp::descriptor();
}

}  // namespace

const ContextSchema& ContextSchema::get(Attrs attrs) {
  static const ContextSchema bound(Attrs::kBound);
  static const ContextSchema unbound(Attrs::kUnbound);
  return attrs == Attrs::kBound ? bound : unbound;
}

ContextSchema::ContextSchema(Attrs attrs) : attrs_(attrs) {
  add_shapes(*corev1::RequestContext::descriptor());
}

// Two shapes for each message that can be reached: itself, and a list of it.
void ContextSchema::add_shapes(const Descriptor& message) {
  if (is_open(&message)) return;
  const auto id = static_cast<cel::ShapeId>(kFirstShape + shapes_.size());
  if (!ids_.emplace(&message, id).second) return;
  shapes_.push_back({&message, false});
  shapes_.push_back({&message, true});
  for (int i = 0; i < message.field_count(); ++i) {
    const FieldDescriptor& field = *message.field(i);
    if (!field.is_map() && field.message_type() != nullptr) add_shapes(*field.message_type());
  }
}

cel::ShapeId ContextSchema::shape_of(const Descriptor& message, bool is_list) const {
  const auto found = ids_.find(&message);
  return found == ids_.end() ? cel::kOpenShape : found->second + (is_list ? 1 : 0);
}

cel::ShapeId ContextSchema::shape_of(const FieldDescriptor& field) const {
  if (field.containing_type() == Request::HTTP::descriptor() && field.is_map())
    return entries_shape(field.name());
  if (field.is_map() || field.message_type() == nullptr) return cel::kOpenShape;
  return shape_of(*field.message_type(), field.is_repeated());
}

cel::Slot ContextSchema::slot_of(const cel::Slot& parent, const FieldDescriptor& field) const {
  const Descriptor* in = field.containing_type();
  if (in == corev1::RequestContext::descriptor()) return context_member(field.name());
  if (in == Request::descriptor()) return slot_in(kRequestMembers, field.name());
  switch (static_cast<Attr>(parent.id & ~kUnderGrpc)) {
    case Attr::kHttp:
      return slot_in(kHttpMembers, field.name(), parent.id & kUnderGrpc);
    case Attr::kGrpc:
      if (field.name() == "http") return slot(Attr::kHttp, kUnderGrpc);
      return slot_in(kGrpcMembers, field.name());
    case Attr::kMessage: {
      if (parent.plan == nullptr) break;
      auto path =
          std::make_shared<MessagePath>(*static_cast<const MessagePath*>(parent.plan.get()));
      path->fields.push_back(&field);
      cel::Slot out = slot(Attr::kMessage);
      out.plan = std::move(path);
      return out;
    }
    case Attr::kAbsent:
    case Attr::kBelowAbsent:
      return slot(Attr::kBelowAbsent);
    default:
      break;
  }
  return slot(Attr::kAbsent);
}

std::optional<cel::Attribute> ContextSchema::root(std::string_view name) const {
  if (name == "ctx")
    return cel::Attribute{slot(Attr::kContext), &cel::kDynType,
                          shape_of(*corev1::RequestContext::descriptor(), false)};
  if (name == "attrs" && attrs_ == Attrs::kBound) return cel::Attribute{slot(Attr::kAttrs)};
  return std::nullopt;
}

std::optional<cel::Attribute> ContextSchema::member(const cel::Attribute& parent,
                                                    std::string_view name) const {
  const bool is_absent = static_cast<Attr>(parent.slot.id & ~kUnderGrpc) >= Attr::kAbsent;
  const auto slot_under = [&](Attr attr) {
    return is_absent ? slot(Attr::kBelowAbsent) : slot(attr, parent.slot.id & kUnderGrpc);
  };
  if (parent.shape < kFirstShape) {
    const Entries& entries = kEntries[parent.shape - 1];
    cel::Slot out = slot_under(entries.one);
    out.key = entries.is_header ? base::to_lower(name) : std::string(name);
    // A parameter is looked for in the query at each reading.
    if (entries.one == Attr::kQueryParam || entries.one == Attr::kQueryParamValues)
      out.steps = kQuerySteps;
    return cel::Attribute{std::move(out)};
  }
  const Shape& shape = shapes_[parent.shape - kFirstShape];
  if (!shape.is_list && shape.message == Request::HTTP::descriptor())
    for (const Entries& entries : kEntries)
      if (!entries.is_field && entries.name == name)
        return cel::Attribute{slot_under(entries.all), &cel::kDynType, entries_shape(name)};
  const FieldDescriptor* field = shape.is_list ? nullptr : find_field(*shape.message, name);
  if (field == nullptr) return std::nullopt;
  return cel::Attribute{slot_of(parent.slot, *field), &cel::kDynType, shape_of(*field)};
}

cel::ShapeId ContextSchema::element(cel::ShapeId container) const {
  if (container < kFirstShape) return cel::kOpenShape;
  return shapes_[container - kFirstShape].is_list ? container - 1 : cel::kOpenShape;
}

std::vector<std::string_view> ContextSchema::root_names() const {
  if (attrs_ == Attrs::kBound) return {"ctx", "attrs"};
  return {"ctx"};
}

std::vector<std::string_view> ContextSchema::member_names(cel::ShapeId shape) const {
  std::vector<std::string_view> names;
  if (shape < kFirstShape || shapes_[shape - kFirstShape].is_list) return names;
  const Descriptor& message = *shapes_[shape - kFirstShape].message;
  for (int i = 0; i < message.field_count(); ++i) names.push_back(message.field(i)->name());
  if (&message == Request::HTTP::descriptor())
    for (const Entries& entries : kEntries)
      if (!entries.is_field) names.push_back(entries.name);
  return names;
}

}  // namespace policy
