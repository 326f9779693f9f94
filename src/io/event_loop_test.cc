#include "io/event_loop.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <thread>
#include <vector>

#include "io/listener.h"
#include "io/loop_test.h"
#include "io/resolver.h"

namespace io {
namespace {

TEST(EventLoop, WorkPostedByOtherThreadsRunsOnItsOwn) {
  EventLoop loop;
  const auto owner = std::this_thread::get_id();
  constexpr int kThreads = 4;
  constexpr int kEach = 500;
  int ran = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < kEach; ++i) {
        loop.post([&] {
          EXPECT_EQ(std::this_thread::get_id(), owner);
          if (++ran == kThreads * kEach) loop.stop();
        });
      }
    });
  }
  loop.run();
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(ran, kThreads * kEach);
}

TEST(EventLoop, DeferredWorkRunsAtTheEndOfTheBatchInOrder) {
  TestLoop test;
  std::string order;
  const auto task = [](EventLoop& loop, std::string& out, char name) -> Task<void> {
    out += name;
    co_await loop.batch_end();
    out += name;
    co_await loop.batch_end();  // the same pass takes it
    out += name;
  };
  test.run(task(test.loop(), order, 'a'), task(test.loop(), order, 'b'));
  EXPECT_EQ(order, "ababab");
}

// One watcher unwatches the other: whichever event comes first, the second must not be delivered.
class Rival final : public Watcher {
 public:
  Rival(EventLoop& loop, int fd, int& delivered) : loop_(loop), fd_(fd), delivered_(delivered) {
    loop_.watch(fd_, *this);
  }
  ~Rival() override { loop_.unwatch(fd_, *this); }
  std::unique_ptr<Rival>* other = nullptr;

 private:
  void on_events(std::uint32_t) override {
    ++delivered_;
    other->reset();
    loop_.stop();
  }
  EventLoop& loop_;
  int fd_;
  int& delivered_;
};

TEST(EventLoop, AnEventThatWasFetchedDoesNotReachAWatcherThatIsGone) {
  EventLoop loop;
  int one[2];
  int two[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, one), 0);
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, two), 0);
  int delivered = 0;
  auto a = std::make_unique<Rival>(loop, one[0], delivered);
  auto b = std::make_unique<Rival>(loop, two[0], delivered);
  a->other = &b;
  b->other = &a;
  loop.run();
  EXPECT_EQ(delivered, 1);
  a.reset();
  b.reset();
  for (const int fd : {one[0], one[1], two[0], two[1]}) close(fd);
}

class Greeter final : public Acceptor {
 public:
  explicit Greeter(EventLoop& loop) : loop_(loop) {}
  int accepted = 0;
  int expected = 1;

 private:
  void on_accept(int fd) override {
    EXPECT_EQ(send(fd, "hello", 5, MSG_NOSIGNAL), 5);
    close(fd);
    if (++accepted == expected) loop_.stop();
  }
  EventLoop& loop_;
};

TEST(Listener, TakesEveryConnectionThatWaits) {
  const auto fd = bind_listener(*Address::parse("127.0.0.1:0"), false);
  ASSERT_TRUE(fd);
  const Address address = bound_address(*fd);
  EXPECT_NE(address.port(), 0);
  std::vector<int> clients;
  for (int i = 0; i < 200; ++i) {  // more than it takes at one event
    clients.push_back(socket(AF_INET, SOCK_STREAM, 0));
    ASSERT_EQ(connect(clients.back(), address.data(), address.size()), 0);
  }
  EventLoop loop;
  Greeter greeter(loop);
  greeter.expected = 200;
  Listener listener(loop, *fd, greeter);
  loop.run();
  EXPECT_EQ(greeter.accepted, 200);
  char word[5];
  for (const int client : clients) {
    EXPECT_EQ(recv(client, word, sizeof word, MSG_WAITALL), 5);
    close(client);
  }
  listener.stop();
  const int late = socket(AF_INET, SOCK_STREAM, 0);
  EXPECT_NE(connect(late, address.data(), address.size()), 0);
  close(late);
}

TEST(Listener, AnAddressInUseIsNamed) {
  const auto first = bind_listener(*Address::parse("127.0.0.1:0"), false);
  ASSERT_TRUE(first);
  const auto second = bind_listener(bound_address(*first), false);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().reason, "listen_failed");
  EXPECT_NE(second.error().message.find(bound_address(*first).text()), std::string::npos);
  close(*first);
}

Task<void> connect_to(EventLoop& loop, const Address& address, IoResult& result) {
  const int fd = begin_connect(address);
  if (fd < 0) {
    result = fd;
    co_return;
  }
  Socket socket(loop, fd);
  result = co_await socket.connected(loop.in(5'000));
  if (result <= 0) co_return;
  char byte = 0;
  // The peer accepts and closes at once: both may be one event, and neither must be lost.
  result = co_await socket.read(&byte, 1, loop.in(5'000));
}

TEST(Connect, AConnectionThatIsClosedAtOnceEndsAtOnce) {
  const auto fd = bind_listener(*Address::parse("127.0.0.1:0"), false);
  ASSERT_TRUE(fd);
  const Address address = bound_address(*fd);
  std::thread server([&] {
    while (true) {
      const int client = accept4(*fd, nullptr, nullptr, SOCK_CLOEXEC);
      if (client >= 0) {
        close(client);
        return;
      }
      std::this_thread::yield();
    }
  });
  TestLoop test;
  IoResult result = -1;
  test.run(connect_to(test.loop(), address, result));
  server.join();
  close(*fd);
  EXPECT_EQ(result, 0);
}

TEST(Connect, ARefusalIsAnError) {
  const auto fd = bind_listener(*Address::parse("127.0.0.1:0"), false);
  ASSERT_TRUE(fd);
  const Address address = bound_address(*fd);
  close(*fd);
  TestLoop test;
  IoResult result = 0;
  test.run(connect_to(test.loop(), address, result));
  EXPECT_EQ(result, -ECONNREFUSED);
}

Task<void> resolve(Resolver& resolver, std::string_view host,
                   base::Result<std::vector<Address>>& out) {
  out = co_await resolver.resolve(host, 8080);
}

TEST(Resolver, LiteralsAndTheHostsFileNeedNoServer) {
  TestLoop test;
  Resolver resolver(test.loop());
  base::Result<std::vector<Address>> literal;
  base::Result<std::vector<Address>> local;
  test.run(resolve(resolver, "2001:db8::7", literal), resolve(resolver, "localhost", local));
  ASSERT_TRUE(literal);
  ASSERT_EQ(literal->size(), 1u);
  EXPECT_EQ(literal->front().text(), "[2001:db8::7]:8080");
  ASSERT_TRUE(local);
  EXPECT_TRUE(local->front().is_loopback());
  EXPECT_EQ(local->front().port(), 8080);
}

}  // namespace
}  // namespace io
