#pragma once

#include <condition_variable>
#include <coroutine>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "io/event_loop.h"

namespace io {

// A few threads for what must not hold up an event loop: work that waits for a disk, or that takes
// long. Bounded: what does not fit is refused at once. Outlives the loops whose coroutines wait.
class WorkPool {
 public:
  WorkPool(const char* name, int threads, std::size_t queued);
  ~WorkPool();  // what waits is done first
  WorkPool(const WorkPool&) = delete;
  WorkPool& operator=(const WorkPool&) = delete;

  static constexpr std::size_t kAnyNumber = ~std::size_t{0};

  // From any thread. False: the queue is full, or has `waiting` pieces of work in it already.
  bool submit(std::function<void()> work, std::size_t waiting = kAnyNumber);

  // Runs `work` on a thread of the pool and suspends the awaiting coroutine of `loop` meanwhile;
  // false, without having run it, when the queue is full. The coroutine must not be destroyed
  // while it waits, and what `work` uses is the pool's until then.
  auto run(EventLoop& loop, std::function<void()> work, std::size_t waiting = kAnyNumber) {
    struct Awaiter {
      WorkPool& pool;
      EventLoop& loop;
      std::function<void()> work;
      std::size_t waiting;
      bool taken = false;

      bool await_ready() const noexcept { return false; }
      bool await_suspend(std::coroutine_handle<> caller) {
        taken = pool.submit(
            [this, caller] {
              work();
              loop.post([caller] { caller.resume(); });
            },
            waiting);
        return taken;
      }
      bool await_resume() const noexcept { return taken; }
    };
    return Awaiter{*this, loop, std::move(work), waiting};
  }

 private:
  void serve(const char* name);

  const std::size_t queued_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> queue_;  // guarded by mutex_
  bool stopping_ = false;                    // guarded by mutex_
  std::vector<std::thread> threads_;
};

}  // namespace io
