#include "store/event_feed.h"

#include <algorithm>

namespace store {

void EventFeed::publish(std::span<const Sized> events) {
  if (events.empty()) return;
  {
    const std::lock_guard lock(mutex_);
    for (const Sized& sized : events) {
      recent_.push_back(sized);
      bytes_ += sized.bytes;
    }
    newest_ = events.back().event.sequence;
    while (!recent_.empty() && (recent_.size() > limits_.events || bytes_ > limits_.bytes)) {
      bytes_ -= recent_.front().bytes;
      recent_.pop_front();
    }
  }
  published_.notify_all();
}

std::optional<std::vector<Event>> EventFeed::wait(Sequence after, std::size_t limit,
                                                  std::chrono::milliseconds wait) {
  std::unique_lock lock(mutex_);
  if (!published_.wait_for(lock, wait, [&] { return newest_ > after; }))
    return std::vector<Event>();
  if (recent_.empty() || recent_.front().event.sequence > after + 1) return std::nullopt;
  const std::size_t first = after + 1 - recent_.front().event.sequence;
  const std::size_t end = std::min(first + std::min(limit, recent_.size()), recent_.size());
  std::vector<Event> out;
  out.reserve(end - first);
  for (std::size_t i = first; i < end; ++i) out.push_back(recent_[i].event);
  return out;
}

Sequence EventFeed::newest() const {
  const std::lock_guard lock(mutex_);
  return newest_;
}

}  // namespace store
