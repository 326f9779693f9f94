#include "io/socket.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <string>

#include "io/loop_test.h"

namespace io {
namespace {

Task<void> write_all(Socket& socket, std::string_view bytes, IoResult& result) {
  result = co_await socket.write(bytes, kNever);
}

Task<void> read_until(Socket& socket, std::size_t size, std::string& out) {
  char buffer[4096];
  while (out.size() < size) {
    const IoResult got = co_await socket.read(buffer, sizeof buffer, kNever);
    if (got <= 0) co_return;
    out.append(buffer, static_cast<std::size_t>(got));
  }
}

Task<void> read_once(Socket& socket, Millis deadline, IoResult& result) {
  char buffer[16];
  result = co_await socket.read(buffer, sizeof buffer, deadline);
}

Task<void> write_pieces(Socket& socket, std::string_view a, std::string_view b, IoResult& result) {
  result = co_await socket.write(a, b, kNever);
}

TEST(Socket, BytesArriveInOrderEvenWhenTheKernelTakesThemPiecemeal) {
  TestLoop test;
  auto [a, b] = test.pair();
  std::string sent(3'000'000, '\0');
  for (std::size_t i = 0; i < sent.size(); ++i) sent[i] = static_cast<char>(i * 31 / 7);
  IoResult written = 0;
  std::string received;
  test.run(write_all(*a, sent, written), read_until(*b, sent.size(), received));
  EXPECT_EQ(written, static_cast<IoResult>(sent.size()));
  EXPECT_TRUE(received == sent);
}

TEST(Socket, TwoPiecesAreWrittenAsOne) {
  TestLoop test;
  auto [a, b] = test.pair();
  const std::string second(500'000, 'b');
  IoResult written = 0;
  std::string received;
  test.run(write_pieces(*a, "head", second, written), read_until(*b, second.size() + 4, received));
  EXPECT_EQ(written, 500'004);
  EXPECT_TRUE(received == "head" + second);
}

TEST(Socket, AReadThatGetsNothingEndsAtItsDeadline) {
  TestLoop test;
  auto [a, b] = test.pair();
  IoResult result = 0;
  const Millis began = test.loop().now();
  test.run(read_once(*a, test.loop().in(30), result));
  EXPECT_EQ(result, -ETIMEDOUT);
  EXPECT_GE(test.loop().now() - began, 30);
}

TEST(Socket, AWriteThatIsNotTakenEndsAtItsDeadline) {
  TestLoop test;
  auto [a, b] = test.pair();
  const std::string much(8'000'000, 'x');
  IoResult result = 0;
  const auto write = [](Socket& socket, std::string_view bytes, Millis deadline,
                        IoResult& out) -> Task<void> {
    out = co_await socket.write(bytes, deadline);
  };
  test.run(write(*a, much, test.loop().in(30), result));
  EXPECT_EQ(result, -ETIMEDOUT);
}

Task<void> cancel_soon(EventLoop& loop, Socket& socket) {
  co_await loop.batch_end();
  socket.cancel();
}

TEST(Socket, CancelEndsWhatIsUnderWay) {
  TestLoop test;
  auto [a, b] = test.pair();
  IoResult result = 0;
  test.run(read_once(*a, kNever, result), cancel_soon(test.loop(), *a));
  EXPECT_EQ(result, -ECANCELED);
}

Task<void> read_and_destroy(std::unique_ptr<Socket>& socket, IoResult& result) {
  char byte = 0;
  result = co_await socket->read(&byte, 1, kNever);
  socket.reset();
}

TEST(Socket, WhoeverIsResumedMayDestroyIt) {
  TestLoop test;
  auto [a, b] = test.pair();
  IoResult result = 0;
  test.run(read_and_destroy(a, result), cancel_soon(test.loop(), *a));
  EXPECT_EQ(result, -ECANCELED);
  EXPECT_EQ(a, nullptr);

  IoResult written = 0;
  TestLoop second;
  auto [e, f] = second.pair();
  second.run(read_and_destroy(e, result), write_all(*f, "x", written));
  EXPECT_EQ(result, 1);
  EXPECT_EQ(e, nullptr);
}

Task<void> move_deadline(EventLoop& loop, Socket& socket) {
  co_await loop.batch_end();
  socket.move_read_deadline(loop.in(10));
}

TEST(Socket, TheDeadlineOfAReadUnderWayCanBeMoved) {
  TestLoop test;
  auto [a, b] = test.pair();
  IoResult result = 0;
  test.run(read_once(*a, kNever, result), move_deadline(test.loop(), *a));
  EXPECT_EQ(result, -ETIMEDOUT);
}

TEST(Socket, TheEndOfTheStreamIsZero) {
  TestLoop test;
  auto [a, b] = test.pair();
  b.reset();
  IoResult result = -1;
  test.run(read_once(*a, kNever, result));
  EXPECT_EQ(result, 0);
}

TEST(Socket, BytesBeforeTheEndAreNotLost) {
  TestLoop test;
  auto [a, b] = test.pair();
  ASSERT_EQ(send(b->fd(), "bye", 3, 0), 3);
  b.reset();
  std::string received;
  test.run(read_until(*a, 100, received));
  EXPECT_EQ(received, "bye");
}

struct Stale {
  int calls = 0;
  EventLoop* loop = nullptr;
  static void on_event(void* self) {
    ++static_cast<Stale*>(self)->calls;
    static_cast<Stale*>(self)->loop->stop();
  }
};

TEST(Socket, AnIdleConnectionTellsWhenThePeerGoes) {
  EventLoop loop;
  int fds[2] = {-1, -1};
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
  Socket a(loop, fds[0]);
  Stale stale{0, &loop};
  a.set_idle_callback(&Stale::on_event, &stale);
  close(fds[1]);
  loop.run();
  EXPECT_GE(stale.calls, 1);
  EXPECT_TRUE(a.is_stale());
  EXPECT_TRUE(a.is_closed_by_peer());
}

}  // namespace
}  // namespace io
