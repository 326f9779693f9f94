#include "http/h2_server.h"

#include <gtest/gtest.h>

#include "http/dialogue_test.h"
#include "http/h2_peer_test.h"

namespace http {
namespace {

class H2Dialogue {
 public:
  explicit H2Dialogue(ScriptedHandler::Script script) : handler(script) {}

  using Client = io::Task<void> (*)(H2Peer&, H2Dialogue&);
  void run(Client client, std::uint32_t window = 65'535, bool reads = true) {
    auto [a, b] = test_.pair();
    test_.run(serve_to_end<H2Server>(std::move(a), options, handler, &server),
              talk(std::make_unique<H2Peer>(std::move(b), window, reads), client));
  }
  io::EventLoop& loop() { return test_.loop(); }

  ServerOptions options;
  ScriptedHandler handler;
  H2Server* server = nullptr;

 private:
  io::Task<void> talk(std::unique_ptr<H2Peer> peer, Client client) {
    co_await client(*peer, *this);
  }

  io::TestLoop test_;
};

TEST(H2Server, StreamsAreAnsweredEachOnItsOwn) {
  H2Dialogue d(echo);
  d.run([](H2Peer& peer, H2Dialogue&) -> io::Task<void> {
    const auto slow = peer.request(H2Peer::head("POST", "/slow"), "first ", false);
    std::vector<std::int32_t> others;
    for (int i = 0; i < 50; ++i)
      others.push_back(peer.request(H2Peer::head("POST", "/x"), "body " + std::to_string(i)));
    for (std::size_t i = 0; i < others.size(); ++i) {
      co_await peer.until_closed(others[i]);
      EXPECT_EQ(peer.streams[others[i]].body, "body " + std::to_string(i));
      EXPECT_EQ(peer.streams[others[i]].field("content-length"),
                std::to_string(5 + std::to_string(i).size()));
    }
    EXPECT_FALSE(peer.streams[slow].closed);
    peer.more(slow, "second", true);
    co_await peer.until_closed(slow);
    EXPECT_EQ(peer.streams[slow].body, "first second");
    EXPECT_EQ(peer.streams[slow].code, 0u);
  });
}

TEST(H2Server, BodiesLargerThanAllWindowsGoBothWays) {
  H2Dialogue d(echo);
  d.run([](H2Peer& peer, H2Dialogue&) -> io::Task<void> {
    std::string body(3'000'000, '\0');
    for (std::size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>(i / 3);
    const auto id = peer.request(H2Peer::head("POST", "/"), body);
    co_await peer.until_closed(id);
    EXPECT_TRUE(peer.streams[id].body == body);
  });
}

TEST(H2Server, BodiesThatNobodyReadsDoNotUseUpTheConnection) {
  H2Dialogue d(say_hi);
  d.run([](H2Peer& peer, H2Dialogue&) -> io::Task<void> {
    for (int i = 0; i < 40; ++i) {  // 8 MB in all; the connection's window is one
      const auto id = peer.request(H2Peer::head("POST", "/"), std::string(200'000, 'x'));
      co_await peer.until_closed(id);
      EXPECT_EQ(peer.streams[id].body, "hi") << i;
    }
    const auto last = peer.request(H2Peer::head("POST", "/"), "x", false);
    co_await peer.until_closed(last);
    EXPECT_EQ(peer.streams[last].body, "hi");
    EXPECT_TRUE(peer.streams[last].ended);
    EXPECT_EQ(peer.streams[last].code, 0u) << "the rest is not wanted: NO_ERROR";
  });
}

TEST(H2Server, TrailersGoBothWays) {
  const auto script = [](ServerStream& stream, ScriptedHandler& handler) -> io::Task<void> {
    co_await read_all(stream, handler);
    for (const Field& field : stream.request_trailers())
      handler.notes.push_back(std::string(field.name) + "=" + std::string(field.value));
    co_await stream.send_head(ResponseOut{}, "body", false);
    FieldList trailers;
    trailers.push(Field{"Grpc-Status", "0"});
    co_await stream.send_trailers(trailers);
  };
  H2Dialogue d(script);
  d.run([](H2Peer& peer, H2Dialogue&) -> io::Task<void> {
    const auto id = peer.request(H2Peer::head("POST", "/"), "data", false);
    peer.trailers(id, {{"x-sum", "1"}});
    co_await peer.until_closed(id);
    EXPECT_EQ(peer.streams[id].body, "body");
    EXPECT_EQ(peer.streams[id].trailers, (Pairs{{"grpc-status", "0"}}));
  });
  EXPECT_EQ(d.handler.notes, std::vector<std::string>{"x-sum=1"});
  EXPECT_EQ(d.handler.failure, Failure::kNone);
}

TEST(H2Server, ATrailerThatMayNotBeOneBreaksTheBody) {
  H2Dialogue d(echo);
  d.run([](H2Peer& peer, H2Dialogue&) -> io::Task<void> {
    const auto id = peer.request(H2Peer::head("POST", "/"), "data", false);
    peer.trailers(id, {{"x-octelium-auth", "stolen"}});
    co_await peer.until_closed(id);
    EXPECT_EQ(peer.streams[id].body, "");
  });
  EXPECT_EQ(d.handler.failure, Failure::kMalformed);
}

TEST(H2Server, CookiesThatCameApartAreOneField) {
  const auto script = [](ServerStream& stream, ScriptedHandler& handler) -> io::Task<void> {
    for (const Field& field : stream.request().fields)
      handler.notes.push_back(std::string(field.name) + "=" + std::string(field.value));
    co_await stream.send_head(ResponseOut{}, {}, true);
  };
  H2Dialogue d(script);
  d.run([](H2Peer& peer, H2Dialogue&) -> io::Task<void> {
    Pairs fields = H2Peer::head("GET", "/");
    fields.emplace_back("cookie", "a=1");
    fields.emplace_back("x", "y");
    fields.emplace_back("cookie", "b=2");
    fields.emplace_back("cookie", "c=3");
    co_await peer.until_closed(peer.request(fields));
  });
  EXPECT_EQ(d.handler.notes, (std::vector<std::string>{"x=y", "cookie=a=1; b=2; c=3"}));
}

TEST(H2Server, ContinueIsSaidWhenTheBodyIsWanted) {
  H2Dialogue d(echo);
  d.run([](H2Peer& peer, H2Dialogue&) -> io::Task<void> {
    Pairs fields = H2Peer::head("POST", "/");
    fields.emplace_back("expect", "100-continue");
    const auto id = peer.request(fields, "", false);
    co_await peer.until([&] { return peer.streams[id].said_continue; });
    peer.more(id, "abc", true);
    co_await peer.until_closed(id);
    EXPECT_EQ(peer.streams[id].status, "200");
    EXPECT_EQ(peer.streams[id].body, "abc");
  });
}

TEST(H2Server, HeadsThatBreakARuleAreRefused) {
  struct Case {
    Pairs more;
    std::string reject;  // empty: the codec resets the stream
  };
  static const std::vector<Case> cases = {
      {{{"authorization", "a"}, {"authorization", "b"}}, "duplicate_field"},
      {{{"host", "other"}}, "authority_conflict"},
      {{{"content_length", "3"}}, "field_name_malformed"},
      {{{"x", std::string(17'000, 'x')}}, "head_too_large"},
      {{{"connection", "close"}}, ""},
      {{{"transfer-encoding", "chunked"}}, ""},
      {{{"te", "gzip"}}, ""},
      {{{"x", "a\nb"}}, ""},
      {{{"content-length", "3"}}, ""},
      {{{":path", "/twice"}}, ""},
  };
  H2Dialogue d(say_hi);
  d.run([](H2Peer& peer, H2Dialogue& dialogue) -> io::Task<void> {
    for (const Case& each : cases) {
      dialogue.handler.rejected.clear();
      Pairs fields = H2Peer::head("GET", "/");
      for (const auto& pair : each.more) fields.push_back(pair);
      const auto id = peer.request(fields);
      co_await peer.until_closed(id);
      if (each.reject.empty()) {
        EXPECT_EQ(peer.streams[id].code, NGHTTP2_PROTOCOL_ERROR) << each.more[0].first;
        EXPECT_EQ(peer.streams[id].status, "") << each.more[0].first;
      } else {
        EXPECT_EQ(dialogue.handler.rejected, std::vector<std::string>{each.reject});
        EXPECT_EQ(peer.streams[id].body, each.reject);
      }
    }
    co_await peer.until_closed(peer.get("/still-here"));
  });
  EXPECT_EQ(d.handler.asked, std::vector<std::string>{"GET /still-here"});
}

TEST(H2Server, ABodyThatDisagreesWithItsLengthIsReset) {
  H2Dialogue d(echo);
  d.run([](H2Peer& peer, H2Dialogue&) -> io::Task<void> {
    Pairs fields = H2Peer::head("POST", "/");
    fields.emplace_back("content-length", "10");
    const auto id = peer.request(fields, "short");
    co_await peer.until_closed(id);
    EXPECT_EQ(peer.streams[id].code, NGHTTP2_PROTOCOL_ERROR);
  });
  EXPECT_EQ(d.handler.failure, Failure::kPeerClosed);
}

class Waiter final : public Canceller {
 public:
  void cancel() override { gone.set(); }
  io::Signal gone;
};

io::Task<void> wait_for_departure(ServerStream& stream, ScriptedHandler& handler) {
  Waiter waiter;
  stream.set_canceller(&waiter);
  co_await waiter.gone.wait();
  stream.set_canceller(nullptr);
  handler.notes.emplace_back(co_await stream.send_head(ResponseOut{}, "late", true) ? "sent"
                                                                                    : "not sent");
}

TEST(H2Server, AResetOrADepartureCancelsWhatIsDoneForIt) {
  H2Dialogue d(wait_for_departure);
  d.run([](H2Peer& peer, H2Dialogue& dialogue) -> io::Task<void> {
    const auto id = peer.get("/1");
    peer.get("/2");
    peer.get("/3");
    co_await peer.flush();
    co_await dialogue.handler.started.wait();
    co_await dialogue.loop().batch_end();
    peer.reset(id);
    co_await peer.flush();
    while (dialogue.handler.notes.empty()) co_await io::Sleep(dialogue.loop(), 1);
    EXPECT_EQ(dialogue.handler.notes.size(), 1u);
    peer.hang_up();
  });
  EXPECT_EQ(d.handler.notes, std::vector<std::string>(3, "not sent"));
}

TEST(H2Server, CloseEndsWhateverIsUnderWay) {
  for (const auto script : {&wait_for_departure, &echo}) {
    H2Dialogue d(script);
    d.run([](H2Peer& peer, H2Dialogue& dialogue) -> io::Task<void> {
      peer.request(H2Peer::head("POST", "/"), "x", false);
      peer.request(H2Peer::head("POST", "/"), "x", false);
      co_await peer.flush();
      co_await dialogue.handler.started.wait();
      co_await dialogue.loop().batch_end();
      dialogue.server->close();
      co_await peer.until_end();
    });
    EXPECT_EQ(d.handler.asked.size(), 2u);
  }
}

io::Task<void> flood(ServerStream& stream, ScriptedHandler& handler) {
  co_await stream.send_head(ResponseOut{}, {}, false);
  const std::string much(100'000, 'x');
  while (co_await stream.send_body(much, false)) {
  }
  handler.notes.emplace_back("stopped");
}

TEST(H2Server, AClientThatDoesNotReadIsNotWaitedForForEver) {
  H2Dialogue d(flood);
  d.options.timeouts.body_idle = 30;
  d.run(
      [](H2Peer& peer, H2Dialogue&) -> io::Task<void> {
        const auto id = peer.get("/");
        co_await peer.until_closed(id);
        EXPECT_EQ(peer.streams[id].code, NGHTTP2_INTERNAL_ERROR);
        EXPECT_LE(peer.streams[id].body.size(), 65'535u);
      },
      65'535, false);
  EXPECT_EQ(d.handler.notes, std::vector<std::string>{"stopped"});
}

TEST(H2Server, ABodyThatDoesNotComeTimesOut) {
  H2Dialogue d(echo);
  d.options.timeouts.body_idle = 30;
  d.run([](H2Peer& peer, H2Dialogue&) -> io::Task<void> {
    const auto id = peer.request(H2Peer::head("POST", "/"), "x", false);
    co_await peer.until_closed(id);
  });
  EXPECT_EQ(d.handler.failure, Failure::kTimeout);
}

TEST(H2Server, AnIdleConnectionIsClosedAlsoAfterARequest) {
  H2Dialogue d(say_hi);
  d.options.timeouts.keep_alive = 40;
  d.run([](H2Peer& peer, H2Dialogue&) -> io::Task<void> {
    co_await peer.until_closed(peer.get("/"));
    co_await peer.until_end();
  });
  EXPECT_EQ(d.handler.asked.size(), 1u);
}

TEST(H2Server, AHeadThatDoesNotEndHoldsNoConnection) {
  H2Dialogue d(say_hi);
  d.options.timeouts.keep_alive = 40;
  d.run([](H2Peer& peer, H2Dialogue&) -> io::Task<void> {
    // HEADERS of stream 1 without END_HEADERS: `:method: GET`.
    co_await peer.raw(std::string("\x00\x00\x01\x01\x00\x00\x00\x00\x01\x82", 10));
    co_await peer.until_end();
  });
  EXPECT_TRUE(d.handler.asked.empty());
}

TEST(H2Server, ConnectionsThatOnlyResetAreClosed) {
  H2Dialogue d(wait_for_departure);
  d.run([](H2Peer& peer, H2Dialogue&) -> io::Task<void> {
    for (int i = 0; i < 1000 && !peer.ended; ++i) {
      const auto id = peer.get("/");
      co_await peer.flush();
      peer.reset(id);
      co_await peer.flush();
    }
    co_await peer.until_end();
    EXPECT_TRUE(peer.goaway);
    EXPECT_EQ(peer.goaway_code, NGHTTP2_ENHANCE_YOUR_CALM);
  });
  EXPECT_LE(d.handler.asked.size(), 1000u);
}

TEST(H2Server, BytesThatAreNoHttp2EndTheConnection) {
  H2Dialogue d(say_hi);
  d.run([](H2Peer& peer, H2Dialogue&) -> io::Task<void> {
    co_await peer.raw(std::string(100, '\xFF'));
    co_await peer.until_end();
    EXPECT_TRUE(peer.goaway);
  });
}

TEST(H2Server, DrainFinishesWhatIsOpenAndEnds) {
  H2Dialogue d(echo);
  d.run([](H2Peer& peer, H2Dialogue& dialogue) -> io::Task<void> {
    const auto id = peer.request(H2Peer::head("POST", "/"), "a", false);
    co_await peer.flush();
    co_await dialogue.handler.started.wait();
    dialogue.server->drain();
    co_await peer.until([&] { return peer.goaway; });
    EXPECT_EQ(peer.goaway_code, NGHTTP2_NO_ERROR);
    peer.more(id, "b", true);
    co_await peer.until_closed(id);
    EXPECT_EQ(peer.streams[id].body, "ab");
    co_await peer.until_end();
  });
}

TEST(H2Server, DrainEndsAnIdleConnectionAtOnce) {
  H2Dialogue d(say_hi);
  d.run([](H2Peer& peer, H2Dialogue& dialogue) -> io::Task<void> {
    co_await peer.until_closed(peer.get("/"));
    dialogue.server->drain();
    co_await peer.until_end();
    EXPECT_TRUE(peer.goaway);
  });
}

io::Task<void> no_body(ServerStream& stream, ScriptedHandler&) {
  ResponseOut out;
  out.no_body = true;
  out.content_length = 5;
  co_await stream.send_head(out, "hello", true);
}

TEST(H2Server, NoBodyGetsOutWhereNoneMayBe) {
  H2Dialogue d(no_body);
  d.run([](H2Peer& peer, H2Dialogue&) -> io::Task<void> {
    const auto id = peer.request(H2Peer::head("HEAD", "/"));
    co_await peer.until_closed(id);
    EXPECT_EQ(peer.streams[id].field("content-length"), "5");
    EXPECT_EQ(peer.streams[id].body, "");
    EXPECT_EQ(peer.streams[id].code, 0u);
  });
}

}  // namespace
}  // namespace http
