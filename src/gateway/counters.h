#pragma once

#include <atomic>
#include <cstdint>

namespace gateway {

// What one worker counts, for the metrics. Written on the worker, read anywhere.
struct Counters {
  std::atomic<std::uint64_t> requests{0};
  std::atomic<std::uint64_t> allowed{0};
  std::atomic<std::uint64_t> denied{0};
  std::atomic<std::uint64_t> rejected{0};
  std::atomic<std::uint64_t> shadow_allowed{0};  // denied, and would not have been
  std::atomic<std::uint64_t> shadow_denied{0};   // the other way round
  std::atomic<std::uint64_t> upstream_failures{0};
  std::atomic<std::uint64_t> connections{0};
  std::atomic<std::int64_t> open_connections{0};
  std::atomic<std::uint64_t> config_rule_failures{0};
  std::atomic<std::uint64_t> configs_computed{0};  // compiled, good or bad
  std::atomic<std::uint64_t> configs_refused{0};   // requests, for want of a good one
  std::atomic<std::int64_t> configs_held{0};
};

}  // namespace gateway
