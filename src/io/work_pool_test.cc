#include "io/work_pool.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <semaphore>
#include <string>
#include <thread>
#include <vector>

#include "io/task.h"

namespace io {
namespace {

Task<void> hop(WorkPool& pool, EventLoop& loop, std::thread::id& where, bool& taken) {
  taken = co_await pool.run(loop, [&] { where = std::this_thread::get_id(); });
  loop.stop();
}

TEST(WorkPoolTest, WorkRunsElsewhereAndTheCoroutineGoesOnOnItsLoop) {
  WorkPool pool("test", 1, 4);
  EventLoop loop;
  Scope scope;
  std::thread::id where;
  bool taken = false;
  scope.spawn(hop(pool, loop, where, taken));
  EXPECT_EQ(scope.running(), 1u);
  loop.run();
  EXPECT_TRUE(taken);
  EXPECT_EQ(scope.running(), 0u);
  EXPECT_NE(where, std::this_thread::get_id());
}

TEST(WorkPoolTest, AFullQueueRefusesAndWhatIsQueuedIsDoneBeforeTheEnd) {
  std::binary_semaphore began(0);
  std::binary_semaphore release(0);
  std::atomic<int> done = 0;
  {
    WorkPool pool("test", 1, 2);
    ASSERT_TRUE(pool.submit([&] {
      began.release();
      release.acquire();
    }));
    began.acquire();  // so that the thread has it and the queue is empty
    EXPECT_TRUE(pool.submit([&] { ++done; }, {.waiting = 1}));
    EXPECT_FALSE(pool.submit([&] { ++done; }, {.waiting = 1}));  // somebody waits
    EXPECT_TRUE(pool.submit([&] { ++done; }));
    EXPECT_FALSE(pool.submit([&] { ++done; }));

    EventLoop loop;
    Scope scope;
    std::thread::id where;
    bool taken = true;
    scope.spawn(hop(pool, loop, where, taken));
    EXPECT_FALSE(taken);
    EXPECT_EQ(where, std::thread::id());
    release.release();
  }
  EXPECT_EQ(done, 2);
}

TEST(WorkPoolTest, OneWhoKeepsAThreadBusyDoesNotKeepOthersFromTheNext) {
  std::binary_semaphore release(0);
  std::binary_semaphore answered(0);
  std::atomic<int> done = 0;
  {
    WorkPool pool("test", 2, 16, Sharing::kFair);
    ASSERT_TRUE(pool.submit([&] { release.acquire(); }, {.who = "alice"}));
    for (int i = 0; i < 7; ++i) ASSERT_TRUE(pool.submit([&] { ++done; }, {.who = "alice"}));
    for (int i = 0; i < 3; ++i) {
      ASSERT_TRUE(pool.submit([&] { answered.release(); }, {.who = "bob"}));
      answered.acquire();
    }
    EXPECT_EQ(done, 0);  // the thread that is free is not alice's
    release.release();
  }
  EXPECT_EQ(done, 7) << "what waited for its turn at the end was not done";
}

TEST(WorkPoolTest, WhatWaitsIsRefusedWhenItIsGivenUp) {
  std::binary_semaphore began(0);
  std::binary_semaphore release(0);
  WorkPool pool("test", 1, 4);
  ASSERT_TRUE(pool.submit([&] {
    began.release();
    release.acquire();
  }));
  began.acquire();
  EventLoop loop;
  Scope scope;
  std::thread::id where;
  bool taken = true;
  scope.spawn(hop(pool, loop, where, taken));
  EXPECT_EQ(scope.running(), 1u);
  pool.give_up();
  release.release();
  loop.run();
  EXPECT_FALSE(taken);
  EXPECT_EQ(where, std::thread::id());
  EXPECT_EQ(scope.running(), 0u);
}

TEST(WorkPoolTest, ManyFromManyThreadsAreAllDoneOrRefused) {
  constexpr int kCallers = 4;
  constexpr int kEach = 2000;
  std::atomic<int> taken = 0;
  std::atomic<int> done = 0;
  std::array<std::atomic<int>, kCallers> running{};
  std::atomic<int> most = 0;
  {
    WorkPool pool("test", 3, 64, Sharing::kFair);
    std::vector<std::jthread> callers;
    for (std::size_t caller = 0; caller < kCallers; ++caller) {
      callers.emplace_back([&, caller] {
        const std::string who = std::to_string(caller);
        for (int i = 0; i < kEach; ++i) {
          taken += pool.submit(
              [&, caller] {
                if (const int now = ++running[caller]; now > most) most = now;
                ++done;
                --running[caller];
              },
              {.who = who});
        }
      });
    }
  }
  EXPECT_EQ(done, taken);
  EXPECT_GT(taken, 0);
  EXPECT_LE(most, 2);
}

}  // namespace
}  // namespace io
