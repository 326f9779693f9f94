#pragma once

#include <atomic>
#include <condition_variable>
#include <coroutine>
#include <functional>
#include <mutex>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "io/event_loop.h"
#include "io/fair_queue.h"

namespace io {

// Whose work it is that a WorkPool is to do, and when it is not worth to be done.
struct Claim {
  static constexpr std::size_t kAnyNumber = ~std::size_t{0};

  std::string_view who{};            // whoever names nobody is the same one
  std::size_t waiting = kAnyNumber;  // refused where so many pieces of anybody's work wait
};

// A few threads for what must not hold up an event loop: work that waits for a disk, or that takes
// long. Bounded: what does not fit is refused at once. Outlives the loops whose coroutines wait.
class WorkPool {
 public:
  WorkPool(const char* name, int threads, std::size_t queued,
           Sharing sharing = Sharing::kFirstCome);
  ~WorkPool();  // what waits is done first
  WorkPool(const WorkPool&) = delete;
  WorkPool& operator=(const WorkPool&) = delete;

  // From any thread. False: it was refused, because of `claim` or because the queue is full.
  bool submit(std::function<void()> work, const Claim& claim = {});

  // Runs `work` on a thread of the pool and suspends the awaiting coroutine of `loop` meanwhile;
  // false, without having run it, when it was refused. The coroutine must not be destroyed while it
  // waits, and what `work` uses is the pool's until then.
  auto run(EventLoop& loop, std::function<void()> work, const Claim& claim = {}) {
    struct Awaiter {
      WorkPool& pool;
      EventLoop& loop;
      std::function<void()> work;
      Claim claim;
      bool taken = false;
      bool given_up = false;

      bool await_ready() const noexcept { return false; }
      bool await_suspend(std::coroutine_handle<> caller) {
        taken = pool.submit(
            [this, caller] {
              given_up = pool.giving_up_;
              if (!given_up) work();
              loop.post([caller] { caller.resume(); });
            },
            claim);
        return taken;
      }
      bool await_resume() const noexcept { return taken && !given_up; }
    };
    return Awaiter{*this, loop, std::move(work), claim};
  }

  // From any thread: nobody is interested any more. Every `run` that has not begun is refused.
  void give_up() { giving_up_ = true; }

 private:
  void serve(const char* name);

  std::mutex mutex_;
  std::condition_variable wake_;
  FairQueue queue_;        // guarded by mutex_
  bool stopping_ = false;  // guarded by mutex_
  std::atomic<bool> giving_up_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace io
