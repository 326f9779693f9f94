#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "store/sealer.h"
#include "store/store.h"

namespace store {

// A resource as it is written down: the message in protobuf encoding without its secret part, and
// that part sealed for this resource (kind, uid). Only Secrets have one: their `data`.
struct EncodedResource {
  std::string body;
  std::optional<std::string> sealed;

  std::size_t size() const { return body.size() + (sealed ? sealed->size() : 0); }
};

base::Result<EncodedResource> encode_resource(const Message& resource, const Sealer& sealer);

// kDataLoss when the bytes are no message of the kind or the sealed part does not open.
base::Result<Resource> decode_resource(Kind kind, std::string_view body,
                                       std::optional<std::string_view> sealed,
                                       const Sealer& sealer);

// True when the two differ in nothing but the bookkeeping of writes (versions, times, actor, and
// the envelope's apiVersion and kind).
bool is_same_content(const Message& a, const Message& b);

}  // namespace store
