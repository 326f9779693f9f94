#include "upstream/pool.h"

#include <gtest/gtest.h>

#include "upstream/scripted_upstream_test.h"

namespace upstream {
namespace {

using http::Failure;
using http::Peer;

constexpr const char* kOk = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

// A pool and one upstream, on one loop.
class PoolTest {
 public:
  explicit PoolTest(ScriptedUpstream::Script script) : upstream(test_.loop(), script) {}

  using Script = io::Task<void> (*)(PoolTest&);
  void run(Script script) { test_.run(drive(script)); }
  io::EventLoop& loop() { return test_.loop(); }

  // One GET; the connection goes back. Says whether it was a reused one.
  io::Task<Opened> get() {
    Opened opened = co_await pool.open(endpoint, false);
    if (opened.stream == nullptr) co_return opened;
    http::RequestOut out;
    out.method = "GET";
    out.target = "/";
    out.authority = "up";
    co_await opened.stream->send_head(out, {}, true);
    http::ResponseHead head;
    opened.failure = co_await opened.stream->read_head(head, 5'000);
    opened.stream->finish();
    opened.stream = nullptr;
    co_return opened;
  }

 private:
  io::Task<void> drive(Script script) {
    endpoint = upstream.endpoint();
    co_await script(*this);
    pool.close();
    for (pool.sweep(); !pool.is_unused(); pool.sweep()) co_await io::Sleep(loop(), 1);
    co_await upstream.stop();
  }

  io::TestLoop test_;

 public:
  PoolOptions options;
  ScriptedUpstream upstream;
  Pool pool{test_.loop(), options};
  std::shared_ptr<const Endpoint> endpoint;
};

io::Task<void> answer_all(Peer& peer, int) {
  while ((co_await peer.read_until_end_of_head())) co_await peer.shout(kOk);
}

TEST(Pool, AConnectionIsUsedAgain) {
  PoolTest t(answer_all);
  t.run([](PoolTest& p) -> io::Task<void> {
    EXPECT_FALSE((co_await p.get()).reused);
    for (int i = 0; i < 5; ++i) EXPECT_TRUE((co_await p.get()).reused);
    EXPECT_EQ(p.upstream.connections(), 1);
  });
}

TEST(Pool, BusyConnectionsAreNotShared) {
  PoolTest t(answer_all);
  t.run([](PoolTest& p) -> io::Task<void> {
    const Opened a = co_await p.pool.open(p.endpoint, false);
    const Opened b = co_await p.pool.open(p.endpoint, false);
    EXPECT_NE(a.stream, b.stream);
    EXPECT_EQ(p.pool.take_idle(*p.endpoint), nullptr);
    a.stream->finish();  // nothing was asked on it: not for others either
    b.stream->finish();
    EXPECT_EQ(p.pool.take_idle(*p.endpoint), nullptr);
  });
}

TEST(Pool, AConnectionThatTheUpstreamClosedIsForgotten) {
  PoolTest t([](Peer& peer, int) -> io::Task<void> {
    if (co_await peer.read_until_end_of_head()) co_await peer.shout(kOk);
  });
  t.run([](PoolTest& p) -> io::Task<void> {
    for (int i = 0; i < 3; ++i) {
      const Opened opened = co_await p.get();
      EXPECT_EQ(opened.failure, Failure::kNone);
      EXPECT_FALSE(opened.reused);
      co_await io::Sleep(p.loop(), 1);  // one turn of the loop: the end arrives
    }
    EXPECT_EQ(p.upstream.connections(), 3);
  });
}

TEST(Pool, FreshMeansANewConnection) {
  PoolTest t(answer_all);
  t.run([](PoolTest& p) -> io::Task<void> {
    co_await p.get();
    const Opened opened = co_await p.pool.open(p.endpoint, true);
    EXPECT_FALSE(opened.reused);
    opened.stream->finish();
    EXPECT_EQ(p.upstream.connections(), 2);
  });
}

TEST(Pool, IdleConnectionsAreClosedInTime) {
  PoolTest t(answer_all);
  t.options.idle_timeout = 0;
  t.run([](PoolTest& p) -> io::Task<void> {
    co_await p.get();
    p.pool.sweep();
    EXPECT_TRUE(p.pool.is_unused());
  });
}

TEST(Pool, IdleConnectionsAreLimited) {
  PoolTest t(answer_all);
  t.options.max_idle_per_endpoint = 0;
  t.run([](PoolTest& p) -> io::Task<void> {
    co_await p.get();
    EXPECT_TRUE(p.pool.is_unused());
  });
}

TEST(Pool, ConnectionsToWhichNoConfigLeadsAreClosed) {
  PoolTest t(answer_all);
  t.run([](PoolTest& p) -> io::Task<void> {
    co_await p.get();
    p.pool.sweep();
    EXPECT_FALSE(p.pool.is_unused()) << "somebody has the endpoint";
    p.pool.let_go(p.endpoint.get());
    EXPECT_FALSE(p.pool.is_unused());
    p.endpoint.reset();
    p.pool.sweep();
    EXPECT_TRUE(p.pool.is_unused());

    p.endpoint = p.upstream.endpoint();
    co_await p.get();
    const Endpoint* gone = p.endpoint.get();
    p.endpoint.reset();
    p.pool.let_go(gone);
    EXPECT_TRUE(p.pool.is_unused());
    p.pool.let_go(gone);  // nothing to let go of is fine
  });
}

TEST(Pool, ARefusedConnectionAndAnUnknownNameAreTold) {
  PoolTest t(answer_all);
  t.run([](PoolTest& p) -> io::Task<void> {
    Endpoint nobody = p.upstream.describe();
    const auto fd = io::bind_listener(*io::Address::parse("127.0.0.1:0"), false);
    nobody.dial = io::bound_address(*fd);
    close(*fd);
    const Opened refused = co_await p.pool.open(std::make_shared<const Endpoint>(nobody), false);
    EXPECT_EQ(refused.stream, nullptr);
    EXPECT_EQ(refused.failure, Failure::kConnectFailed);
    EXPECT_NE(refused.detail.find(nobody.dial->text()), std::string::npos);

    Endpoint local = p.upstream.describe();
    local.host = "localhost";
    local.dial.reset();
    const Opened resolved = co_await p.pool.open(std::make_shared<const Endpoint>(local), false);
    EXPECT_EQ(resolved.failure, Failure::kNone) << resolved.detail;
    if (resolved.stream != nullptr) resolved.stream->finish();
  });
}

TEST(Pool, TlsIsVerifiedAgainstTheHost) {
  static const auto authority = io::make_authority("CA", 1);
  static const auto leaf = io::issue_certificate(*authority, {"up.test"}, 1);
  static const auto context = io::make_server_context({leaf->certificate_pem, leaf->key_pem});
  PoolTest t([](Peer& peer, int) -> io::Task<void> {
    peer.socket().start_tls_server(context->get());
    if (co_await peer.socket().handshake(peer.socket().loop().in(5'000)) <= 0) co_return;
    while (co_await peer.read_until_end_of_head()) co_await peer.shout(kOk);
  });
  t.run([](PoolTest& p) -> io::Task<void> {
    Endpoint good = p.upstream.describe();
    good.host = "up.test";
    good.tls = *io::make_client_context(
        {.trusted_pem = {authority->certificate_pem}, .system_roots = false});
    Endpoint bad = good;
    bad.host = "other.test";
    const auto refused = co_await p.pool.open(std::make_shared<const Endpoint>(bad), false);
    EXPECT_EQ(refused.failure, Failure::kTls);
    EXPECT_NE(refused.detail.find("other.test"), std::string::npos);
    Endpoint http2 = good;
    http2.protocol = Protocol::kHttp2;
    SSL_CTX_set_alpn_select_cb(context->get(), nullptr, nullptr);  // speaks no ALPN
    const auto no_alpn = co_await p.pool.open(std::make_shared<const Endpoint>(http2), false);
    EXPECT_EQ(no_alpn.failure, Failure::kTls);
    p.endpoint = std::make_shared<const Endpoint>(good);
    const auto opened = co_await p.get();
    EXPECT_EQ(opened.failure, Failure::kNone) << opened.detail;
    EXPECT_TRUE((co_await p.get()).reused);
  });
}

TEST(Pool, CloseEndsWhatIsUnderWay) {
  PoolTest t([](Peer& peer, int) -> io::Task<void> { co_await peer.hear_all(); });
  t.run([](PoolTest& p) -> io::Task<void> {
    const auto waits = [](PoolTest& pool_test, Failure& out) -> io::Task<void> {
      out = (co_await pool_test.get()).failure;
    };
    io::Scope scope;
    Failure one = Failure::kNone;
    Failure two = Failure::kNone;
    scope.spawn(waits(p, one));
    scope.spawn(waits(p, two));
    while (p.upstream.connections() < 2) co_await io::Sleep(p.loop(), 1);
    p.pool.close();
    co_await scope.drained();
    EXPECT_EQ(one, Failure::kCancelled);
    EXPECT_EQ(two, Failure::kCancelled);
    EXPECT_EQ((co_await p.pool.open(p.endpoint, true)).failure, Failure::kCancelled);
  });
}

TEST(EndpointTable, ConfigsThatSayTheSameShareOneEndpoint) {
  EndpointTable table;
  Endpoint description;
  description.key = "a";
  const auto first = table.add(description);
  EXPECT_EQ(table.find("a"), first);
  EXPECT_EQ(table.add(description), first);
  description.key = "b";
  EXPECT_NE(table.add(description), first);
  EXPECT_EQ(table.find("b"), nullptr) << "nobody holds it";
}

TEST(EndpointTable, TheSameTlsSettingsShareOneContext) {
  EndpointTable table;
  int made = 0;
  const auto make = [&]() -> base::Result<io::SslContext> {
    ++made;
    return io::make_client_context({.system_roots = false});
  };
  auto first = table.tls("a", make);
  EXPECT_EQ(*table.tls("a", make), *first);
  EXPECT_EQ(made, 1);
  EXPECT_NE(*table.tls("b", make), *first);
  first->reset();
  EXPECT_TRUE(table.tls("a", make));
  EXPECT_EQ(made, 3) << "nobody held it";
  const auto failing = table.tls(
      "c", []() -> base::Result<io::SslContext> { return base::fail_invalid("tls", "no"); });
  EXPECT_FALSE(failing);
}

}  // namespace
}  // namespace upstream
