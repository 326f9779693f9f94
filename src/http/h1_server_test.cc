#include "http/h1_server.h"

#include <gtest/gtest.h>

#include "http/dialogue_test.h"

namespace http {
namespace {

constexpr const char* kHi = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
constexpr const char* kGet = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";

std::string answer(std::string_view body) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         std::string(body);
}

// One connection with a scripted client.
class H1Dialogue {
 public:
  explicit H1Dialogue(ScriptedHandler::Script script) : handler(script) {
    options.timeouts.linger = 200;
  }

  using Client = io::Task<void> (*)(Peer&, H1Dialogue&);
  void run(Client client) {
    auto [a, b] = test_.pair();
    test_.run(serve_to_end<H1Server>(std::move(a), options, handler, &server),
              talk(std::move(b), client));
  }

  io::EventLoop& loop() { return test_.loop(); }
  // Until the handler has begun and gone as far as it gets.
  io::Task<void> handler_waits() {
    co_await handler.started.wait();
    co_await loop().batch_end();
  }
  ServerOptions options;
  ScriptedHandler handler;
  H1Server* server = nullptr;  // while it lives

 private:
  io::Task<void> talk(std::unique_ptr<io::Socket> socket, Client client) {
    Peer peer(std::move(socket));
    co_await client(peer, *this);
  }

