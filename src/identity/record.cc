#include "identity/record.h"

#include <string>

namespace identity {

google::protobuf::Timestamp timestamp_of(base::WallTime time) {
  google::protobuf::Timestamp result;
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  result.set_seconds(seconds.time_since_epoch().count());
  result.set_nanos(static_cast<std::int32_t>((time - seconds).count()));
  return result;
}

resource::metav1::ObjectReference reference_to(const store::Message& message) {
  const auto& metadata = resource::metadata_of(message);
  resource::metav1::ObjectReference ref;
  ref.set_apiversion("core/v1");
  ref.set_kind(std::string(resource::kind_name(resource::kind_of(message))));
  ref.set_uid(metadata.uid());
  ref.set_name(metadata.name());
  ref.set_resourceversion(metadata.resourceversion());
  return ref;
}

base::Result<std::shared_ptr<const corev1::ClusterConfig>> cluster_config(store::Store& store) {
  auto found = store.get(store::Kind::kClusterConfig, "default");
  if (found) return std::static_pointer_cast<const corev1::ClusterConfig>(std::move(*found));
  if (found.error().code == base::Code::kNotFound)
    return std::make_shared<const corev1::ClusterConfig>();
  return std::unexpected(std::move(found).error());
}

}  // namespace identity
