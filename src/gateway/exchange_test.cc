#include "gateway/exchange.h"

#include <gtest/gtest.h>

#include "http/h1_server.h"
#include "upstream/scripted_upstream_test.h"

namespace gateway {
namespace {

using http::Failure;
using http::Peer;

// Passes every field that is not hop-by-hop.
class PlainShaper final : public ResponseShaper {
 public:
  bool shape(const http::ResponseHead& in, http::ResponseOut& out) override {
    for (const http::Field& field : in.fields)
      if (!field.hop_by_hop && field.id != http::FieldId::kContentLength) out.fields.push(field);
    return true;
  }
};

// A client, a connection of ours that forwards what it is asked, and an upstream; client and
// upstream are scripts.
class ExchangeTest final : public http::RequestHandler {
 public:
  using Client = io::Task<void> (*)(Peer&, ExchangeTest&);

  explicit ExchangeTest(upstream::ScriptedUpstream::Script script)
      : upstream(test_.loop(), script) {
    server.timeouts.linger = 100;
  }

  void run(Client client) {
    endpoint = upstream.endpoint();
    auto [a, b] = test_.pair();
    test_.run(http::serve_to_end<http::H1Server>(std::move(a), server, *this, &connection),
              talk(std::move(b), client));
  }
  io::EventLoop& loop() { return test_.loop(); }
  // Until that many results are there.
  io::Task<void> finished(std::size_t count) {
    while (results.size() < count) co_await io::Sleep(loop(), 1);
  }

  http::ServerOptions server;
  ExchangeOptions options;
  bool buffers = false;  // the request's body is read first
  std::vector<ExchangeResult> results;
  http::H1Server* connection = nullptr;
  std::shared_ptr<const upstream::Endpoint> endpoint;

 private:
  io::Task<void> handle(http::ServerStream& stream) override {
    const http::RequestHead& head = stream.request();
    http::RequestOut out;
    out.method = head.method;
    out.target = head.target;
    out.authority = "up";
    out.scheme = "http";
    out.content_length = head.content_length;
    out.has_body = head.framing != http::Framing::kNone;
    out.upgrade_websocket = head.upgrade_websocket;
    const auto body = stream.whole_body();
    Exchange exchange(stream, pool, options);
    PlainShaper shaper;
    results.push_back(co_await exchange.run(endpoint, out, body, shaper));
    if (stream.head_sent()) co_return;
    http::ResponseOut failed;
    failed.status = results.back().client_failed ? 400 : 502;
    co_await stream.send_head(failed, failure_name(results.back().failure), true);
  }
  io::Task<void> handle_rejected(http::ServerStream& stream, http::Reject) override {
    co_await stream.send_head(http::ResponseOut{.status = 400}, {}, true);
  }
  io::Task<void> talk(std::unique_ptr<io::Socket> socket, Client client) {
    {
      Peer peer(std::move(socket));
      co_await client(peer, *this);
    }
    while (connection != nullptr) co_await io::Sleep(loop(), 1);
    pool.close();
    for (pool.sweep(); !pool.is_unused(); pool.sweep()) co_await io::Sleep(loop(), 1);
    co_await upstream.stop();
  }

  io::TestLoop test_;
  upstream::PoolOptions pool_options_;

