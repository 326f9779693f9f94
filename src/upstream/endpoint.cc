#include "upstream/endpoint.h"

namespace upstream {

std::shared_ptr<const Endpoint> EndpointTable::find(const std::string& key) {
  const std::lock_guard lock(mutex_);
  const auto it = endpoints_.find(key);
  return it == endpoints_.end() ? nullptr : it->second.lock();
}

std::shared_ptr<const Endpoint> EndpointTable::add(Endpoint endpoint) {
  auto made = std::make_shared<const Endpoint>(std::move(endpoint));
  const std::lock_guard lock(mutex_);
  if (endpoints_.size() >= sweep_at_) {
    std::erase_if(endpoints_, [](const auto& item) { return item.second.expired(); });
    sweep_at_ = endpoints_.size() * 2 + 256;
  }
  auto& slot = endpoints_[made->key];
  if (auto existing = slot.lock()) return existing;
  slot = made;
  return made;
}

}  // namespace upstream
