// The thinnest proxy that the engine allows: what io and http cost before identity, policy and log
// are put on top. bare_proxy LISTEN UPSTREAM, both ADDRESS:PORT or unix:PATH; one thread; h1 in
// clear. Ends with SIGTERM.

#include <csignal>
#include <cstdio>
#include <memory>
#include <vector>

#include "gateway/exchange.h"
#include "http/h1_server.h"
#include "http/uri.h"
#include "io/listener.h"
#include "upstream/pool.h"

namespace {

class PassThrough final : public gateway::ResponseShaper {
 public:
  bool shape(const http::ResponseHead& in, http::ResponseOut& out) override {
    for (const http::Field& field : in.fields)
      if (!field.hop_by_hop && field.id != http::FieldId::kContentLength) out.fields.push(field);
    return true;
  }
};

class BareProxy final : public io::Acceptor, public http::RequestHandler {
 public:
  BareProxy(io::EventLoop& loop, std::shared_ptr<const upstream::Endpoint> endpoint)
      : loop_(loop), endpoint_(std::move(endpoint)), pool_(loop, pool_options_) {}

  void on_accept(int fd) override { connections_.spawn(serve(fd)); }

  io::Task<void> handle(http::ServerStream& stream) override {
    const http::RequestHead& head = stream.request();
    http::CanonicalTarget target;
    if (http::canonicalise(head, target) != http::Reject::kNone) {
      co_await handle_rejected(stream, http::Reject::kTargetMalformed);
      co_return;
    }
    http::RequestOut out;
    out.method = head.method;
    out.target = head.target;
    out.authority = endpoint_->authority;
    out.scheme = "http";
    out.content_length = head.content_length;
    out.has_body = head.framing != http::Framing::kNone;
    for (const http::Field& field : head.fields) {
      const bool ours =
          field.id == http::FieldId::kHost || field.id == http::FieldId::kContentLength;
      if (!field.hop_by_hop && !ours) out.fields.push(field);
    }
    gateway::Exchange exchange(stream, pool_, exchange_options_);
    PassThrough shaper;
    const auto result = co_await exchange.run(endpoint_, out, stream.whole_body(), shaper);
    if (!stream.head_sent() && !result.client_failed) {
      http::ResponseOut answer;
      answer.status = 502;
      co_await stream.send_head(answer, {}, true);
    }
  }

  io::Task<void> handle_rejected(http::ServerStream& stream, http::Reject reject) override {
    http::ResponseOut answer;
    answer.status = http::reject_status(reject);
    co_await stream.send_head(answer, {}, true);
  }

 private:
  io::Task<void> serve(int fd) {
    auto socket = std::make_unique<io::Socket>(loop_, fd);
    http::Downstream downstream;
    downstream.peer = socket->peer();
    http::H1Server connection(std::move(socket), downstream, server_options_, *this);
    co_await connection.serve();
  }

  io::EventLoop& loop_;
  std::shared_ptr<const upstream::Endpoint> endpoint_;
  http::ServerOptions server_options_;
  upstream::PoolOptions pool_options_;
  gateway::ExchangeOptions exchange_options_;
  upstream::Pool pool_;
  io::Scope connections_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: bare_proxy LISTEN UPSTREAM\n");
    return 2;
  }
  std::signal(SIGPIPE, SIG_IGN);
  const auto listen = io::Address::parse(argv[1]);
  const auto upstream_address = io::Address::parse(argv[2]);
  if (!listen || !upstream_address) return 2;
  const auto fd = io::bind_listener(*listen, true);
  if (!fd) {
    std::fprintf(stderr, "%s\n", fd.error().message.c_str());
    return 1;
  }
  upstream::Endpoint endpoint;
  endpoint.dial = *upstream_address;
  endpoint.authority = argv[2];
  io::EventLoop loop;
  // Never destroyed: the process ends by its signal, with connections open.
  auto* proxy = new BareProxy(loop, std::make_shared<const upstream::Endpoint>(endpoint));
  auto* listener = new io::Listener(loop, *fd, *proxy);
  (void)listener;
  loop.run();
}
