#include "io/fair_queue.h"

#include <gtest/gtest.h>

#include <vector>

namespace io {
namespace {

// What runs, in its order, on `threads` threads that each take their next as soon as they may.
class Threads {
 public:
  Threads(std::size_t places, int threads, Sharing sharing)
      : queue(places, threads, sharing), threads_(static_cast<std::size_t>(threads)) {}

  bool push(const std::string& who) {
    return queue.push(who, [this, who] { order.push_back(who); });
  }
  void start() {
    while (running_.size() < threads_ && queue.has_next()) {
      running_.push_back(queue.take());
      running_.back().work();
    }
  }
  // The piece of work that began so many before the last one ends, and what may run then begins.
  void end(std::size_t nth = 0) {
    queue.end(running_.at(nth));
    running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(nth));
    start();
  }
  void finish() {
    for (start(); !running_.empty();) end();
  }
  std::size_t running() const { return running_.size(); }

  FairQueue queue;
  std::vector<std::string> order;

 private:
  std::size_t threads_;
  std::vector<FairQueue::Next> running_;
};

using Order = std::vector<std::string>;

TEST(FairQueueTest, LinesTakeTurnsAndEachKeepsItsOrder) {
  std::vector<int> done;
  FairQueue queue(16, 1, Sharing::kFair);
  for (int i = 0; i < 4; ++i) queue.push("alice", [&done, i] { done.push_back(i); });
  for (int i = 10; i < 12; ++i) queue.push("bob", [&done, i] { done.push_back(i); });
  queue.push("carol", [&done] { done.push_back(20); });
  while (queue.has_next()) {
    auto next = queue.take();
    next.work();
    queue.end(next);
  }
  EXPECT_EQ(done, (std::vector{0, 10, 20, 1, 11, 2, 3}));
}

TEST(FairQueueTest, OneThreadIsLeftToOthers) {
  Threads run(16, 3, Sharing::kFair);
  for (int i = 0; i < 5; ++i) run.push("alice");
  run.start();
  EXPECT_EQ(run.running(), 2u);
  EXPECT_FALSE(run.queue.has_next());
  run.push("bob");
  run.start();
  EXPECT_EQ(run.order, (Order{"alice", "alice", "bob"}));
  run.end(2);  // bob's: the thread stays free
  EXPECT_EQ(run.running(), 2u);
  run.end();
  EXPECT_EQ(run.running(), 2u);
  run.finish();
  EXPECT_EQ(run.order, (Order{"alice", "alice", "bob", "alice", "alice", "alice"}));
}

TEST(FairQueueTest, WhoComesLateWaitsForOnePieceOfEachInFront) {
  Threads run(64, 2, Sharing::kFair);
  for (int i = 0; i < 8; ++i) run.push("alice");
  for (int i = 0; i < 8; ++i) run.push("bob");
  run.start();
  run.push("carol");
  run.push("carol");
  run.end();  // alice's
  EXPECT_EQ(run.order, (Order{"alice", "bob", "carol"}));
  run.end();  // bob's: alice has waited for longer than carol's second
  EXPECT_EQ(run.order, (Order{"alice", "bob", "carol", "alice"}));
  run.finish();
  EXPECT_EQ(run.order.size(), 18u);
}

TEST(FairQueueTest, NobodyGetsMorePlacesThanAreLeft) {
  Threads run(16, 2, Sharing::kFair);
  const auto fill = [&](const std::string& who) {
    int places = 0;
    while (run.push(who)) ++places;
    return places;
  };
  EXPECT_EQ(fill("alice"), 8);
  EXPECT_EQ(fill("bob"), 4);
  EXPECT_EQ(fill("carol"), 2);
  EXPECT_EQ(fill("dave"), 1);
  EXPECT_EQ(fill("erin"), 1);  // the last place is for whoever has none
  EXPECT_EQ(fill("frank"), 0);
  EXPECT_EQ(run.queue.waiting(), 16u);
  EXPECT_EQ(run.queue.lines(), 5u);
  run.start();  // one of alice's and one of bob's
  EXPECT_EQ(fill("alice"), 0);
  EXPECT_EQ(fill("frank"), 1);
}

TEST(FairQueueTest, OneOfAllMayHaveAllOfAPoolThatIsNotShared) {
  Threads run(4, 2, Sharing::kFirstCome);
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(run.push(""));
  EXPECT_FALSE(run.push(""));
  run.start();
  EXPECT_EQ(run.running(), 2u);
  EXPECT_TRUE(run.push(""));
  EXPECT_TRUE(run.push(""));
  EXPECT_FALSE(run.push(""));
  run.finish();
  EXPECT_EQ(run.order.size(), 6u);
}

TEST(FairQueueTest, ASingleThreadServesEverybody) {
  Threads run(8, 1, Sharing::kFair);
  run.push("alice");
  run.push("alice");
  run.finish();
  EXPECT_EQ(run.order, (Order{"alice", "alice"}));
}

TEST(FairQueueTest, NothingIsRememberedOfWhoHasNoWork) {
  Threads run(8, 2, Sharing::kFair);
  for (int i = 0; i < 1000; ++i) {
    run.push("user-" + std::to_string(i));
    run.push("alice");
    EXPECT_LE(run.queue.lines(), 2u);
    run.finish();
    EXPECT_EQ(run.queue.lines(), 0u);
  }
  EXPECT_EQ(run.queue.waiting(), 0u);
  EXPECT_FALSE(run.queue.has_next());
}

}  // namespace
}  // namespace io
