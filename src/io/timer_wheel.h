#pragma once

#include <array>
#include <chrono>
#include <cstdint>

namespace io {

// Monotonic time of a loop, in milliseconds; read once per event batch.
using Millis = std::int64_t;
inline constexpr Millis kNever = INT64_MAX;

class TimerWheel;

// Something that is told when its deadline has passed. Linked into one wheel at most; unlinks
// itself when it goes.
class Timer {
 public:
  Timer() = default;
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  virtual ~Timer() { unlink(); }

  Millis deadline() const { return deadline_; }

 protected:
  virtual void on_deadline() = 0;

 private:
  friend class TimerWheel;
  void unlink() {
    if (previous_ == nullptr) return;
    previous_->next_ = next_;
    if (next_ != nullptr) next_->previous_ = previous_;
    previous_ = next_ = nullptr;
  }

  Timer* previous_ = nullptr;
  Timer* next_ = nullptr;
  Millis deadline_ = kNever;
  Millis slot_time_ = 0;  // when the wheel will look at it next; never after the deadline
};

// A hashed wheel of deadlines with lazy re-arming: moving a deadline later is one store, and the
// wheel finds out when it comes to the slot. That is what makes a deadline per read and write
// affordable (docs/performance.md). Precision is one slot; deadlines never fire early.
class TimerWheel {
 public:
  static constexpr Millis kSlotMillis = 16;
  static constexpr std::size_t kSlots =
      1024;  // one turn is 16 s; what lies further is looked at once a turn

  explicit TimerWheel(Millis now);
  ~TimerWheel();

  // kNever disarms (lazily).
  void arm(Timer& timer, Millis deadline);
  // Fires every timer whose deadline is at or before `now`.
  void advance(Millis now);

 private:
  class Head final : public Timer {
   protected:
    void on_deadline() override {}
  };

  void link(Timer& timer);

  std::array<Head, kSlots> slots_;
  Millis current_;  // start of the slot that is looked at next
};

}  // namespace io
