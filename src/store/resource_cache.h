#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <shared_mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

#include "store/store.h"

namespace store {

// What a committed write changed: the event that tells of it, and the resource's place in the order
// of insertion.
struct Change {
  Event event;
  std::int64_t position = 0;
};

// All resources in memory, as they are after the newest committed write. A few thousand resources
// are a few megabytes, and it makes every read of a Store independent of its disk.
//
// Any thread may read; the one writer applies whole batches, so readers see each batch entirely or
// not at all.
class ResourceCache {
 public:
  // Loading, before there are other threads. Positions must ascend.
  void load(Resource resource, std::int64_t position);
  void apply(std::span<const Change> changes);

  // Null when there is none.
  Resource find(Kind kind, std::string_view name) const;
  Resource find_by_uid(Kind kind, std::string_view uid) const;
  // The place of a resource; 0 when there is none.
  std::int64_t position_of(Kind kind, std::string_view uid) const;
  Page list(Kind kind, const ListOptions& options) const;

 private:
  struct ByText {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  using Index = std::unordered_map<std::string, std::int64_t, ByText, std::equal_to<>>;
  struct OfKind {
    std::map<std::int64_t, Resource> by_position;
    Index by_name;
    Index by_uid;
  };

  static Resource find_in(const OfKind& all, const Index& index, std::string_view key);
  static void put(OfKind& all, Resource resource, std::int64_t position);
  OfKind& of(Kind kind) { return kinds_[static_cast<std::size_t>(kind)]; }
  const OfKind& of(Kind kind) const { return kinds_[static_cast<std::size_t>(kind)]; }

  mutable std::shared_mutex mutex_;
  std::array<OfKind, resource::kAllKinds.size() + 1> kinds_;  // Kind counts from 1
};

}  // namespace store
