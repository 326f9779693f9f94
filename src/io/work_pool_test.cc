#include "io/work_pool.h"

#include <gtest/gtest.h>

#include <semaphore>

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
    EXPECT_TRUE(pool.submit([&] { ++done; }, 1));
    EXPECT_FALSE(pool.submit([&] { ++done; }, 1));  // somebody waits
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

}  // namespace
}  // namespace io
