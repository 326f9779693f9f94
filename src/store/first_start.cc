#include "store/first_start.h"

#include <algorithm>

#include "resource/builtin.h"
#include "resource/defaults.h"
#include "store/stored_references.h"

namespace store {
namespace {

using resource::metadata_of;
using resource::mutable_metadata_of;

constexpr const char* kMarker = "default";  // name of the ClusterConfig

// What an administrator may have set on a system resource stays: everything of the ClusterConfig
// but the status.
base::Result<void> refresh(Store& store, const Message& stored, std::unique_ptr<Message> wanted) {
  const Kind kind = resource::kind_of(stored);
  std::unique_ptr<Message> updated(stored.New());
  updated->CopyFrom(stored);
  if (kind == Kind::kClusterConfig) {
    static_cast<resource::corev1::ClusterConfig&>(*updated).mutable_status()->set_domain(
        static_cast<const resource::corev1::ClusterConfig&>(*wanted).status().domain());
  } else {
    updated = std::move(wanted);
    mutable_metadata_of(*updated).set_uid(metadata_of(stored).uid());
  }
  BASE_TRY(store.update(std::move(updated), metadata_of(stored).resourceversion(), Actor()));
  return {};
}

}  // namespace

base::Result<void> create_builtin_objects(Store& store, std::string_view domain,
                                          base::WallTime now) {
  auto objects = resource::builtin_objects(domain, now);
  // Made last on the first start: while it is missing, an earlier attempt did not get through.
  const auto marker = std::ranges::find_if(objects, [](const auto& object) {
    return resource::kind_of(*object) == Kind::kClusterConfig;
  });
  if (marker != objects.end()) std::rotate(marker, marker + 1, objects.end());
  const bool is_first_start = !store.get(Kind::kClusterConfig, kMarker);
  const StoredReferences references(store);
  for (auto& object : objects) {
    const Kind kind = resource::kind_of(*object);
    resource::apply_defaults(*object, references);
    const auto& metadata = metadata_of(*object);
    const auto stored = store.get(kind, metadata.name());
    if (!stored) {
      if (is_first_start || metadata.issystem()) BASE_TRY(store.create(std::move(object), Actor()));
    } else if (metadata.issystem()) {
      BASE_TRY(refresh(store, **stored, std::move(object)));
    }
  }
  return {};
}

}  // namespace store
