#include "store/resource_codec.h"

#include <fmt/format.h>
#include <google/protobuf/util/message_differencer.h>

namespace store {
namespace {

SealBinding data_of(const resource::corev1::Secret& secret) {
  return {.kind = "Secret", .uid = secret.metadata().uid(), .purpose = "data"};
}

void clear_bookkeeping(Message& resource) {
  auto& metadata = resource::mutable_metadata_of(resource);
  metadata.clear_uid();
  metadata.clear_createdat();
  metadata.clear_updatedat();
  metadata.clear_resourceversion();
  metadata.clear_lastresourceversion();
  metadata.clear_actorref();
  metadata.clear_actoroperation();
  const auto* type = resource.GetDescriptor();
  for (const char* name : {"apiVersion", "kind"})
    resource.GetReflection()->ClearField(&resource, type->FindFieldByName(name));
}

std::unique_ptr<Message> copy_of(const Message& resource) {
  std::unique_ptr<Message> copy(resource.New());
  copy->CopyFrom(resource);
  return copy;
}

}  // namespace

base::Result<EncodedResource> encode_resource(const Message& resource, const Sealer& sealer) {
  EncodedResource out;
  const auto* secret = dynamic_cast<const resource::corev1::Secret*>(&resource);
  if (secret == nullptr || !secret->has_data()) {
    resource.SerializeToString(&out.body);
    return out;
  }
  resource::corev1::Secret open_part(*secret);
  open_part.clear_data();
  open_part.SerializeToString(&out.body);
  std::string plaintext;
  secret->data().SerializeToString(&plaintext);
  const base::Secret data(std::move(plaintext));
  BASE_ASSIGN(out.sealed, sealer.seal(data.reveal(), data_of(*secret)));
  return out;
}

base::Result<Resource> decode_resource(Kind kind, std::string_view body,
                                       std::optional<std::string_view> sealed,
                                       const Sealer& sealer) {
  const auto fail_damaged = [kind] {
    return base::fail(base::Code::kDataLoss, "database_damaged",
                      fmt::format("a stored {} cannot be read", resource::kind_name(kind)),
                      base::Source::kStore);
  };
  auto message = resource::make_message(kind);
  if (!message->ParseFromArray(body.data(), static_cast<int>(body.size()))) return fail_damaged();
  if (sealed) {
    auto* secret = dynamic_cast<resource::corev1::Secret*>(message.get());
    if (secret == nullptr) return fail_damaged();
    BASE_ASSIGN(const base::Secret data, sealer.open(*sealed, data_of(*secret)));
    if (!secret->mutable_data()->ParseFromArray(data.reveal().data(),
                                                static_cast<int>(data.size())))
      return fail_damaged();
  }
  return Resource(std::move(message));
}

bool is_same_content(const Message& a, const Message& b) {
  const auto left = copy_of(a);
  const auto right = copy_of(b);
  clear_bookkeeping(*left);
  clear_bookkeeping(*right);
  return google::protobuf::util::MessageDifferencer::Equals(*left, *right);
}

}  // namespace store
