#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "store/store.h"

namespace store {

// The newest events in memory, for watchers that keep up; who lags further behind reads them from
// the disk. Bounded in number and in bytes. Any thread may call it.
class EventFeed {
 public:
  struct Limits {
    std::size_t events = 1024;
    std::size_t bytes = 8u << 20;
  };
  struct Sized {
    Event event;
    std::size_t bytes = 0;
  };

  explicit EventFeed(Sequence newest, Limits limits) : limits_(limits), newest_(newest) {}

  // `events` follow the newest one without a gap.
  void publish(std::span<const Sized> events);

  // Waits until there are events after `after`, then returns at most `limit` of them; nothing when
  // `wait` is over, nullopt when the first one is no longer in memory.
  std::optional<std::vector<Event>> wait(Sequence after, std::size_t limit,
                                         std::chrono::milliseconds wait);
  Sequence newest() const;

 private:
  const Limits limits_;
  mutable std::mutex mutex_;
  std::condition_variable published_;
  std::deque<Sized> recent_;
  std::size_t bytes_ = 0;
  Sequence newest_;
};

}  // namespace store
