#include "gateway/worker.h"

#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

#include "http/h1_server.h"
#include "http/h2_server.h"

namespace gateway {
namespace {

constexpr std::string_view kHttp2Preface = "PRI * HTTP/2.0\r\n";  // RFC 9113 §3.4, its first line

// Where the TLS callback finds the worker of a connection.
int worker_index() {
  static const int kIndex = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return kIndex;
}

}  // namespace

// One listening socket of this worker.
class Worker::Port final : public io::Acceptor {
 public:
  Port(Worker& worker, BoundPort port)
      : worker_(worker), kind_(port.kind), listener_(worker.loop_, port.fd, *this) {}

  void on_accept(int fd) override {
    worker_.counters_.connections.fetch_add(1, std::memory_order_relaxed);
    if (worker_.tasks_.running() >= worker_.shared_.options.max_connections) {
      ::close(fd);
      return;
    }
    worker_.tasks_.spawn(worker_.serve(std::make_unique<io::Socket>(worker_.loop_, fd), kind_));
  }
  void stop() { listener_.stop(); }

 private:
  Worker& worker_;
  PortKind kind_;
  io::Listener listener_;
};

// Takes away what nobody uses any more, once in a while.
class Worker::Sweeper final : public io::Timer {
 public:
  explicit Sweeper(Worker& worker) : worker_(worker) { arm(); }

 protected:
  void on_deadline() override {
    worker_.pool_.sweep();
    worker_.subjects_.sweep(worker_.snapshot_->sequence != swept_);
    swept_ = worker_.snapshot_->sequence;
    worker_.configs_.sweep();
    arm();
  }

 private:
  void arm() { worker_.loop_.timers().arm(*this, worker_.loop_.in(kSweepMillis)); }

  Worker& worker_;
  std::uint64_t swept_ = 0;  // the Snapshot as of which Services were swept
};

Worker::Worker(const Shared& shared, std::size_t index, const std::vector<BoundPort>& ports,
               std::shared_ptr<const Snapshot> snapshot)
    : shared_(shared),
      snapshot_(std::move(snapshot)),
      pool_(loop_, shared.options.pool),
      tokens_(shared.sessions, shared.keys),
      log_(shared.log),
      configs_(loop_, pool_, *shared.compiler, counters_),
      tools_{loop_,
             pool_,
             tokens_,
             subjects_,
             log_,
             identifiers_,
             shared.slow,
             configs_,
             *shared.policy_threads,
             counters_,
             shared.options.exchange,
             shared.recent == nullptr ? nullptr : shared.recent->ring_of(index),
             shared.options.https_port} {
  for (const BoundPort& port : ports) ports_.push_back(std::make_unique<Port>(*this, port));
  loop_.on_batch_end([this] { log_.flush_if_due(loop_.now()); });
}

Worker::~Worker() = default;

void Worker::start() {
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "worker");
    sweeper_ = std::make_unique<Sweeper>(*this);
    loop_.run();
    log_.flush();
  });
}

void Worker::publish(std::shared_ptr<const Snapshot> snapshot, std::function<void()> taken) {
  loop_.post([this, snapshot = std::move(snapshot), taken = std::move(taken)]() mutable {
    snapshot_ = std::move(snapshot);
    taken();
  });
}

void Worker::drain() {
  loop_.post([this] {
    draining_ = true;
    for (const auto& port : ports_) port->stop();
    const auto open = connections_;
    for (http::ServerConnection* connection : open) connection->drain();
  });
}

void Worker::stop() {
  loop_.post([this] {
    draining_ = stopping_ = true;
    for (const auto& port : ports_) port->stop();
    const auto open = connections_;
    for (http::ServerConnection* connection : open) {
      // Closing one may end others' tasks, but never removes a connection other than its own.
      if (std::ranges::find(connections_, connection) != connections_.end()) connection->close();
    }
    const auto beginning = beginning_;
    for (io::Socket* socket : beginning) {
      if (std::ranges::find(beginning_, socket) != beginning_.end()) socket->cancel();
    }
    pool_.close();
    ending_.spawn(end());
  });
}

