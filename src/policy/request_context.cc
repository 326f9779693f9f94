#include "policy/request_context.h"

#include "base/encoding.h"
#include "cel/program.h"
#include "policy/context_schema.h"
#include "policy/header_map.h"
#include "policy/json_body.h"
#include "policy/message_value.h"
#include "policy/query.h"
#include "policy/rego_run.h"

namespace policy {
namespace {

using cel::Arena;
using cel::Value;
using google::protobuf::Message;

Attr attr_of(const cel::Slot& slot) { return static_cast<Attr>(slot.id & ~kUnderGrpc); }

const MessagePath& path_of(const cel::Slot& slot) {
  return *static_cast<const MessagePath*>(slot.plan.get());
}

// The message that has the path's last field; nullptr when one on the way is not set.
const Message* walk(const Message* message, const MessagePath& path) {
  for (std::size_t i = 0; message != nullptr && i + 1 < path.fields.size(); ++i) {
    const auto& read = *message->GetReflection();
    if (!read.HasField(*message, path.fields[i])) return nullptr;
    message = &read.GetMessage(*message, path.fields[i]);
  }
  return message;
}

// A part of the context that is no message of its own (ctx, ctx.request, ...), seen as a map for
// the rare expression that computes a name or walks it. Shows what is there.
class PartMap final : public cel::MapView {
 public:
  PartMap(const RequestContext* context, std::uint32_t id, cel::ShapeId shape)
      : context_(context), id_(id), shape_(shape) {}

  std::size_t size() const override {
    std::size_t count = 0;
    cel::Cursor cursor;
    Arena scratch;
    Value key;
    Value value;
    while (next(cursor, key, value, scratch)) ++count;
    return count;
  }
  Value find(const Value& key, Arena& arena) const override {
    const auto attribute = member(key);
    return attribute ? context_->resolve(attribute->slot, arena) : Value::no_such_key();
  }
  Value has(const Value& key, Arena& arena) const override {
    const auto attribute = member(key);
    const Value has = attribute ? context_->has(attribute->slot, arena) : Value::boolean(false);
    return has.is_miss() ? Value::boolean(false) : has;
  }
  bool next(cel::Cursor& cursor, Value& key, Value& value, Arena& arena) const override {
    const auto names = schema().member_names(shape_);
    while (cursor.position < names.size()) {
      key = Value::string(names[cursor.position++]);
      value = has(key, arena);
      // A body that cannot be read is not left out, but where no body ever is a JSON object.
      if (value.is_error() && !(key.as_text() == "bodyMap" && (id_ & kUnderGrpc) != 0)) return true;
      if (!value.is_true()) continue;
      value = find(key, arena);
      return true;
    }
    return false;
  }

 private:
  static const ContextSchema& schema() { return ContextSchema::get(ContextSchema::Attrs::kBound); }

  std::optional<cel::Attribute> member(const Value& key) const {
    if (!key.is(cel::Kind::kString)) return std::nullopt;
    return schema().member({{id_, {}, nullptr}, &cel::kDynType, shape_}, key.as_text());
  }

