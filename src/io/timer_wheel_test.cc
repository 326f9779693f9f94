#include "io/timer_wheel.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <vector>

namespace io {
namespace {

class Recorder final : public Timer {
 public:
  explicit Recorder(std::function<void()> then = [] {}) : then_(std::move(then)) {}
  int fired = 0;

 protected:
  void on_deadline() override {
    ++fired;
    then_();
  }

 private:
  std::function<void()> then_;
};

constexpr Millis kStart = 1'000'003;  // no multiple of a slot

TEST(TimerWheel, NeverFiresEarlyAndAtMostOneSlotLate) {
  for (const Millis delay : {0, 1, 15, 16, 17, 999, 16'000, 16'384, 40'000, 3'600'000}) {
    TimerWheel wheel(kStart);
    Recorder timer;
    wheel.arm(timer, kStart + delay);
    for (Millis now = kStart; now < kStart + delay; now += 7) wheel.advance(now);
    wheel.advance(kStart + delay - 1);
    EXPECT_EQ(timer.fired, 0) << delay;
    wheel.advance(kStart + delay + TimerWheel::kSlotMillis);
    EXPECT_EQ(timer.fired, 1) << delay;
  }
}

TEST(TimerWheel, FiresOnce) {
  TimerWheel wheel(kStart);
  Recorder timer;
  wheel.arm(timer, kStart + 10);
  wheel.advance(kStart + 100);
  wheel.advance(kStart + 100'000);
  EXPECT_EQ(timer.fired, 1);
}

TEST(TimerWheel, ADeadlineCanMoveLaterEarlierAndAway) {
  TimerWheel wheel(kStart);
  Recorder later;
  Recorder earlier;
  Recorder away;
  wheel.arm(later, kStart + 100);
  wheel.arm(later, kStart + 500);
  wheel.arm(earlier, kStart + 500);
  wheel.arm(earlier, kStart + 100);
  wheel.arm(away, kStart + 100);
  wheel.arm(away, kNever);
  wheel.advance(kStart + 200);
  EXPECT_EQ(later.fired, 0);
  EXPECT_EQ(earlier.fired, 1);
  wheel.advance(kStart + 600);
  EXPECT_EQ(later.fired, 1);
  EXPECT_EQ(away.fired, 0);
}

TEST(TimerWheel, ACallbackMayArmItsOwnTimerAgain) {
  TimerWheel wheel(kStart);
  Millis now = kStart;
  std::unique_ptr<Recorder> timer;
  timer = std::make_unique<Recorder>([&] { wheel.arm(*timer, now + 50); });
  wheel.arm(*timer, kStart + 50);
  for (; now < kStart + 1000; ++now) wheel.advance(now);
  EXPECT_GE(timer->fired, 1000 / (50 + 2 * TimerWheel::kSlotMillis));
  EXPECT_LE(timer->fired, 1000 / 50);
}

TEST(TimerWheel, ACallbackMayDestroyTimersOfItsOwnSlot) {
  TimerWheel wheel(kStart);
  std::vector<std::unique_ptr<Recorder>> timers(8);
  int fired = 0;
  for (auto& timer : timers) {
    timer = std::make_unique<Recorder>([&] {
      ++fired;
      timers.clear();
    });
    wheel.arm(*timer, kStart + 20);
  }
  wheel.advance(kStart + 100);
  EXPECT_EQ(fired, 1);
}

TEST(TimerWheel, ADestroyedTimerIsForgotten) {
  TimerWheel wheel(kStart);
  auto timer = std::make_unique<Recorder>([] { FAIL(); });
  wheel.arm(*timer, kStart + 20);
  timer.reset();
  wheel.advance(kStart + 100);
}

TEST(TimerWheel, AClockThatJumpsFiresEverythingThatIsDue) {
  TimerWheel wheel(kStart);
  std::vector<std::unique_ptr<Recorder>> timers;
  for (int i = 0; i < 3000; ++i) {
    timers.push_back(std::make_unique<Recorder>());
    wheel.arm(*timers.back(), kStart + i * 37);
  }
  wheel.advance(kStart + 10'000'000);
  for (const auto& timer : timers) EXPECT_EQ(timer->fired, 1);
}

}  // namespace
}  // namespace io
