#include "cmd/control.h"

#include <pthread.h>

#include "base/log.h"

namespace cmd {

bool Applied::wait(store::Sequence sequence) {
  std::unique_lock lock(mutex_);
  const bool done = changed_.wait_for(lock, kPatience, [&] { return sequence_ >= sequence; });
  if (!done)
    spdlog::warn("write {} is durable but not in force after {} s", sequence, kPatience.count());
  return done;
}

void Applied::advance(store::Sequence sequence) {
  {
    const std::lock_guard lock(mutex_);
    if (sequence <= sequence_) return;
    sequence_ = sequence;
  }
  changed_.notify_all();
}

base::Result<store::Sequence> Control::reload() {
  BASE_ASSIGN(const store::Sequence sequence, sessions_.load(store_));
  builder_.clear();
  for (const resource::Kind kind : resource::kAllKinds) {
    store::ListOptions options;
    options.include_system_hidden = true;
    BASE_ASSIGN(const store::Page page, store_.list(kind, options));
    for (const store::Resource& resource : page.items) builder_.put(resource);
  }
  return sequence;
}

base::Result<std::shared_ptr<const gateway::Snapshot>> Control::load() {
  BASE_ASSIGN(sequence_, reload());
  applied_.advance(sequence_);
  return builder_.build(sequence_);
}

void Control::start(gateway::DataPlane& plane) {
  thread_ = std::thread([this, &plane] {
    pthread_setname_np(pthread_self(), "control");
    run(plane);
  });
}

void Control::stop() {
  stopping_ = true;
  if (thread_.joinable()) thread_.join();
}

void Control::run(gateway::DataPlane& plane) {
  while (!stopping_) {
    const auto events = store_.watch(sequence_, kBatch, kWait);
    if (!events) {
      spdlog::error("watching the store: {}", events.error().message);
      if (const auto sequence = reload()) {
        sequence_ = *sequence;
        plane.publish(builder_.build(sequence_));
        applied_.advance(sequence_);
      } else {
        std::this_thread::sleep_for(kWait);
      }
      continue;
    }
    bool changed = false;
    for (const store::Event& event : *events) {
      sessions_.apply(event);
      changed |= event.type == store::Event::Type::kDeleted ? builder_.remove(*event.resource)
                                                            : builder_.put(event.resource);
      sequence_ = event.sequence;
    }
    if (changed) plane.publish(builder_.build(sequence_));
    if (!events->empty()) applied_.advance(sequence_);
  }
}

}  // namespace cmd
