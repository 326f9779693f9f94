#include "io/timer_wheel.h"

#include <algorithm>

namespace io {
namespace {

constexpr Millis kTurn = TimerWheel::kSlotMillis * static_cast<Millis>(TimerWheel::kSlots);

}  // namespace

TimerWheel::TimerWheel(Millis now) : current_(now - now % kSlotMillis) {}

TimerWheel::~TimerWheel() {
  for (Head& head : slots_)
    while (head.next_ != nullptr) head.next_->unlink();
}

void TimerWheel::arm(Timer& timer, Millis deadline) {
  timer.deadline_ = deadline;
  if (timer.previous_ != nullptr) {
    if (timer.slot_time_ <= deadline) return;  // the wheel looks early enough anyway
    timer.unlink();
  }
  if (deadline != kNever) link(timer);
}

void TimerWheel::link(Timer& timer) {
  // Round up, so that a timer is never looked at before its deadline without need.
  const Millis latest = current_ + kTurn - kSlotMillis;
  const Millis wanted = timer.deadline_ > latest ? latest : timer.deadline_ + kSlotMillis - 1;
  timer.slot_time_ = std::max(current_, wanted - wanted % kSlotMillis);
  Timer& head = slots_[static_cast<std::size_t>(timer.slot_time_ / kSlotMillis) % kSlots];
  timer.previous_ = &head;
  timer.next_ = head.next_;
  if (head.next_ != nullptr) head.next_->previous_ = &timer;
  head.next_ = &timer;
}

void TimerWheel::advance(Millis now) {
  while (current_ <= now) {
    Timer& head = slots_[static_cast<std::size_t>(current_ / kSlotMillis) % kSlots];
    // Detach the slot first: a callback may arm or destroy any timer, itself included.
    Head due;
    due.next_ = head.next_;
    if (due.next_ != nullptr) due.next_->previous_ = &due;
    head.next_ = nullptr;
    current_ += kSlotMillis;
    while (due.next_ != nullptr) {
      Timer& timer = *due.next_;
      timer.unlink();
      if (timer.deadline_ <= now) {
        timer.deadline_ = kNever;
        timer.on_deadline();
      } else if (timer.deadline_ != kNever) {
        link(timer);
      }
    }
  }
}

}  // namespace io
