#include "http/h1_client.h"

#include <gtest/gtest.h>

#include "http/dialogue_test.h"

namespace http {
namespace {

class Owner final : public H1ClientOwner {
 public:
  void release(H1Client&, bool reusable) override { released.push_back(reusable); }
  void on_stale(H1Client&) override { ++stale; }
  std::vector<bool> released;
  int stale = 0;
};

// One upstream connection with a scripted upstream.
class Upstream {
 public:
  Upstream() {
    auto [a, b] = test_.pair();
    client = std::make_unique<H1Client>(std::move(a), owner, timeouts, limits);
    peer_ = std::make_unique<Peer>(std::move(b));
    client->begin(false);
  }

  using Side = io::Task<void> (*)(Upstream&, Peer&);
  void run(Side gateway, Side upstream) {
    test_.run(gateway(*this, *peer_), upstream(*this, *peer_));
  }
  io::EventLoop& loop() { return test_.loop(); }

  // Sends a request without a body.
  io::Task<Failure> ask(std::string_view method) {
    RequestOut out;
    out.method = method;
    out.target = "/";
    out.authority = "up";
    co_return co_await client->send_head(out, {}, true);
  }
  // The whole answer as "status body"; `failure` says why it is not complete.
  io::Task<std::string> hear() {
    ResponseHead head;
    failure = co_await client->read_head(head, 5'000);
    if (failure != Failure::kNone) co_return "";
    std::string out = std::to_string(head.status) + " ";
    while (true) {
      const Piece piece = co_await client->read_body(5'000);
      out.append(piece.bytes);
      failure = piece.failure;
      if (piece.last || failure != Failure::kNone) co_return out;
    }
  }

  Timeouts timeouts;
  Limits limits;
  Owner owner;
  std::unique_ptr<H1Client> client;
  Failure failure = Failure::kNone;
  std::string heard;

 private:
  io::TestLoop test_;
  std::unique_ptr<Peer> peer_;

 public:
  ~Upstream() { client.reset(); }
};

struct Row {
  const char* what;
  const char* method;
  std::string answer;
  std::string heard;
  Failure failure;
  bool reusable;
};

TEST(H1Client, AnswersEndWhereTheyEnd) {
  static const std::vector<Row> rows = {
      {"length", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", "200 abc",
       Failure::kNone, true},
      {"no content", "GET", "HTTP/1.1 204 No Content\r\n\r\n", "204 ", Failure::kNone, true},
      {"length zero", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "200 ", Failure::kNone,
       true},
      {"of HEAD", "HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", "200 ", Failure::kNone,
       true},
      {"not modified", "GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\n\r\n", "304 ",
       Failure::kNone, true},
      {"chunked", "GET",
       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n",
       "200 abc", Failure::kNone, true},
      {"close", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc",
       "200 abc", Failure::kNone, false},
      {"HTTP/1.0", "GET", "HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nabc", "200 abc",
       Failure::kNone, false},
      {"until the end", "GET", "HTTP/1.1 200 OK\r\n\r\nabc", "200 abc", Failure::kNone, false},
      {"extra bytes", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcHTTP/1.1 200 OK\r\n",
       "200 abc", Failure::kNone, false},
      {"extra after none", "HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", "200 ",
       Failure::kNone, false},
      {"interim", "GET",
       "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
       "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na",
       "200 a", Failure::kNone, true},
      {"short", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", "200 abc",
       Failure::kPeerClosed, false},
      {"short chunked", "GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
       "200 abc", Failure::kPeerClosed, false},
      {"broken chunked", "GET",
       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n", "200 abc",
       Failure::kMalformed, false},
      {"two lengths", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
       "", Failure::kMalformed, false},
      {"head cut", "GET", "HTTP/1.1 200 O", "", Failure::kPeerClosed, false},
      {"an upgrade", "GET",
       "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", "",
       Failure::kMalformed, false},
      {"no HTTP", "GET", "SSH-2.0-OpenSSH_9.2\r\n", "", Failure::kMalformed, false},
      {"large head", "GET", "HTTP/1.1 200 OK\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n", "",
       Failure::kTooLarge, false},
  };
  static const Row* row = nullptr;
  for (const Row& each : rows) {
    row = &each;
    Upstream up;
    up.run(
        [](Upstream& u, Peer&) -> io::Task<void> {
          EXPECT_EQ(co_await u.ask(row->method), Failure::kNone);
          u.heard = co_await u.hear();
          u.client->finish();
        },
        [](Upstream&, Peer& peer) -> io::Task<void> {
          co_await peer.expect(std::string(row->method) + " / HTTP/1.1\r\nHost: up\r\n\r\n");
          co_await peer.shout(row->answer);
          if (!row->reusable) peer.hang_up();
        });
    EXPECT_EQ(up.heard, row->heard) << row->what;
    EXPECT_EQ(up.failure, row->failure) << row->what;
    EXPECT_EQ(up.owner.released, std::vector<bool>{row->reusable}) << row->what;
  }
}

TEST(H1Client, InterimAnswersAreBounded) {
  Upstream up;
  up.run(
      [](Upstream& u, Peer&) -> io::Task<void> {
        co_await u.ask("GET");
        u.heard = co_await u.hear();
      },
      [](Upstream&, Peer& peer) -> io::Task<void> {
        for (int i = 0; i < 40; ++i) co_await peer.shout("HTTP/1.1 100 Continue\r\n\r\n");
      });
  EXPECT_EQ(up.failure, Failure::kMalformed);
}

TEST(H1Client, BodiesAreSentWithALengthOrInChunks) {
  Upstream up;
  up.run(
      [](Upstream& u, Peer&) -> io::Task<void> {
        RequestOut out;
        out.method = "POST";
        out.target = "/x?y";
        out.authority = "up:81";
        out.has_body = true;
        co_await u.client->send_head(out, "whole", true);
        out.has_body = true;
        co_await u.client->send_head(out, {}, false);
        co_await u.client->send_body("one", false);
        co_await u.client->send_body("", false);
        co_await u.client->send_body("two", false);
        FieldList trailers;
        trailers.push(Field{"X-T", "1"});
        co_await u.client->send_trailers(trailers);
        co_await u.client->send_head(out, {}, false);
        co_await u.client->send_body("", true);
        out.content_length = 4;
        co_await u.client->send_head(out, "ab", false);
        co_await u.client->send_body("cd", true);
      },
      [](Upstream&, Peer& peer) -> io::Task<void> {
        const std::string head = "POST /x?y HTTP/1.1\r\nHost: up:81\r\n";
        const std::string chunked = head + "Transfer-Encoding: chunked\r\n\r\n";
        co_await peer.expect(head + "Content-Length: 5\r\n\r\nwhole");
        co_await peer.expect(chunked + "3\r\none\r\n3\r\ntwo\r\n0\r\nX-T: 1\r\n\r\n");
        co_await peer.expect(chunked + "0\r\n\r\n");
        co_await peer.expect(head + "Content-Length: 4\r\n\r\nabcd");
      });
}

TEST(H1Client, AnAnswerThatDoesNotComeTimesOut) {
  Upstream up;
  up.run(
      [](Upstream& u, Peer&) -> io::Task<void> {
        co_await u.ask("GET");
        ResponseHead head;
        u.failure = co_await u.client->read_head(head, 20);
      },
      [](Upstream&, Peer&) -> io::Task<void> { co_return; });
  EXPECT_EQ(up.failure, Failure::kTimeout);
  EXPECT_FALSE(up.client->is_untouched());
}

TEST(H1Client, TheTimeForAnAnswerCanBeginLater) {
  Upstream up;
  up.run(
      [](Upstream& u, Peer&) -> io::Task<void> {
        co_await u.ask("GET");
        ResponseHead head;
        u.failure = co_await u.client->read_head(head, io::kNever);
      },
      [](Upstream& u, Peer&) -> io::Task<void> {
        co_await u.loop().batch_end();
        u.client->limit_read(20);
      });
  EXPECT_EQ(up.failure, Failure::kTimeout);
}

TEST(H1Client, ACancelHoldsWhetherSomethingIsUnderWayOrNot) {
  Upstream before;
  before.run(
      [](Upstream& u, Peer&) -> io::Task<void> {
        u.client->cancel();
        EXPECT_EQ(co_await u.ask("GET"), Failure::kCancelled);
        u.heard = co_await u.hear();
      },
      [](Upstream&, Peer&) -> io::Task<void> { co_return; });
  EXPECT_EQ(before.failure, Failure::kCancelled);
  Upstream during;
  during.run(
      [](Upstream& u, Peer&) -> io::Task<void> {
        co_await u.ask("GET");
        u.heard = co_await u.hear();
        u.client->finish();
      },
      [](Upstream& u, Peer&) -> io::Task<void> {
        co_await u.loop().batch_end();
        u.client->cancel();
      });
  EXPECT_EQ(during.failure, Failure::kCancelled);
  EXPECT_FALSE(during.client->is_untouched());
  EXPECT_EQ(during.owner.released, std::vector<bool>{false});
}

TEST(H1Client, OnlyAReusedConnectionThatSaidNothingIsUntouched) {
  struct Case {
    bool reused;
    const char* answer;
    bool untouched;
  };
  static Case current;
  for (const Case& each : {Case{true, "", true}, Case{false, "", false}, Case{true, "H", false}}) {
    current = each;
    Upstream up;
    up.run(
        [](Upstream& u, Peer&) -> io::Task<void> {
          u.client->begin(current.reused);
          co_await u.ask("GET");
          u.heard = co_await u.hear();
        },
        [](Upstream&, Peer& peer) -> io::Task<void> {
          co_await peer.hear_until("\r\n\r\n");
          if (*current.answer != '\0') co_await peer.say(current.answer);
          peer.hang_up();
        });
    EXPECT_EQ(up.failure, Failure::kPeerClosed);
    EXPECT_EQ(up.client->is_untouched(), each.untouched) << each.reused << each.answer;
  }
}

TEST(H1Client, AnIdleConnectionThatTheUpstreamClosesOrSpeaksOnIsStale) {
  static bool speaks = false;
  for (const bool each : {false, true}) {
    speaks = each;
    Upstream up;
    up.run(
        [](Upstream& u, Peer&) -> io::Task<void> {
          co_await u.ask("GET");
          u.heard = co_await u.hear();
          u.client->finish();
          EXPECT_EQ(u.owner.released, std::vector<bool>{true});
          while (u.owner.stale == 0) co_await io::Sleep(u.loop(), 1);
        },
        [](Upstream&, Peer& peer) -> io::Task<void> {
          co_await peer.hear_until("\r\n\r\n");
          co_await peer.say("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
          co_await peer.socket().loop().batch_end();
          if (speaks) {
            co_await peer.say("HTTP/1.1 408 Request Timeout\r\n\r\n");
          } else {
            peer.hang_up();
          }
        });
    EXPECT_TRUE(up.client->is_stale());
  }
}

TEST(H1Client, AfterAnUpgradeBytesPassAsTheyAre) {
  Upstream up;
  up.run(
      [](Upstream& u, Peer&) -> io::Task<void> {
        RequestOut out;
        out.method = "GET";
        out.target = "/";
        out.authority = "up";
        out.upgrade_websocket = true;
        co_await u.client->send_head(out, {}, false);
        ResponseHead head;
        EXPECT_EQ(co_await u.client->read_head(head, 5'000), Failure::kNone);
        EXPECT_TRUE(head.upgrade_websocket);
        Piece piece = co_await u.client->read_body(5'000);
        EXPECT_EQ(piece.bytes, "early");
        co_await u.client->send_body("ping", false);
        co_await u.client->send_body("", true);  // tells the upstream that no more comes
        piece = co_await u.client->read_body(5'000);
        EXPECT_TRUE(piece.last);
        EXPECT_EQ(piece.failure, Failure::kNone);
        u.client->finish();
      },
      [](Upstream&, Peer& peer) -> io::Task<void> {
        co_await peer.expect(
            "GET / HTTP/1.1\r\nHost: up\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
        co_await peer.say(
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"
            "Upgrade: websocket\r\n\r\nearly");
        co_await peer.expect("ping");
        co_await peer.expect_end();
        peer.hang_up();
      });
  EXPECT_EQ(up.owner.released, std::vector<bool>{false});
}

}  // namespace
}  // namespace http
