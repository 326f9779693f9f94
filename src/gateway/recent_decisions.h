#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "policy/explanation.h"

namespace gateway {

// Which decisions are kept for `octeliumctl explain`, each number being of one worker.
struct RecentOptions {
  std::size_t entries = 1024;                // 0: none are kept
  std::size_t bytes = std::size_t{4} << 20;  // of all entries
  std::uint32_t per_second = 50;
  std::uint32_t sample = 100;  // one of so many allowed requests; 0: none. Of the denied, all
};

// The explanations of one worker's recent decisions; the oldest go first. Nobody, named by any text
// that is theirs alone, gets more than half of the number, the bytes and the time, so that a flood
// of one User's requests leaves the others theirs.
//
// Who is kept is bounded by number and by time: explaining takes at most kShare of the worker's
// time, so that many denied requests, or expensive ones, are no way to slow it down. The worker
// writes, any thread reads; the lock is held for copying one explanation.
class DecisionRing {
 public:
  enum class Fate : std::uint8_t { kUnknown, kKept, kRotatedOut, kTooMany };

  explicit DecisionRing(const RecentOptions& options);

  // On the worker: whether this decision is one to be kept. `now`: nanoseconds of a clock that is
  // never set back.
  bool wants(std::string_view id, std::string_view who, bool is_allowed, std::int64_t now);
  // On the worker: keeps it, and then what making and keeping it took of the thread's time.
  void keep(std::string_view id, std::string_view who,
            const policy::extv1::Explanation& explanation);
  void pass_over(std::string_view id) { forget(id, Fate::kTooMany); }
  void spend(std::string_view who, std::int64_t nanoseconds);

  // From any thread. `out` is only set for kKept.
  Fate find(std::string_view id, std::string& out) const;

 private:
  static constexpr std::size_t kForgotten = 8192;     // requests whose fate is still known
  static constexpr std::int64_t kShare = 50;          // of the time, one of so many parts
  static constexpr std::int64_t kBurst = 20'000'000;  // nanoseconds saved up at most

  struct Entry {
    std::string id;
    std::uint64_t who;
    std::string bytes;
  };
  // What may still be kept and spent; `part` of all there is.
  struct Allowance {
    bool refill(std::int64_t now, double per_second, std::int64_t part);  // whether there is any

    std::int64_t filled_at = 0;
    double tokens = 0;
    std::int64_t time_left = 0;
  };
  static constexpr std::size_t kShares = 256;  // for anybody, by a hash

  Allowance& share_of(std::string_view who);
  std::size_t next_to_go() const;
  void forget(std::string_view id, Fate fate);

  const RecentOptions options_;
  Allowance all_;
  std::array<Allowance, kShares> shares_;
  std::uint32_t skipped_ = 0;  // allowed requests since the last that was kept

  mutable std::mutex mutex_;
  std::deque<Entry> entries_;  // guarded by mutex_
  std::size_t bytes_ = 0;      // guarded by mutex_

  // A hash of the id, its lowest bit the fate; written by the worker, in turns.
  std::vector<std::atomic<std::uint64_t>> forgotten_;
  std::size_t next_forgotten_ = 0;
};

// The rings of all workers. Made before them, outlives them.
class RecentDecisions {
 public:
  RecentDecisions(const RecentOptions& options, int workers);

  // nullptr when nothing is kept.
  DecisionRing* ring_of(std::size_t worker) {
    return worker < rings_.size() ? rings_[worker].get() : nullptr;
  }
  // From any thread. kNotFound says why there is none.
  base::Result<policy::extv1::Explanation> find(std::string_view id) const;

 private:
  const RecentOptions options_;
  std::vector<std::unique_ptr<DecisionRing>> rings_;
};

}  // namespace gateway