// The loop runs on until no task is left that uses what this worker owns.
io::Task<void> Worker::end() {
  co_await tasks_.drained();
  for (pool_.sweep(); !pool_.is_unused(); pool_.sweep()) co_await io::Sleep(loop_, 1);
  loop_.stop();
}

void Worker::join() {
  if (thread_.joinable()) thread_.join();
}

// --- connections ---

int Worker::choose_certificate(SSL* ssl, int* alert, void*) {
  auto* worker = static_cast<Worker*>(SSL_get_ex_data(ssl, worker_index()));
  const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  SSL_CTX* context = nullptr;
  if (worker != nullptr && name != nullptr) {
    std::string lower(name);
    for (char& c : lower)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    context = worker->snapshot_->certificates->find(lower);
  }
  if (context == nullptr) {
    *alert = SSL_AD_UNRECOGNIZED_NAME;
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  SSL_set_SSL_CTX(ssl, context);
  return SSL_TLSEXT_ERR_OK;
}

io::Task<bool> Worker::start_tls(io::Socket& socket) {
  SSL_CTX* context = snapshot_->certificates->main();
  socket.start_tls_server(context);
  SSL_set_ex_data(socket.ssl(), worker_index(), this);
  const auto done = co_await socket.handshake(loop_.in(shared_.options.server.timeouts.handshake));
  co_return done > 0;
}

// Whether a connection in clear begins as HTTP/2 does (prior knowledge). Looks without taking.
io::Task<bool> Worker::speaks_http2(io::Socket& socket) {
  const io::Millis deadline = loop_.in(shared_.options.server.timeouts.keep_alive);
  char first[kHttp2Preface.size()];
  while (co_await socket.wait_readable(deadline) > 0) {
    const std::string_view seen(first, socket.peek(first, sizeof first));
    if (!seen.empty() && !kHttp2Preface.starts_with(seen)) co_return false;
    if (seen.size() >= 3) co_return true;  // no method of HTTP/1 that we serve begins so
    if (socket.is_closed_by_peer()) co_return false;
    socket.wait_for_more();
  }
  co_return false;
}

io::Task<void> Worker::serve(std::unique_ptr<io::Socket> socket, PortKind kind) {
  http::Downstream downstream;
  downstream.peer = socket->peer();
  downstream.tls = kind == PortKind::kHttps;
  downstream.redirect_only = kind == PortKind::kRedirect;
  bool http2 = false;
  bool usable = true;
  beginning_.push_back(socket.get());
  if (kind == PortKind::kHttps) {
    usable = co_await start_tls(*socket);
  } else if (kind == PortKind::kPlaintext) {
    http2 = co_await speaks_http2(*socket);
  }
  std::erase(beginning_, socket.get());
  if (!usable || stopping_) co_return;
  if (kind == PortKind::kHttps) {
    http2 = socket->alpn() == io::Alpn::kHttp2;
    downstream.server_name = socket->server_name();
  }
  std::unique_ptr<http::ServerConnection> connection;
  if (http2) {
    connection = std::make_unique<http::H2Server>(std::move(socket), downstream,
                                                  shared_.options.server, *this);
  } else {
    connection = std::make_unique<http::H1Server>(std::move(socket), downstream,
                                                  shared_.options.server, *this);
  }
  co_await run_connection(std::move(connection));
}

io::Task<void> Worker::run_connection(std::unique_ptr<http::ServerConnection> connection) {
  connections_.push_back(connection.get());
  counters_.open_connections.fetch_add(1, std::memory_order_relaxed);
  if (draining_) connection->drain();
  co_await connection->serve();
  std::erase(connections_, connection.get());
  counters_.open_connections.fetch_sub(1, std::memory_order_relaxed);
}

io::Task<void> Worker::handle(http::ServerStream& stream) {
  Request request(stream, tools_, snapshot_);
  co_await request.run();
}

io::Task<void> Worker::handle_rejected(http::ServerStream& stream, http::Reject reject) {
  Request request(stream, tools_, snapshot_);
  co_await request.run_rejected(reject);
}

}  // namespace gateway
