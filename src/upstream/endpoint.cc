#include "upstream/endpoint.h"

namespace upstream {

template <typename T>
std::shared_ptr<T> EndpointTable::Held<T>::find(const std::string& key) {
  const auto it = items.find(key);
  return it == items.end() ? nullptr : it->second.lock();
}

template <typename T>
std::shared_ptr<T> EndpointTable::Held<T>::add(const std::string& key, std::shared_ptr<T> made) {
  if (items.size() >= sweep_at) {
    std::erase_if(items, [](const auto& item) { return item.second.expired(); });
    sweep_at = items.size() * 2 + kSweepAt;
  }
  auto& slot = items[key];
  if (auto existing = slot.lock()) return existing;
  slot = made;
  return made;
}

std::shared_ptr<const Endpoint> EndpointTable::find(const std::string& key) {
  const std::lock_guard lock(mutex_);
  return endpoints_.find(key);
}

std::shared_ptr<const Endpoint> EndpointTable::add(Endpoint endpoint) {
  auto made = std::make_shared<const Endpoint>(std::move(endpoint));
  const std::lock_guard lock(mutex_);
  return endpoints_.add(made->key, made);
}

base::Result<io::SslContext> EndpointTable::tls(const std::string& settings, const MakeTls& make) {
  {
    const std::lock_guard lock(mutex_);
    if (auto known = contexts_.find(settings)) return known;
  }
  BASE_ASSIGN(io::SslContext made, make());  // reads files: not under the lock
  const std::lock_guard lock(mutex_);
  return contexts_.add(settings, std::move(made));
}

}  // namespace upstream
