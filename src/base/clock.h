#pragma once

#include <chrono>
#include <cstdint>

namespace base {

using WallTime = std::chrono::sys_time<std::chrono::nanoseconds>;

// Wall-clock time for what is stored and shown. Virtual so that tests can turn it.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual WallTime now() const = 0;
};

class SystemClock final : public Clock {
 public:
  WallTime now() const override;
};

class FakeClock final : public Clock {
 public:
  WallTime now() const override { return now_; }
  void advance(std::chrono::nanoseconds by) { now_ += by; }
  void set(WallTime to) { now_ = to; }

 private:
  WallTime now_{std::chrono::seconds(1'700'000'000)};
};

// Seconds since the epoch.
inline std::int64_t to_seconds(WallTime t) {
  return std::chrono::floor<std::chrono::seconds>(t).time_since_epoch().count();
}

}  // namespace base
