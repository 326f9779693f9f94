#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace io {

// How those whose work it is share the threads and the queue of a pool.
enum class Sharing : std::uint8_t {
  kFirstCome,  // one may take everything
  kFair,       // one gets all threads but one, and no more places than are left to others
};

// Work that waits for threads. Everyone's stands in a line of its own, and the lines take turns, so
// that one's many are never in front of another's few. Bounded: what does not fit is refused.
//
//   if (queue.has_next()) { auto next = queue.take(); next.work(); queue.end(next); }
//
// For one thread at a time; runs nothing itself.
class FairQueue {
  struct Line {
    std::deque<std::function<void()>> waiting;
    int running = 0;
  };
  using Lines = std::unordered_map<std::string, Line>;

 public:
  using Work = std::function<void()>;
  struct Next {
    Work work;
    Lines::value_type* line;
  };

  FairQueue(std::size_t places, int threads, Sharing sharing);

  // False: there is no place, or none for `who`.
  bool push(std::string_view who, Work work);
  // Whether there is work that may run now. Other work may wait for the end of what is running.
  bool has_next() const { return !turns_.empty(); }
  Next take();
  // What was taken has been done; once.
  void end(const Next& next);

  std::size_t waiting() const { return waiting_; }
  // Of whom there is work, waiting or running.
  std::size_t lines() const { return lines_.size(); }

 private:
  bool may_run(const Line& line) const {
    return !line.waiting.empty() && line.running < threads_of_one_;
  }

  const std::size_t places_;
  const Sharing sharing_;
  const int threads_of_one_;
  std::size_t waiting_ = 0;
  Lines lines_;
  std::deque<Lines::value_type*> turns_;  // of those that may run, each once
};

}  // namespace io
