#pragma once

#include <atomic>
#include <coroutine>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "io/buffer_pool.h"
#include "io/timer_wheel.h"

namespace io {

// Receives readiness of one descriptor, edge-triggered.
class Watcher {
 public:
  virtual ~Watcher() = default;
  // `events` are epoll's bits. May destroy the watcher.
  virtual void on_events(std::uint32_t events) = 0;
};

// One thread's reactor. Everything but `post` and `stop` belongs to that thread.
//
// After an event, work runs depth-first (receive, parse, send) before the next event is looked at;
// work that pays off when it is batched (HTTP/2 flushes, log flushes) goes to `defer`, which runs
// at the end of the batch.
class EventLoop {
 public:
  EventLoop();
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  void run();                             // until stop()
  void stop();                            // from any thread
  void post(std::function<void()> work);  // from any thread

  // Registers for input, output and hang-up, once; the kernel forgets the descriptor when it is
  // closed.
  bool watch(int fd, Watcher& watcher);
  void unwatch(int fd, Watcher& watcher);
  // For a watcher whose descriptor is about to be closed, which unregisters it.
  void forget(Watcher& watcher);

  // Runs at the end of this event batch, before the loop sleeps.
  void defer(std::coroutine_handle<> handle) { deferred_.push_back(handle); }
  // Called once per batch, after the deferred work; for flushing what was collected.
  void on_batch_end(std::function<void()> work) { batch_end_.push_back(std::move(work)); }

  Millis now() const { return now_; }
  Millis in(Millis millis) const { return now_ + millis; }
  TimerWheel& timers() { return timers_; }

  // Room for ciphertext between an SSL call and the send that follows it.
  std::string& tls_scratch() { return tls_scratch_; }
  // Room to put a message head together in.
  std::string& head_scratch() { return head_scratch_; }

  BufferPool& head_buffers() { return head_buffers_; }  // 16 KiB: message heads, small bodies
  BufferPool& bulk_buffers() { return bulk_buffers_; }  // 128 KiB: streaming bodies

  // Suspends the awaiting coroutine to the end of this batch.
  auto batch_end() {
    struct Awaiter {
      EventLoop& loop;
      bool await_ready() const noexcept { return false; }
      void await_suspend(std::coroutine_handle<> caller) const { loop.defer(caller); }
      void await_resume() const noexcept {}
    };
    return Awaiter{*this};
  }

 private:
  static constexpr int kBatch = 256;

  void update_clock();
  void run_posted();
  void run_deferred();

  int epoll_ = -1;
  int wake_ = -1;
  std::atomic<bool> stopping_ = false;
  Millis now_ = 0;
  TimerWheel timers_;
  BufferPool head_buffers_{16 * 1024, 1024};
  BufferPool bulk_buffers_{128 * 1024, 16};
  std::vector<std::coroutine_handle<>> deferred_;
  std::vector<std::function<void()>> batch_end_;
  std::vector<Watcher*>
      live_batch_;  // watchers of the current batch; null when unwatched meanwhile
  std::string tls_scratch_;
  std::string head_scratch_;
  std::mutex posted_mutex_;
  std::vector<std::function<void()>> posted_;  // guarded by posted_mutex_
};

// Suspends for a time.
class Sleep final : public Timer {
 public:
  Sleep(EventLoop& loop, Millis millis) : loop_(loop), until_(loop.in(millis)) {}
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> caller) {
    caller_ = caller;
    loop_.timers().arm(*this, until_);
  }
  void await_resume() const noexcept {}

 private:
  void on_deadline() override { caller_.resume(); }
  EventLoop& loop_;
  Millis until_;
  std::coroutine_handle<> caller_;
};

}  // namespace io
