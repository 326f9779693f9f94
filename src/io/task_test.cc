#include "io/task.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace io {
namespace {

Task<int> add(int a, int b) { co_return a + b; }
Task<int> sum(int n) {
  int total = 0;
  for (int i = 1; i <= n; ++i) total += co_await add(i, 0);
  co_return total;
}
Task<void> store(int n, int& out) { out = co_await sum(n); }

TEST(Task, ResultsComeBackThroughNestedTasks) {
  int out = 0;
  Scope scope;
  scope.spawn(store(60'000, out));  // symmetric transfer: the stack does not grow
  EXPECT_EQ(out, 1'800'030'000);
  EXPECT_EQ(scope.running(), 0u);
}

Task<void> wait_for(Signal& signal, std::string& log, char name) {
  co_await signal.wait();
  log += name;
}
Task<void> wait_drained(Scope& scope, std::string& log) {
  co_await scope.drained();
  log += '.';
}

TEST(Scope, DrainedWaitsForTheLastTask) {
  Signal a;
  Signal b;
  std::string log;
  Scope tasks;
  Scope waiter;
  tasks.spawn(wait_for(a, log, 'a'));
  tasks.spawn(wait_for(b, log, 'b'));
  waiter.spawn(wait_drained(tasks, log));
  b.set();
  EXPECT_EQ(log, "b");
  a.set();
  EXPECT_EQ(log, "ba.");
}

TEST(Signal, OneThatIsSetLetsPass) {
  Signal signal;
  signal.set();
  std::string log;
  Scope scope;
  scope.spawn(wait_for(signal, log, 'x'));
  EXPECT_EQ(log, "x");
  signal.reset();
  scope.spawn(wait_for(signal, log, 'y'));
  EXPECT_EQ(log, "x");
  signal.set();
  EXPECT_EQ(log, "xy");
}

Task<void> hold(std::shared_ptr<int> value, Signal& signal) {
  co_await signal.wait();
  EXPECT_EQ(*value, 7);
}

TEST(Task, ParametersLiveAsLongAsItsFrame) {
  Signal signal;
  auto value = std::make_shared<int>(7);
  std::weak_ptr<int> watch = value;
  Scope scope;
  scope.spawn(hold(std::move(value), signal));
  EXPECT_FALSE(watch.expired());
  signal.set();
  EXPECT_TRUE(watch.expired());
}

TEST(Task, OneThatIsNeverAwaitedNeverRuns) {
  Signal signal;
  std::string log;
  {
    const auto task = wait_for(signal, log, 'x');
  }
  signal.set();
  EXPECT_EQ(log, "");
}

}  // namespace
}  // namespace io
