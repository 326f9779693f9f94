#include "store/resource_cache.h"

#include <algorithm>
#include <mutex>
#include <tuple>
#include <utility>

namespace store {
namespace {

using resource::metadata_of;

// The key of each order ends with the place of insertion, so that equal resources keep it.
struct Item {
  std::int64_t position = 0;
  Resource resource;

  auto by_name() const { return std::pair(std::string_view(metadata().name()), position); }
  auto by_time() const {
    const auto& time = metadata().createdat();
    return std::tuple(time.seconds(), time.nanos(), position);
  }
  const resource::metav1::Metadata& metadata() const { return metadata_of(*resource); }
};

void sort(std::vector<Item>& items, ListOptions::Order order) {
  switch (order) {
    case ListOptions::Order::kInsertion:
      return;
    case ListOptions::Order::kName:
      std::ranges::sort(items, {}, &Item::by_name);
      return;
    case ListOptions::Order::kCreatedAt:
      std::ranges::sort(items, {}, &Item::by_time);
      return;
  }
}

}  // namespace

void ResourceCache::put(OfKind& all, Resource resource, std::int64_t position) {
  const auto& metadata = metadata_of(*resource);
  all.by_name.insert_or_assign(metadata.name(), position);
  all.by_uid.insert_or_assign(metadata.uid(), position);
  all.by_position.insert_or_assign(position, std::move(resource));
}

void ResourceCache::load(Resource resource, std::int64_t position) {
  OfKind& all = of(resource::kind_of(*resource));
  put(all, std::move(resource), position);
}

void ResourceCache::apply(std::span<const Change> changes) {
  const std::unique_lock lock(mutex_);
  for (const Change& change : changes) {
    OfKind& all = of(change.event.kind);
    if (change.event.type != Event::Type::kDeleted) {
      put(all, change.event.resource, change.position);
      continue;
    }
    const auto& metadata = metadata_of(*change.event.resource);
    all.by_name.erase(metadata.name());
    all.by_uid.erase(metadata.uid());
    all.by_position.erase(change.position);
  }
}

Resource ResourceCache::find_in(const OfKind& all, const Index& index, std::string_view key) {
  const auto found = index.find(key);
  return found == index.end() ? nullptr : all.by_position.at(found->second);
}

Resource ResourceCache::find(Kind kind, std::string_view name) const {
  const std::shared_lock lock(mutex_);
  return find_in(of(kind), of(kind).by_name, name);
}

Resource ResourceCache::find_by_uid(Kind kind, std::string_view uid) const {
  const std::shared_lock lock(mutex_);
  return find_in(of(kind), of(kind).by_uid, uid);
}

std::int64_t ResourceCache::position_of(Kind kind, std::string_view uid) const {
  const std::shared_lock lock(mutex_);
  const auto found = of(kind).by_uid.find(uid);
  return found == of(kind).by_uid.end() ? 0 : found->second;
}

Page ResourceCache::list(Kind kind, const ListOptions& options) const {
  std::vector<Item> items;
  {
    const std::shared_lock lock(mutex_);
    items.reserve(of(kind).by_position.size());
    for (const auto& [position, resource] : of(kind).by_position)
      items.push_back({position, resource});
  }
  // Outside the lock, since a filter may itself read the store.
  std::erase_if(items, [&](const Item& item) {
    return (!options.include_system_hidden && item.metadata().issystemhidden()) ||
           (options.filter && !options.filter(*item.resource));
  });
  sort(items, options.order);
  if (options.descending) std::ranges::reverse(items);

  const std::size_t size = options.items_per_page == 0 ? items.size() : options.items_per_page;
  const std::size_t begin = std::min(options.page * size, items.size());
  const std::size_t end = std::min(begin + size, items.size());
  Page page;
  page.total_count = static_cast<std::uint32_t>(items.size());
  page.has_more = end < items.size();
  page.items.reserve(end - begin);
  for (std::size_t i = begin; i < end; ++i) page.items.push_back(std::move(items[i].resource));
  return page;
}

}  // namespace store
