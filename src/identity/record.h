#pragma once

#include <memory>

#include "base/clock.h"
#include "base/result.h"
#include "resource/kind.h"
#include "store/store.h"

namespace identity {

namespace corev1 = resource::corev1;

google::protobuf::Timestamp timestamp_of(base::WallTime time);

resource::metav1::ObjectReference reference_to(const store::Message& message);

// The one ClusterConfig; an empty one, which means the built-in settings, when there is none yet.
base::Result<std::shared_ptr<const corev1::ClusterConfig>> cluster_config(store::Store& store);

// The record of a kind as its own type.
template <typename T>
base::Result<std::shared_ptr<const T>> get_record(store::Store& store, store::Kind kind,
                                                  const std::string& uid) {
  BASE_ASSIGN(auto found, store.get_by_uid(kind, uid));
  return std::static_pointer_cast<const T>(std::move(found));
}

}  // namespace identity