  io::TestLoop test_;
};

TEST(H1Server, AConnectionServesOneRequestAfterTheOther) {
  H1Dialogue d(say_hi);
  d.run([](Peer& peer, H1Dialogue&) -> io::Task<void> {
    for (int i = 0; i < 3; ++i) {
      co_await peer.say(kGet);
      co_await peer.expect(kHi);
    }
    co_await peer.say("GET /last HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    co_await peer.expect("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi");
    co_await peer.expect_end();
  });
  EXPECT_EQ(d.handler.asked.size(), 4u);
}

constexpr const char* kPipeline =
    "POST /1 HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"
    "GET /2 HTTP/1.1\r\nHost: h\r\n\r\n"
    "POST /3 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
    "2;ext=1\r\nde\r\n1\r\nf\r\n0\r\nX-Sum: 6\r\n\r\n"
    "\r\nPOST /4 HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n";

TEST(H1Server, PipelinedRequestsAreAnsweredInOrder) {
  H1Dialogue d(echo);
  d.run([](Peer& peer, H1Dialogue&) -> io::Task<void> {
    co_await peer.say(kPipeline);
    for (const char* body : {"abc", "", "def", ""}) co_await peer.expect(answer(body));
  });
  EXPECT_EQ(d.handler.asked, (std::vector<std::string>{"POST /1", "GET /2", "POST /3", "POST /4"}));
  EXPECT_EQ(d.handler.notes, std::vector<std::string>{"X-Sum=6"});
}

TEST(H1Server, HowBytesAreCutIntoReadsChangesNothing) {
  H1Dialogue d(echo);
  d.run([](Peer& peer, H1Dialogue&) -> io::Task<void> {
    co_await peer.spell(kPipeline);
    for (const char* body : {"abc", "", "def", ""}) co_await peer.expect(answer(body));
  });
  EXPECT_EQ(d.handler.notes, std::vector<std::string>{"X-Sum=6"});
}

TEST(H1Server, ALargeBodyGoesThroughWholeAndTheNextRequestIsFound) {
  static const std::string kBody(700'000, 'b');
  H1Dialogue d(echo);
  d.run([](Peer& peer, H1Dialogue&) -> io::Task<void> {
    co_await peer.say("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 700000\r\n\r\n" + kBody +
                      kGet);
    co_await peer.expect(answer(kBody));
    co_await peer.expect(answer(""));
  });
}

TEST(H1Server, AClientThatAsksIsToldToContinueWhenTheBodyIsWanted) {
  H1Dialogue d(echo);
  d.run([](Peer& peer, H1Dialogue&) -> io::Task<void> {
    co_await peer.say(
        "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
    co_await peer.expect("HTTP/1.1 100 Continue\r\n\r\n");
    co_await peer.say("abc");
    co_await peer.expect(answer("abc"));
    co_await peer.say(kGet);
    co_await peer.expect(answer(""));
  });
}

TEST(H1Server, WithoutContinueTheConnectionEndsSinceTheBodyMayComeOrNot) {
  H1Dialogue d(say_hi);
  d.run([](Peer& peer, H1Dialogue&) -> io::Task<void> {
    co_await peer.say(
        "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
    co_await peer.expect("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi");
    co_await peer.say("GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n");
    co_await peer.expect_end();
  });
  EXPECT_EQ(d.handler.asked.size(), 1u);
}

TEST(H1Server, AShortBodyThatNobodyReadIsReadAway) {
  H1Dialogue d(say_hi);
  d.run([](Peer& peer, H1Dialogue&) -> io::Task<void> {
    co_await peer.say("POST /1 HTTP/1.1\r\nHost: h\r\nContent-Length: 26\r\n\r\nGET /evil");
    co_await peer.expect(kHi);
    co_await peer.say(" HTTP/1.1\r\n\r\nxxxx");
    co_await peer.say(
        "POST /2 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
    co_await peer.expect(kHi);
    co_await peer.say(kGet);
    co_await peer.expect(kHi);
  });
  EXPECT_EQ(d.handler.asked, (std::vector<std::string>{"POST /1", "POST /2", "GET /a"}));
}

TEST(H1Server, ALongBodyThatNobodyReadEndsTheConnectionButTheAnswerArrives) {
  H1Dialogue d(say_hi);
  d.options.drain_body_bytes = 1000;
  d.run([](Peer& peer, H1Dialogue&) -> io::Task<void> {
    co_await peer.say("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5000000\r\n\r\n");
    co_await peer.shout(std::string(900, 'x'));
    co_await peer.expect("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi");
    co_await peer.expect_end();
  });
}

io::Task<void> stream_out(ServerStream& stream, ScriptedHandler&) {
  co_await stream.send_head(ResponseOut{}, "one", false);
  co_await stream.send_body("twotwo", false);
  FieldList trailers;
  trailers.push(Field{"X-End", "yes"});
  co_await stream.send_trailers(trailers);
}

TEST(H1Server, ABodyOfUnknownLengthIsChunked) {
  H1Dialogue d(stream_out);
  d.run([](Peer& peer, H1Dialogue&) -> io::Task<void> {
    for (int i = 0; i < 2; ++i) {
      co_await peer.say(kGet);
      co_await peer.expect(
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
          "3\r\none\r\n6\r\ntwotwo\r\n0\r\nX-End: yes\r\n\r\n");
    }
  });
}

TEST(H1Server, ForHttp10TheBodyEndsWithTheConnection) {
  H1Dialogue d(stream_out);
  d.run([](Peer& peer, H1Dialogue&) -> io::Task<void> {
    co_await peer.say("GET / HTTP/1.0\r\nHost: h\r\nConnection: keep-alive\r\n\r\n");
    co_await peer.expect("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nonetwotwo");
    co_await peer.expect_end();
  });
}

TEST(H1Server, Http10MayKeepTheConnectionWhenItAsks) {
  H1Dialogue d(say_hi);
  d.run([](Peer& peer, H1Dialogue&) -> io::Task<void> {
    co_await peer.say("GET / HTTP/1.0\r\nHost: h\r\nConnection: keep-alive\r\n\r\n");
    co_await peer.expect(
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nhi");
    co_await peer.say("GET / HTTP/1.0\r\nHost: h\r\n\r\n");
    co_await peer.expect("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi");
    co_await peer.expect_end();
  });
}

// By path: what a handler might send though there is no place for a body.
io::Task<void> bodies_where_none_may_be(ServerStream& stream, ScriptedHandler&) {
  ResponseOut out;
  out.no_body = true;
  if (stream.request().target == "/204") out.status = 204;
  if (stream.request().target == "/304") out.status = 304;
  if (stream.request().method == "HEAD") out.content_length = 5;
  if (stream.request().target == "/pieces") {
    co_await stream.send_head(out, "he", false);
    co_await stream.send_body("llo", true);
  } else {
    co_await stream.send_head(out, "hello", true);
  }
}

TEST(H1Server, NoBodyGetsOutWhereNoneMayBe) {
  H1Dialogue d(bodies_where_none_may_be);
  d.run([](Peer& peer, H1Dialogue&) -> io::Task<void> {
    const std::string of_head = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
    co_await peer.say("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n");
    co_await peer.expect(of_head);
    co_await peer.say("HEAD /pieces HTTP/1.1\r\nHost: h\r\n\r\n");
    co_await peer.expect(of_head);
    co_await peer.say("GET /204 HTTP/1.1\r\nHost: h\r\n\r\n");
    co_await peer.expect("HTTP/1.1 204 No Content\r\n\r\n");
    co_await peer.say("GET /304 HTTP/1.1\r\nHost: h\r\n\r\n");
    co_await peer.expect("HTTP/1.1 304 Not Modified\r\n\r\n");
    co_await peer.say("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n");
    co_await peer.expect(of_head);
  });
}

// By path: bodies of another length than announced.
io::Task<void> wrong_length(ServerStream& stream, ScriptedHandler& handler) {
  ResponseOut out;
  out.content_length = 5;
  if (stream.request().target == "/short") {
    co_await stream.send_head(out, "abc", false);
    co_await stream.send_body("d", true);
  } else {
    co_await stream.send_head(out, "abc", false);
    handler.notes.push_back(co_await stream.send_body("defg", true) ? "taken" : "refused");
  }
}

TEST(H1Server, ABodyOfAnotherLengthThanAnnouncedCutsTheConnection) {
  H1Dialogue too_long(wrong_length);
  too_long.run([](Peer& peer, H1Dialogue&) -> io::Task<void> {
    co_await peer.say("GET /long HTTP/1.1\r\nHost: h\r\n\r\n" + std::string(kGet));
    co_await peer.expect("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc");
    co_await peer.expect_end();
  });
  EXPECT_EQ(too_long.handler.notes, std::vector<std::string>{"refused"});
  EXPECT_EQ(too_long.handler.asked.size(), 1u);
  H1Dialogue too_short(wrong_length);
  too_short.run([](Peer& peer, H1Dialogue&) -> io::Task<void> {
    co_await peer.say("GET /short HTTP/1.1\r\nHost: h\r\n\r\n" + std::string(kGet));
    co_await peer.expect("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc");
    co_await peer.expect_end();
  });
  EXPECT_EQ(too_short.handler.asked.size(), 1u);
}

io::Task<void> say_nothing(ServerStream&, ScriptedHandler&) { co_return; }
io::Task<void> say_half(ServerStream& stream, ScriptedHandler&) {
  co_await stream.send_head(ResponseOut{}, "half", false);
  stream.abort();
}

TEST(H1Server, AnAnswerThatIsNotCompleteCutsTheConnection) {
  H1Dialogue nothing(say_nothing);
  nothing.run([](Peer& peer, H1Dialogue&) -> io::Task<void> {
    co_await peer.say(std::string(kGet) + kGet);
    co_await peer.expect_end();
  });
  H1Dialogue half(say_half);
  half.run([](Peer& peer, H1Dialogue&) -> io::Task<void> {
    co_await peer.say(std::string(kGet) + kGet);
    co_await peer.expect(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf");  // no last chunk
    co_await peer.expect_end();
  });
  EXPECT_EQ(half.handler.asked.size(), 1u);
}

TEST(H1Server, ARefusedRequestIsAnsweredOnceAndNothingAfterItIsRead) {
  struct Row {
    std::string request;
    std::string name;
    std::string status;
  };
  static std::vector<Row> rows = {
      {"GET / HTTP/1.1\r\n\r\n", "host_missing", "400 Bad Request"},
      {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
       "framing_conflict", "400 Bad Request"},
      {"GET / HTTP/1.1\nHost: h\n\n", "bare_line_break", "400 Bad Request"},
      {"GET / HTTP/3.0\r\nHost: h\r\n\r\n", "version_unsupported",
       "505 HTTP Version Not Supported"},
      {"TRACE / HTTP/1.1\r\nHost: h\r\n\r\n", "method_not_allowed", "405 Method Not Allowed"},
      {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n",
       "transfer_coding_unsupported", "501 Not Implemented"},
      {"GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(17'000, 'x'), "head_too_large",
       "431 Request Header Fields Too Large"},
  };
  static std::size_t current = 0;
  for (current = 0; current < rows.size(); ++current) {
    H1Dialogue d(say_hi);
    d.run([](Peer& peer, H1Dialogue&) -> io::Task<void> {
      const Row& row = rows[current];
      co_await peer.shout(row.request + "GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n" +
                          std::string(60'000, 'x'));
      co_await peer.expect("HTTP/1.1 " + row.status +
                           "\r\nContent-Length: " + std::to_string(row.name.size()) +
                           "\r\nConnection: close\r\n\r\n" + row.name);
      co_await peer.expect_end();
    });
    EXPECT_EQ(d.handler.rejected, std::vector<std::string>{rows[current].name});
    EXPECT_TRUE(d.handler.asked.empty()) << rows[current].name;
  }
}

TEST(H1Server, ABodyThatBreaksTheCodingFails) {
  H1Dialogue d(echo);
  d.run([](Peer& peer, H1Dialogue&) -> io::Task<void> {
    co_await peer.say(
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcX\r\n0\r\n\r\n" +
        std::string(kGet));
    co_await peer.expect_end();
  });
  EXPECT_EQ(d.handler.failure, Failure::kMalformed);
  EXPECT_EQ(d.handler.asked.size(), 1u);
}

TEST(H1Server, ABodyThatIsCutOrLateFails) {
  H1Dialogue cut(echo);
  cut.run([](Peer& peer, H1Dialogue&) -> io::Task<void> {
    co_await peer.say("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 30\r\n\r\nabc");
    peer.hang_up();
  });
  EXPECT_EQ(cut.handler.failure, Failure::kPeerClosed);
  H1Dialogue late(echo);
  late.options.timeouts.body_idle = 20;
  late.run([](Peer& peer, H1Dialogue&) -> io::Task<void> {
    co_await peer.say("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 30\r\n\r\nabc");
    co_await peer.expect_end();
  });
  EXPECT_EQ(late.handler.failure, Failure::kTimeout);
}

TEST(H1Server, AHeadThatDoesNotEndTimesOutAndAnIdleConnectionIsClosedInSilence) {
  H1Dialogue d(say_hi);
  d.options.timeouts.head = 20;
  d.options.timeouts.keep_alive = 20;
  d.run([](Peer& peer, H1Dialogue&) -> io::Task<void> {
    co_await peer.say("GET / HTT");
    co_await peer.expect("HTTP/1.1 408 Request Timeout\r\n");
    co_await peer.hear_all();
  });
  EXPECT_EQ(d.handler.rejected, std::vector<std::string>{"head_timeout"});
  H1Dialogue idle(say_hi);
  idle.options.timeouts.keep_alive = 20;
  idle.run([](Peer& peer, H1Dialogue&) -> io::Task<void> {
    co_await peer.say(kGet);
    co_await peer.expect(kHi);
    co_await peer.expect_end();
  });
}

// `/chunked`, then an upgrade: the tunnel must not be chunked as well.
io::Task<void> upgrade(ServerStream& stream, ScriptedHandler& handler) {
  if (!stream.request().upgrade_websocket) {
    co_await stream_out(stream, handler);
    co_return;
  }
  ResponseOut out;
  out.status = 101;
  out.upgrade_websocket = true;
  co_await stream.send_head(out, {}, false);
  while (true) {
    const Piece piece = co_await stream.read_body();
    if (piece.failure != Failure::kNone) co_return;
    if (!piece.bytes.empty()) co_await stream.send_body(piece.bytes, false);
    if (piece.bytes.ends_with("bye")) break;
    if (piece.last) break;
  }
  co_await stream.send_body({}, true);
}

TEST(H1Server, AfterAnUpgradeBytesPassAsTheyAre) {
  H1Dialogue d(upgrade);
  d.run([](Peer& peer, H1Dialogue&) -> io::Task<void> {
    co_await peer.say(kGet);
    co_await peer.hear_until("X-End: yes\r\n\r\n");
    co_await peer.say(
        "GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nearly");
    co_await peer.expect(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: "
        "websocket\r\n\r\nearly");
    co_await peer.say("GET /a HTTP/1.1\r\n\r\n");
    co_await peer.expect("GET /a HTTP/1.1\r\n\r\n");
    co_await peer.say("bye");
    co_await peer.expect("bye");
    co_await peer.expect_end();
  });
  EXPECT_EQ(d.handler.asked.size(), 2u);
}

// Waits until it is told that the client has gone.
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
  handler.notes.emplace_back("gone");
  handler.notes.emplace_back(co_await stream.send_head(ResponseOut{}, "late", true) ? "sent"
                                                                                    : "not sent");
}

TEST(H1Server, AClientThatGoesCancelsWhatIsDoneForIt) {
  H1Dialogue d(wait_for_departure);
  d.run([](Peer& peer, H1Dialogue& dialogue) -> io::Task<void> {
    co_await peer.say(kGet);
    co_await dialogue.handler_waits();
    peer.hang_up();
  });
  EXPECT_EQ(d.handler.notes, (std::vector<std::string>{"gone", "not sent"}));
}

TEST(H1Server, AClientThatHasGoneAlreadyIsNoticedToo) {
  H1Dialogue d(wait_for_departure);
  d.run([](Peer& peer, H1Dialogue&) -> io::Task<void> {
    co_await peer.say(kGet);
    peer.hang_up();
  });
  EXPECT_EQ(d.handler.notes.front(), "gone");
}

TEST(H1Server, CloseEndsWhateverIsUnderWay) {
  for (const auto script : {&wait_for_departure, &echo}) {
    H1Dialogue d(script);
    d.run([](Peer& peer, H1Dialogue& dialogue) -> io::Task<void> {
      co_await peer.say("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nabc");
      co_await dialogue.handler_waits();
      dialogue.server->close();
      EXPECT_EQ(dialogue.server, nullptr);
      co_await peer.expect_end();
    });
  }
}

// Blocked in a write that the client does not read, with a canceller that dies with the request.
io::Task<void> flood(ServerStream& stream, ScriptedHandler& handler) {
  auto waiter = std::make_unique<Waiter>();
  stream.set_canceller(waiter.get());
  co_await stream.send_head(ResponseOut{}, {}, false);
  const std::string much(1'000'000, 'x');
  while (co_await stream.send_body(much, false)) {
  }
  stream.set_canceller(nullptr);
  waiter.reset();
  handler.notes.emplace_back("stopped");
}

TEST(H1Server, CloseWhileAWriteWaitsEndsItOnce) {
  H1Dialogue d(flood);
  d.run([](Peer& peer, H1Dialogue& dialogue) -> io::Task<void> {
    co_await peer.say(kGet);
    co_await dialogue.handler_waits();
    dialogue.server->close();
    co_await peer.hear_all();
  });
  EXPECT_EQ(d.handler.notes, std::vector<std::string>{"stopped"});
}

TEST(H1Server, DrainEndsAnIdleConnectionAtOnce) {
  H1Dialogue d(say_hi);
  d.run([](Peer& peer, H1Dialogue& dialogue) -> io::Task<void> {
    co_await peer.say(kGet);
    co_await peer.expect(kHi);
    dialogue.server->drain();
    co_await peer.expect_end();
  });
}

TEST(H1Server, DrainLetsARequestFinishAndSaysThatItWasTheLast) {
  H1Dialogue d(echo);
  d.run([](Peer& peer, H1Dialogue& dialogue) -> io::Task<void> {
    co_await peer.say("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\na");
    co_await dialogue.handler_waits();
    dialogue.server->drain();
    co_await peer.say("bc" + std::string(kGet));
    co_await peer.expect("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc");
    co_await peer.expect_end();
  });
  EXPECT_EQ(d.handler.asked.size(), 1u);
}

}  // namespace
}  // namespace http
