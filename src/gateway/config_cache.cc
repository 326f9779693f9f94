#include "gateway/config_cache.h"

#include <algorithm>
#include <utility>

namespace gateway {

// A request that waits until its config is compiled.
class ConfigCache::Waiting {
 public:
  explicit Waiting(Entry& entry) : entry_(entry) {}

  bool await_ready() const noexcept { return entry_.computed != nullptr; }
  void await_suspend(std::coroutine_handle<> caller) {
    caller_ = caller;
    entry_.waiting.push_back(this);
  }
  // The entry may be gone by then.
  Computed await_resume() { return done_ ? std::move(done_) : entry_.computed; }

  void resume(Computed computed) {
    done_ = std::move(computed);
    caller_.resume();
  }

 private:
  Entry& entry_;
  std::coroutine_handle<> caller_;
  Computed done_;
};

ConfigCache::Computed ConfigCache::find(const ConfigBasis& basis, std::string_view json) {
  const auto service = services_.find(&basis);
  if (service == services_.end()) return nullptr;
  const auto found = service->second.by_json.find(json);
  if (found == service->second.by_json.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, found->second);
  return found->second->computed;
}

io::Task<ConfigCache::Computed> ConfigCache::compile(Basis basis, std::string json) {
  Entry* entry = begin(basis, std::move(json));
  if (entry == nullptr) co_return nullptr;
  co_return co_await Waiting(*entry);
}

// The entry of this content, which is new or not; null when too many are on their way.
ConfigCache::Entry* ConfigCache::begin(const Basis& basis, std::string json) {
  Service& service = services_[basis.get()];
  service.basis = basis;
  if (const auto known = service.by_json.find(json); known != service.by_json.end())
    return &*known->second;
  if (compiling_ >= kMaxCompiling || service.compiling >= kMaxCompilingOfService) return nullptr;
  entries_.push_front({.json = std::move(json), .service = &service});
  const auto entry = entries_.begin();
  if (!submit(basis, entry)) {
    entries_.erase(entry);
    return nullptr;
  }
  service.by_json.emplace(entry->json, entry);
  ++service.compiling;
  ++compiling_;
  return &*entry;
}

// An entry that is being compiled stays where it is, and its waiters keep the loop running.
bool ConfigCache::submit(const Basis& basis, Entries::iterator entry) {
  return compiler_.submit([this, basis, entry] {
    auto made = std::make_shared<ComputedConfig>(compile_computed_config(*basis, entry->json));
    loop_.post([this, entry, made = std::move(made)] { finish(entry, made); });
  });
}

void ConfigCache::finish(Entries::iterator entry, const std::shared_ptr<ComputedConfig>& made) {
  made->bytes += entry->json.size() + sizeof(Entry);
  bytes_ += made->bytes;
  entry->computed = made;
  --entry->service->compiling;
  --compiling_;
  counters_.configs_computed.fetch_add(1, std::memory_order_relaxed);
  const Computed computed = entry->computed;
  const std::vector<Waiting*> waiting = std::exchange(entry->waiting, {});
  make_room(*entry->service);
  note_size();
  for (Waiting* each : waiting) each->resume(computed);
}

void ConfigCache::make_room(const Service& service) {
  while (service.by_json.size() - service.compiling > kMaxOfService) forget(oldest(&service));
  while (entries_.size() - compiling_ > kMaxConfigs || bytes_ > kMaxBytes) forget(oldest(nullptr));
}

ConfigCache::Entries::iterator ConfigCache::oldest(const Service* service) {
  const auto found = std::find_if(entries_.rbegin(), entries_.rend(), [&](const Entry& entry) {
    return entry.computed != nullptr && (service == nullptr || entry.service == service);
  });
  return found == entries_.rend() ? entries_.end() : std::prev(found.base());
}

void ConfigCache::forget(Entries::iterator entry) {
  std::vector<const upstream::Endpoint*> led_to;
  if (const auto& config = entry->computed->config)
    for (const auto& endpoint : config->endpoints) led_to.push_back(endpoint.get());
  bytes_ -= entry->computed->bytes;
  entry->service->by_json.erase(entry->json);
  entries_.erase(entry);
  for (const upstream::Endpoint* endpoint : led_to) pool_.let_go(endpoint);
}

void ConfigCache::sweep() {
  for (auto service = services_.begin(); service != services_.end();) {
    auto& [basis, held] = *service;
    if (!held.basis.expired()) {
      ++service;
      continue;
    }
    // Nothing is being compiled on a basis that nobody holds.
    while (!held.by_json.empty()) forget(held.by_json.begin()->second);
    service = services_.erase(service);
  }
  note_size();
}

void ConfigCache::note_size() {
  counters_.configs_held.store(static_cast<std::int64_t>(entries_.size()),
                               std::memory_order_relaxed);
}

}  // namespace gateway