  const RequestContext* context_;
  std::uint32_t id_;
  cel::ShapeId shape_;
};

Value part(const RequestContext& context, std::uint32_t id, Arena& arena) {
  using Request = corev1::RequestContext::Request;
  const auto& schema = ContextSchema::get(ContextSchema::Attrs::kBound);
  const google::protobuf::Descriptor* message = corev1::RequestContext::descriptor();
  switch (static_cast<Attr>(id & ~kUnderGrpc)) {
    case Attr::kRequest:
      message = Request::descriptor();
      break;
    case Attr::kHttp:
      message = Request::HTTP::descriptor();
      break;
    case Attr::kGrpc:
      message = Request::GRPC::descriptor();
      break;
    default:
      break;
  }
  return make_map<PartMap>(arena, &context, id, schema.shape_of(*message, false));
}

bool is_set(const Value& value) {
  switch (value.kind()) {
    case cel::Kind::kString:
      return !value.as_text().empty();
    case cel::Kind::kList:
      return value.list_size() > 0;
    default:
      return true;
  }
}

}  // namespace

RequestContext::RequestContext(const RequestView& request, const Subject& subject,
                               base::WallTime now)
    : request_(request), subject_(subject), now_(now) {}

RequestContext::~RequestContext() = default;

const google::protobuf::Struct& RequestContext::attrs() const {
  return attrs_ != nullptr ? *attrs_ : google::protobuf::Struct::default_instance();
}

RequestContext::Aside RequestContext::set_aside() {
  const auto rego_time = rego_ == nullptr ? std::chrono::nanoseconds(0) : rego_->spent();
  return {std::move(error_), std::exchange(failed_on_body_, false), rego_time};
}

void RequestContext::put_back(Aside aside) {
  error_ = std::move(aside.error);
  failed_on_body_ = aside.failed_on_body;
  if (rego_ != nullptr) rego_->set_spent(aside.rego_time);
}

RegoRun& RequestContext::rego() {
  if (rego_ == nullptr) rego_ = std::make_unique<RegoRun>(on_loop_);
  return *rego_;
}

void RequestContext::set_on_loop(bool on_loop) {
  on_loop_ = on_loop;
  if (rego_ != nullptr) rego_->set_on_loop(on_loop);
}

bool RequestContext::wants_thread() const { return rego_ != nullptr && rego_->wants_thread(); }

std::string RequestContext::describe(const cel::Program& program, const cel::Value& value) const {
  const bool may_quote = disclosure_ == Disclosure::kEverything ||
                         !ExpressionDisclosure(program.source()).hides_anything();
  return may_quote ? program.describe(value) : without_quote(program.describe(value));
}

void RequestContext::set_error(std::string text, const char* cause) {
  error_ = std::move(text);
  failed_on_body_ = body_ != nullptr && cause != nullptr && cause == body_->problem().data();
}

Value RequestContext::resolve(const cel::Slot& slot, Arena& arena) const {
  const Attr attr = attr_of(slot);
  switch (attr) {
    case Attr::kMessage:
      return resolve_message(slot, arena);
    case Attr::kAttrs:
      return struct_value(attrs(), arena);
    case Attr::kGroups:
      if (subject_.session == nullptr) return Value::no_such_key();
      return group_list(subject_.groups, arena);
    case Attr::kIp:
      return request_.client_ip.empty() ? Value::no_such_key() : Value::string(request_.client_ip);
    case Attr::kContext:
    case Attr::kRequest:
      return part(*this, slot.id, arena);
    case Attr::kGrpc:
      return request_.is_grpc ? part(*this, slot.id, arena) : Value::no_such_key();
    case Attr::kGrpcMethod:
    case Attr::kGrpcService:
    case Attr::kGrpcServiceFullName:
    case Attr::kGrpcPackage:
      return resolve_grpc(slot.id);
    case Attr::kNone:
    case Attr::kAbsent:
    case Attr::kBelowAbsent:
      return Value::no_such_key();
    default:
      return resolve_http(slot, arena);
  }
}

Value RequestContext::resolve_grpc(std::uint32_t id) const {
  if (!request_.is_grpc) return Value::no_such_key();
  switch (static_cast<Attr>(id)) {
    case Attr::kGrpcMethod:
      return Value::string(request_.grpc.method);
    case Attr::kGrpcService:
      return Value::string(request_.grpc.service);
    case Attr::kGrpcServiceFullName:
      return Value::string(request_.grpc.service_full_name);
    default:
      return Value::string(request_.grpc.package);
  }
}

Value RequestContext::resolve_http(const cel::Slot& slot, Arena& arena) const {
  // The HTTP part is where the Service's mode puts it, and nowhere else.
  if (((slot.id & kUnderGrpc) != 0) != request_.is_grpc) return Value::no_such_key();
  switch (attr_of(slot)) {
    case Attr::kMethod:
      return Value::string(request_.method);
    case Attr::kPath:
      return Value::string(request_.path);
    case Attr::kHost:
      return Value::string(request_.host);
    case Attr::kProtocol:
      return Value::string(request_.protocol);
    case Attr::kScheme:
      return Value::string(request_.scheme);
    case Attr::kUri:
      return Value::string(request_.uri);
    case Attr::kSize:
      return make_decimal(request_.content_length, arena);
    case Attr::kHeader:
      return header_value(request_.headers, slot.key);
    case Attr::kHeaders:
      return header_map(request_.headers, arena);
    case Attr::kQueryParam:
      return query_param(request_.query, slot.key, arena);
    case Attr::kQueryParams:
      return query_map(request_.query, arena);
    case Attr::kHeaderValues:
      return header_values(request_.headers, slot.key, arena);
    case Attr::kAllHeaderValues:
      return header_values_map(request_.headers, arena);
    case Attr::kQueryParamValues:
      return query_param_values(request_.query, slot.key, arena);
    case Attr::kAllQueryParamValues:
      return query_values_map(request_.query, arena);
    case Attr::kBody:
      if (!request_.body) return Value::no_such_key();
      if (request_.body->size() > JsonBody::kMaxBytes)
        return Value::error(cel::ErrorCode::kMemoryLimit, "the body is larger than 2 MiB");
      return make_text(base::base64_encode(*request_.body), arena);
    case Attr::kBodyMap:
      return body_map(arena);
    default:
      return part(*this, slot.id, arena);
  }
}

Value RequestContext::body_map(Arena& arena) const {
  if (!request_.body) return Value::no_such_key();
  if (request_.body->empty()) return Value::map(std::span<const cel::MapEntry>());
  if (body_ == nullptr) body_ = std::make_unique<JsonBody>(*request_.body);
  return body_->value(arena);
}

const Message* RequestContext::root_message(Root root) const {
  switch (root) {
    case Root::kSession:
      return subject_.session;
    case Root::kUser:
      return subject_.user;
    case Root::kDevice:
      return subject_.device;
    case Root::kService:
      return subject_.service;
    case Root::kNamespace:
      return subject_.name_space;
  }
  return nullptr;
}

Value RequestContext::resolve_message(const cel::Slot& slot, Arena& arena) const {
  const MessagePath& path = path_of(slot);
  const Message* message = walk(root_message(path.root), path);
  if (message == nullptr) return Value::no_such_key();
  return path.fields.empty() ? message_value(*message, arena)
                             : field_value(*message, *path.fields.back(), arena);
}

Value RequestContext::has(const cel::Slot& slot, Arena& arena) const {
  const Attr attr = attr_of(slot);
  if (attr == Attr::kMessage) {
    const MessagePath& path = path_of(slot);
    const Message* message = walk(root_message(path.root), path);
    if (path.fields.empty()) return Value::boolean(message != nullptr);
    if (message == nullptr) return Value::no_such_key();
    return Value::boolean(has_field(*message, *path.fields.back()));
  }
  // Below a part that this request does not have, has() is a miss like any other access.
  const bool is_in_http =
      attr != Attr::kHttp && attr >= Attr::kHttp && attr <= Attr::kQueryParamValues;
  const bool under_grpc = (slot.id & kUnderGrpc) != 0;
  if (attr == Attr::kBelowAbsent || (is_in_http && under_grpc != request_.is_grpc) ||
      (attr == Attr::kHttp && under_grpc && !request_.is_grpc) ||
      (attr > Attr::kGrpc && attr <= Attr::kGrpcPackage && !request_.is_grpc))
    return Value::no_such_key();
  if (attr == Attr::kSize) return Value::boolean(request_.content_length != 0);
  const Value value = resolve(slot, arena);
  if (value.is_error()) return value.is_miss() ? Value::boolean(false) : value;
  // A header or parameter that is sent empty is there.
  const bool is_entry = attr == Attr::kHeader || attr == Attr::kQueryParam;
  return Value::boolean(is_entry || is_set(value));
}

}  // namespace policy
