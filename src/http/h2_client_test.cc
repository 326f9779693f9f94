#include "http/h2_client.h"

#include <gtest/gtest.h>

#include "http/dialogue_test.h"
#include "http/h2_server.h"

namespace http {
namespace {

class Owner final : public H2ClientOwner {
 public:
  void on_closed(H2Client&) override { closed = true; }
  bool closed = false;
};

// One upstream connection to a server of ours whose handler is a script. (Foreign servers are for
// the end-to-end tests.)
class Upstream {
 public:
  explicit Upstream(ScriptedHandler::Script script) : handler(script) {}

  using Side = io::Task<void> (*)(Upstream&);
  void run(Side gateway) {
    auto [a, b] = test_.pair();
    client = std::make_unique<H2Client>(std::move(b), owner, timeouts, limits);
    test_.run(serve_to_end<H2Server>(std::move(a), options, handler, &server), drive(gateway));
  }
  io::EventLoop& loop() { return test_.loop(); }

  io::Task<Failure> ask(H2ClientStream& stream, std::string_view method, std::string_view body,
                        bool last) {
    RequestOut out;
    out.method = method;
    out.target = "/";
    out.authority = "up";
    out.scheme = "http";
    out.has_body = !last || !body.empty();
    co_return co_await stream.send_head(out, body, last);
  }
  // The whole answer as "status body".
  io::Task<std::string> hear(H2ClientStream& stream) {
    ResponseHead head;
    failure = co_await stream.read_head(head, 5'000);
    if (failure != Failure::kNone) co_return "";
    std::string out = std::to_string(head.status) + " ";
    while (true) {
      const Piece piece = co_await stream.read_body(5'000);
      out.append(piece.bytes);
      failure = piece.failure;
      if (piece.last || failure != Failure::kNone) co_return out;
    }
  }

  ServerOptions options;
  Timeouts timeouts;
  Limits limits;
  Owner owner;
  ScriptedHandler handler;
  H2Server* server = nullptr;
  std::unique_ptr<H2Client> client;
  Failure failure = Failure::kNone;
  std::string heard;

 private:
  io::Task<void> drive(Side gateway) {
    client->start();
    co_await gateway(*this);
    client->close();
    while (!owner.closed) co_await io::Sleep(loop(), 1);
    EXPECT_TRUE(client->is_over());
    client.reset();
  }

  io::TestLoop test_;
};

TEST(H2Client, RequestsShareTheConnection) {
  Upstream up(echo);
  up.run([](Upstream& u) -> io::Task<void> {
    std::vector<H2ClientStream*> streams;
    for (int i = 0; i < 20; ++i) {
      streams.push_back(u.client->open_stream());
      co_await u.ask(*streams.back(), "POST", "body " + std::to_string(i), true);
    }
    for (std::size_t i = 20; i-- > 0;) {
      EXPECT_EQ(co_await u.hear(*streams[i]), "200 body " + std::to_string(i));
      streams[i]->finish();
    }
  });
  EXPECT_EQ(up.handler.asked.size(), 20u);
}

TEST(H2Client, BodiesLargerThanAllWindowsGoBothWays) {
  Upstream up(echo);
  up.run([](Upstream& u) -> io::Task<void> {
    const std::string piece(300'000, 'p');
    H2ClientStream* stream = u.client->open_stream();
    co_await u.ask(*stream, "POST", {}, false);
    for (int i = 0; i < 20; ++i)
      EXPECT_EQ(co_await stream->send_body(piece, i == 19), Failure::kNone);
    const std::string heard = co_await u.hear(*stream);
    EXPECT_EQ(heard.size(), 4 + 20 * piece.size());
    stream->finish();
  });
}

io::Task<void> much(ServerStream& stream, ScriptedHandler&) {
  co_await stream.send_head(ResponseOut{}, std::string(200'000, 'x'), true);
}

TEST(H2Client, AnswersThatNobodyReadDoNotUseUpTheConnection) {
  Upstream up(much);
  up.run([](Upstream& u) -> io::Task<void> {
    for (int i = 0; i < 60; ++i) {  // 12 MB in all; the connection's window is four
      H2ClientStream* stream = u.client->open_stream();
      co_await u.ask(*stream, "GET", {}, true);
      ResponseHead head;
      EXPECT_EQ(co_await stream->read_head(head, 5'000), Failure::kNone) << i;
      stream->finish();
    }
    H2ClientStream* stream = u.client->open_stream();
    co_await u.ask(*stream, "GET", {}, true);
    EXPECT_EQ((co_await u.hear(*stream)).size(), 200'004u);
    stream->finish();
  });
}

io::Task<void> with_trailers(ServerStream& stream, ScriptedHandler&) {
  co_await stream.send_head(ResponseOut{}, "b", false);
  FieldList trailers;
  trailers.push(Field{"grpc-status", "0"});
  trailers.push(Field{"x-octelium-auth", "no"});
  co_await stream.send_trailers(trailers);
}

TEST(H2Client, TrailersComeWithoutThoseThatMayNotBeOne) {
  Upstream up(with_trailers);
  up.run([](Upstream& u) -> io::Task<void> {
    H2ClientStream* stream = u.client->open_stream();
    co_await u.ask(*stream, "GET", {}, true);
    EXPECT_EQ(co_await u.hear(*stream), "200 b");
    for (const Field& field : stream->response_trailers())
      if (!field.hop_by_hop) u.heard += std::string(field.name) + "=" + std::string(field.value);
    stream->finish();
  });
  EXPECT_EQ(up.heard, "grpc-status=0");
}

class Waiter final : public Canceller {
 public:
  void cancel() override { gone.set(); }
  io::Signal gone;
};

io::Task<void> hang(ServerStream& stream, ScriptedHandler& handler) {
  Waiter waiter;
  stream.set_canceller(&waiter);
  co_await waiter.gone.wait();
  stream.set_canceller(nullptr);
  handler.notes.emplace_back("gone");
}

TEST(H2Client, AnAnswerThatDoesNotComeTimesOutAndTheUpstreamIsTold) {
  Upstream up(hang);
  up.run([](Upstream& u) -> io::Task<void> {
    H2ClientStream* stream = u.client->open_stream();
    co_await u.ask(*stream, "GET", {}, true);
    ResponseHead head;
    EXPECT_EQ(co_await stream->read_head(head, 20), Failure::kTimeout);
    EXPECT_FALSE(stream->is_untouched());
    stream->finish();
    while (u.handler.notes.empty()) co_await io::Sleep(u.loop(), 1);
  });
}

// Once the upstream is at work on `n` requests.
io::Task<void> cancel_later(Upstream& up, H2ClientStream* stream, std::size_t n) {
  while (up.handler.asked.size() < n) co_await io::Sleep(up.loop(), 1);
  stream->cancel();
}

TEST(H2Client, ACancelEndsReadsAndWrites) {
  Upstream up(hang);
  up.run([](Upstream& u) -> io::Task<void> {
    io::Scope scope;
    H2ClientStream* reading = u.client->open_stream();
    co_await u.ask(*reading, "GET", {}, true);
    scope.spawn(cancel_later(u, reading, 1));
    EXPECT_EQ(co_await u.hear(*reading), "");
    EXPECT_EQ(u.failure, Failure::kCancelled);
    reading->finish();
    H2ClientStream* writing = u.client->open_stream();
    co_await u.ask(*writing, "POST", {}, false);
    scope.spawn(cancel_later(u, writing, 2));
    {
      const std::string borrowed(5'000'000, 'x');  // gone before the connection is
      EXPECT_EQ(co_await writing->send_body(borrowed, true), Failure::kCancelled);
    }
    writing->finish();
    while (u.handler.notes.size() < 2) co_await io::Sleep(u.loop(), 1);
    co_await scope.drained();
  });
}

TEST(H2Client, AnUpstreamThatTakesNoMoreIsNotWaitedForForEver) {
  Upstream up(hang);
  up.timeouts.write = 30;
  up.run([](Upstream& u) -> io::Task<void> {
    H2ClientStream* stream = u.client->open_stream();
    co_await u.ask(*stream, "POST", {}, false);
    EXPECT_EQ(co_await stream->send_body(std::string(5'000'000, 'x'), true), Failure::kTimeout);
    stream->finish();
  });
}

TEST(H2Client, AStreamOutlivesItsConnectionUntilItIsFinished) {
  Upstream up(echo);
  up.run([](Upstream& u) -> io::Task<void> {
    H2ClientStream* stream = u.client->open_stream();
    co_await u.ask(*stream, "POST", "x", false);
    co_await u.handler.started.wait();
    co_await u.loop().batch_end();
    u.server->close();
    while (!u.owner.closed) co_await io::Sleep(u.loop(), 1);
    EXPECT_FALSE(u.client->is_over()) << "somebody still holds a stream";
    EXPECT_EQ(u.client->open_stream(), nullptr);
    EXPECT_EQ(co_await u.hear(*stream), "");
    EXPECT_EQ(u.failure, Failure::kPeerClosed);
    EXPECT_EQ(co_await stream->send_body("y", true), Failure::kPeerClosed);
    EXPECT_FALSE(stream->is_untouched()) << "the first of its connection";
    stream->finish();
    EXPECT_TRUE(u.client->is_over());
  });
}

TEST(H2Client, AReusedConnectionThatEndsBeforeTheAnswerLeavesTheRequestUntouched) {
  Upstream up(say_hi);
  up.run([](Upstream& u) -> io::Task<void> {
    H2ClientStream* first = u.client->open_stream();
    co_await u.ask(*first, "GET", {}, true);
    EXPECT_EQ(co_await u.hear(*first), "200 hi");
    first->finish();
    H2ClientStream* second = u.client->open_stream();
    u.server->close();
    co_await u.ask(*second, "GET", {}, true);
    EXPECT_EQ(co_await u.hear(*second), "");
    EXPECT_TRUE(second->is_untouched());
    second->finish();
  });
}

TEST(H2Client, AfterAGoawayNoMoreStreamsAreOpenedAndOpenOnesEnd) {
  Upstream up(echo);
  up.run([](Upstream& u) -> io::Task<void> {
    H2ClientStream* stream = u.client->open_stream();
    co_await u.ask(*stream, "POST", "a", false);
    co_await u.handler.started.wait();
    u.server->drain();
    while (u.client->has_room()) co_await io::Sleep(u.loop(), 1);
    EXPECT_EQ(u.client->open_stream(), nullptr);
    EXPECT_EQ(co_await stream->send_body("b", true), Failure::kNone);
    EXPECT_EQ(co_await u.hear(*stream), "200 ab");
    stream->finish();
    while (!u.owner.closed) co_await io::Sleep(u.loop(), 1);
  });
}

TEST(H2Client, TheIdleTimeoutIsForIdleConnections) {
  Upstream up(hang);
  up.timeouts.keep_alive = 40;
  up.run([](Upstream& u) -> io::Task<void> {
    H2ClientStream* stream = u.client->open_stream();
    co_await u.ask(*stream, "GET", {}, true);
    ResponseHead head;
    EXPECT_EQ(co_await stream->read_head(head, 150), Failure::kTimeout) << "not cut at 40";
    stream->finish();
    while (!u.owner.closed) co_await io::Sleep(u.loop(), 1);
  });
}

}  // namespace
}  // namespace http
