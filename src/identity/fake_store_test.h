#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "store/key_store.h"
#include "store/store.h"

namespace identity {

// The Store contract in memory, as far as this module uses it.
class FakeStore final : public store::Store, public store::KeyStore {
 public:
  explicit FakeStore(const base::Clock& clock) : clock_(clock) {}

  // Runs before the next update, as a writer that is faster.
  std::function<void()> before_update;

  base::Result<store::Written> create(std::unique_ptr<store::Message> message,
                                      const store::Actor&) override {
    const std::scoped_lock lock(mutex_);
    const auto kind = resource::kind_of(*message);
    auto& metadata = resource::mutable_metadata_of(*message);
    for (const auto& [key, held] : records_)
      if (key.first == kind && resource::metadata_of(*held).name() == metadata.name())
        return base::fail(base::Code::kAlreadyExists, "exists", "exists");
    metadata.set_uid(base::make_uuid_v4());
    metadata.set_resourceversion(base::make_uuid_v7(clock_.now()));
    metadata.mutable_createdat()->set_seconds(base::to_seconds(clock_.now()));
    return put(store::Event::Type::kCreated, kind, std::move(message));
  }

  base::Result<store::Resource> get(store::Kind kind, std::string_view name) override {
    const std::scoped_lock lock(mutex_);
    for (const auto& [key, held] : records_)
      if (key.first == kind && resource::metadata_of(*held).name() == name) return held;
    return missing();
  }

  base::Result<store::Resource> get_by_uid(store::Kind kind, std::string_view uid) override {
    const std::scoped_lock lock(mutex_);
    const auto it = records_.find({kind, std::string(uid)});
    if (it == records_.end()) return missing();
    return it->second;
  }

  base::Result<store::Page> list(store::Kind kind, const store::ListOptions& options) override {
    const std::scoped_lock lock(mutex_);
    store::Page page;
    for (const auto& [key, held] : records_)
      if (key.first == kind && (!options.filter || options.filter(*held)))
        page.items.push_back(held);
    page.total_count = static_cast<std::uint32_t>(page.items.size());
    return page;
  }

  base::Result<store::Written> update(std::unique_ptr<store::Message> message,
                                      std::string_view expected_version,
                                      const store::Actor&) override {
    if (auto hook = std::exchange(before_update, nullptr)) hook();
    const std::scoped_lock lock(mutex_);
    const auto kind = resource::kind_of(*message);
    auto& metadata = resource::mutable_metadata_of(*message);
    const auto it = records_.find({kind, metadata.uid()});
    if (it == records_.end()) return missing();
    if (resource::metadata_of(*it->second).resourceversion() != expected_version)
      return base::fail(base::Code::kOutOfRange, "version", "somebody else was faster");
    metadata.set_resourceversion(base::make_uuid_v7(clock_.now()));
    return put(store::Event::Type::kUpdated, kind, std::move(message));
  }

  base::Result<store::Sequence> remove(store::Kind kind, std::string_view uid) override {
    const std::scoped_lock lock(mutex_);
    const auto it = records_.find({kind, std::string(uid)});
    if (it == records_.end()) return missing();
    events_.push_back({events_.size() + 1, store::Event::Type::kDeleted, kind, it->second});
    records_.erase(it);
    return events_.size();
  }

  base::Result<std::vector<store::Event>> watch(store::Sequence after, std::size_t limit,
                                                std::chrono::milliseconds) override {
    const std::scoped_lock lock(mutex_);
    std::vector<store::Event> events;
    for (std::size_t i = after; i < events_.size() && events.size() < limit; ++i)
      events.push_back(events_[i]);
    return events;
  }

  base::Result<store::Sequence> newest() override {
    const std::scoped_lock lock(mutex_);
    return events_.size();
  }

  base::Result<void> put_key(const store::KeyRecord& key) override {
    keys_.push_back(key);
    return {};
  }
  base::Result<std::vector<store::KeyRecord>> get_keys(std::string_view) override { return keys_; }
  base::Result<void> remove_key(std::string_view, std::string_view id) override {
    std::erase_if(keys_, [&](const auto& key) { return key.id == id; });
    return {};
  }

 private:
  static std::unexpected<base::Error> missing() {
    return base::fail(base::Code::kNotFound, "missing", "does not exist");
  }

  store::Written put(store::Event::Type type, store::Kind kind,
                     std::unique_ptr<store::Message> message) {
    const std::string uid = resource::metadata_of(*message).uid();
    store::Resource held(std::move(message));
    records_[{kind, uid}] = held;
    events_.push_back({events_.size() + 1, type, kind, held});
    return {held, events_.size()};
  }

  const base::Clock& clock_;
  std::mutex mutex_;
  std::map<std::pair<store::Kind, std::string>, store::Resource> records_;
  std::vector<store::Event> events_;
  std::vector<store::KeyRecord> keys_;
};

}  // namespace identity