 public:
  upstream::ScriptedUpstream upstream;
  upstream::Pool pool{test_.loop(), pool_options_};
};

constexpr const char* kGet = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";
constexpr const char* kPost = "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\n\r\n";

TEST(Exchange, RequestsAndAnswersPassOverReusedConnections) {
  ExchangeTest t([](Peer& peer, int) -> io::Task<void> {
    for (int i = 0; i < 3; ++i) {
      co_await peer.expect("GET /a HTTP/1.1\r\nHost: up\r\n\r\n");
      co_await peer.say("HTTP/1.1 200 OK\r\nX-A: b\r\nContent-Length: 2\r\n\r\nhi");
    }
    co_await peer.expect_end();
  });
  t.run([](Peer& peer, ExchangeTest& e) -> io::Task<void> {
    for (int i = 0; i < 3; ++i) {
      co_await peer.say(kGet);
      co_await peer.expect("HTTP/1.1 200 OK\r\nX-A: b\r\nContent-Length: 2\r\n\r\nhi");
    }
    EXPECT_EQ(e.upstream.connections(), 1);
  });
  for (const ExchangeResult& result : t.results) {
    EXPECT_EQ(result.failure, Failure::kNone);
    EXPECT_EQ(result.status, 200);
  }
}

TEST(Exchange, BothBodiesStreamAtOnce) {
  ExchangeTest t([](Peer& peer, int) -> io::Task<void> {
    co_await peer.expect("POST /a HTTP/1.1\r\nHost: up\r\nTransfer-Encoding: chunked\r\n\r\n");
    co_await peer.say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (const char* piece : {"1\r\na\r\n", "1\r\nb\r\n", "0\r\n\r\n"}) {
      co_await peer.expect(piece);
      co_await peer.say(piece);
    }
  });
  t.run([](Peer& peer, ExchangeTest&) -> io::Task<void> {
    co_await peer.say(
        "POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n");
    co_await peer.expect("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    co_await peer.expect("1\r\na");
    co_await peer.say("1\r\nb\r\n");
    co_await peer.expect("\r\n1\r\nb");
    co_await peer.say("0\r\n\r\n");
    co_await peer.expect("\r\n0\r\n\r\n");
  });
  EXPECT_EQ(t.results.at(0).failure, Failure::kNone);
}

TEST(Exchange, LargeBodiesPassBothWays) {
  static const std::string kLarge(2'000'000, 'x');
  ExchangeTest t([](Peer& peer, int) -> io::Task<void> {
    co_await peer.expect("POST /a HTTP/1.1\r\nHost: up\r\nContent-Length: 2000000\r\n\r\n");
    co_await peer.expect(kLarge);
    co_await peer.say("HTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n\r\n" + kLarge);
  });
  t.run([](Peer& peer, ExchangeTest&) -> io::Task<void> {
    co_await peer.say("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 2000000\r\n\r\n" + kLarge);
    co_await peer.expect("HTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n\r\n" + kLarge);
  });
}

TEST(Exchange, AnEarlyAnswerEndsTheUploadAndTheConnectionGoesOn) {
  ExchangeTest t([](Peer& peer, int n) -> io::Task<void> {
    if (n == 0) {
      co_await peer.expect("POST /a HTTP/1.1\r\nHost: up\r\nContent-Length: 6\r\n\r\nabc");
      co_await peer.say("HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n");
      co_await peer.expect_end();  // half a request was sent: not for another one
    } else {
      co_await peer.expect("GET /a HTTP/1.1\r\nHost: up\r\n\r\n");
      co_await peer.say("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    }
  });
  t.run([](Peer& peer, ExchangeTest&) -> io::Task<void> {
    co_await peer.say(std::string(kPost) + "abc");
    co_await peer.expect("HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n");
    co_await peer.say("def" + std::string(kGet));  // the rest is read away
    co_await peer.expect("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  });
  EXPECT_EQ(t.results.size(), 2u);
}

TEST(Exchange, AStaleConnectionIsReplacedForWhatMayBeSentAgain) {
  ExchangeTest t([](Peer& peer, int n) -> io::Task<void> {
    co_await peer.hear_until("\r\n\r\n");
    co_await peer.say("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n" + std::to_string(n));
    // The first one closes in the moment when it is asked again.
    if (n == 0) co_await peer.hear_until("\r\n\r\n");
  });
  t.run([](Peer& peer, ExchangeTest& e) -> io::Task<void> {
    co_await peer.say(kGet);
    co_await peer.expect("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n0");
    co_await peer.say(kGet);
    co_await peer.expect("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1");
    EXPECT_EQ(e.upstream.connections(), 2);
  });
}

TEST(Exchange, WhatMayNotBeSentAgainIsNot) {
  ExchangeTest t([](Peer& peer, int) -> io::Task<void> {
    co_await peer.hear_until("\r\n\r\n");
    co_await peer.say("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    co_await peer.hear_until("abcdef");
  });
  t.run([](Peer& peer, ExchangeTest& e) -> io::Task<void> {
    co_await peer.say(kGet);
    co_await peer.expect("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    co_await peer.say(std::string(kPost) + "abcdef");
    co_await peer.expect("HTTP/1.1 502 Bad Gateway\r\n");
    EXPECT_EQ(e.upstream.connections(), 1);
  });
}

struct Broken {
  const char* answer;
  Failure failure;
  const char* heard;
};

TEST(Exchange, AnAnswerThatCannotBeUsedIsAFailureOfTheUpstream) {
  static const std::vector<Broken> rows = {
      {"", Failure::kPeerClosed, "HTTP/1.1 502 Bad Gateway\r\n"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx", Failure::kMalformed,
       "HTTP/1.1 502 Bad Gateway\r\n"},
      {"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
       Failure::kMalformed, "HTTP/1.1 502 Bad Gateway\r\n"},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", Failure::kMalformed,
       "HTTP/1.1 502 Bad Gateway\r\n"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort", Failure::kPeerClosed,
       "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort"},
  };
  static const Broken* row = nullptr;
  for (const Broken& each : rows) {
    row = &each;
    ExchangeTest t([](Peer& peer, int) -> io::Task<void> {
      co_await peer.hear_until("\r\n\r\n");
      co_await peer.shout(row->answer);
    });
    t.run([](Peer& peer, ExchangeTest&) -> io::Task<void> {
      co_await peer.say("GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
      const std::string heard = co_await peer.hear_all();
      // Ours says that it closes, which is not the point here.
      std::string expected = row->heard;
      const auto at = expected.find("\r\n\r\nshort");
      if (at != std::string::npos) expected.insert(at, "\r\nConnection: close");
      EXPECT_EQ(heard.substr(0, expected.size()), expected);
      if (at != std::string::npos) EXPECT_EQ(heard, expected);
    });
    EXPECT_EQ(t.results.at(0).failure, each.failure) << each.answer;
    EXPECT_FALSE(t.results.at(0).client_failed);
  }
}

TEST(Exchange, TheTimeForTheHeadBeginsWhenTheRequestIsThere) {
  ExchangeTest t([](Peer& peer, int) -> io::Task<void> {
    co_await peer.hear_until("abcdef");
    co_await peer.hear_all();
  });
  t.options.head_timeout = 60;
  t.run([](Peer& peer, ExchangeTest& e) -> io::Task<void> {
    const io::Millis began = e.loop().now();
    co_await peer.say(std::string(kPost) + "abc");
    co_await io::Sleep(e.loop(), 150);
    EXPECT_TRUE(e.results.empty()) << "the client is still sending";
    co_await peer.say("def");
    co_await peer.expect("HTTP/1.1 502 Bad Gateway\r\n");
    EXPECT_GE(e.loop().now() - began, 200);
  });
  EXPECT_EQ(t.results.at(0).failure, Failure::kTimeout);
}

TEST(Exchange, ABodyThatBreaksTheCodingIsTheClientsFault) {
  ExchangeTest t([](Peer& peer, int) -> io::Task<void> { co_await peer.hear_all(); });
  t.run([](Peer& peer, ExchangeTest&) -> io::Task<void> {
    co_await peer.say(
        "POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n");
    co_await peer.say("zz\r\n");
    co_await peer.expect("HTTP/1.1 400 Bad Request\r\n");
    co_await peer.hear_all();
  });
  EXPECT_EQ(t.results.at(0).failure, Failure::kMalformed);
  EXPECT_TRUE(t.results.at(0).client_failed);
}

TEST(Exchange, AClientThatGoesEndsTheRequestAtTheUpstream) {
  ExchangeTest t([](Peer& peer, int) -> io::Task<void> {
    co_await peer.hear_until("\r\n\r\n");
    co_await peer.expect_end();
  });
  t.run([](Peer& peer, ExchangeTest& e) -> io::Task<void> {
    co_await peer.say(kGet);
    while (e.upstream.connections() == 0) co_await io::Sleep(e.loop(), 1);
    peer.hang_up();
    co_await e.finished(1);
  });
  EXPECT_TRUE(t.results.at(0).client_failed);
}

TEST(Exchange, CloseEndsItWhereverItIs) {
  // Before the head, within an upload, within a download that the client does not read.
  static int phase = 0;
  for (phase = 0; phase < 3; ++phase) {
    ExchangeTest t([](Peer& peer, int) -> io::Task<void> {
      co_await peer.hear_until("\r\n\r\n");
      if (phase == 2)
        co_await peer.shout("HTTP/1.1 200 OK\r\nContent-Length: 9000000\r\n\r\n" +
                            std::string(9'000'000, 'x'));
      co_await peer.hear_all();
    });
    t.run([](Peer& peer, ExchangeTest& e) -> io::Task<void> {
      co_await peer.say(phase == 1 ? std::string(kPost) + "abc" : std::string(kGet));
      while (e.upstream.connections() == 0) co_await io::Sleep(e.loop(), 1);
      if (phase == 2) co_await peer.hear_until("\r\n\r\n");
      co_await io::Sleep(e.loop(), 1);
      e.connection->close();
      co_await e.finished(1);
    });
    EXPECT_NE(t.results.at(0).failure, Failure::kNone) << phase;
    EXPECT_TRUE(t.results.at(0).client_failed) << phase;
  }
}

TEST(Exchange, WebSocketsPassBothWaysUntilEitherSideEnds) {
  static bool client_ends = false;
  for (const bool each : {false, true}) {
    client_ends = each;
    ExchangeTest t([](Peer& peer, int) -> io::Task<void> {
      co_await peer.expect(
          "GET /ws HTTP/1.1\r\nHost: up\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
      co_await peer.say(
          "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: "
          "websocket\r\n\r\nhey");
      co_await peer.expect("early");
      co_await peer.say("one");
      co_await peer.expect("two");
      if (client_ends) {
        co_await peer.expect_end();
      }
    });
    t.run([](Peer& peer, ExchangeTest&) -> io::Task<void> {
      co_await peer.say(
          "GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nearly");
      co_await peer.expect(
          "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
      co_await peer.expect("heyone");
      co_await peer.say("two");
      if (client_ends) {
        peer.hang_up();
      } else {
        co_await peer.expect_end();
      }
    });
    EXPECT_EQ(t.results.size(), 1u);
  }
}

TEST(Exchange, AnUpgradeThatTheUpstreamDeclinesIsAnOrdinaryAnswer) {
  ExchangeTest t([](Peer& peer, int) -> io::Task<void> {
    co_await peer.hear_until("\r\n\r\n");
    co_await peer.say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno");
  });
  t.run([](Peer& peer, ExchangeTest&) -> io::Task<void> {
    co_await peer.say(
        "GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    co_await peer.expect("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno");
    peer.hang_up();
  });
  EXPECT_EQ(t.results.at(0).failure, Failure::kNone);
}

}  // namespace
}  // namespace gateway
