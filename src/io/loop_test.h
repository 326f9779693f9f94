#pragma once

#include <sys/socket.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "io/event_loop.h"
#include "io/socket.h"
#include "io/task.h"

namespace io {

// Runs coroutines on a loop of their own, on the test's thread, until all of them have ended. What
// hangs ends the program after a while, since a test must not stand for ever.
class TestLoop {
 public:
  TestLoop() { loop_.timers().arm(watchdog_, loop_.in(20'000)); }

  EventLoop& loop() { return loop_; }

  void run(Task<void> task) { run(std::move(task), nothing()); }
  void run(Task<void> first, Task<void> second) {
    scope_.spawn(std::move(first));
    scope_.spawn(std::move(second));
    ending_.spawn(end());
    loop_.run();
  }

  // Two connected sockets, non-blocking.
  std::array<std::unique_ptr<Socket>, 2> pair() {
    int fds[2] = {-1, -1};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) != 0) std::abort();
    return {std::make_unique<Socket>(loop_, fds[0]), std::make_unique<Socket>(loop_, fds[1])};
  }

 private:
  class Watchdog final : public Timer {
    void on_deadline() override {
      std::fputs("a task of this test did not end\n", stderr);
      std::abort();
    }
  };

  static Task<void> nothing() { co_return; }
  Task<void> end() {
    co_await scope_.drained();
    loop_.stop();
  }

  EventLoop loop_;
  Watchdog watchdog_;
  Scope scope_;
  Scope ending_;
};

}  // namespace io
