#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "gateway/request.h"
#include "http/server_connection.h"
#include "io/listener.h"
#include "upstream/pool.h"

namespace gateway {

enum class PortKind : std::uint8_t { kHttps, kPlaintext, kRedirect };

struct BoundPort {
  PortKind kind;
  int fd;  // one per worker, all of one address
};

struct DataPlaneOptions {
  http::ServerOptions server;
  upstream::PoolOptions pool;
  ExchangeOptions exchange;
  std::uint16_t https_port = 443;
  std::size_t max_connections = 10'000;  // of one worker; more are closed at once
};

// What all workers share. Outlives them.
struct Shared {
  const DataPlaneOptions& options;
  const identity::SessionTable& sessions;
  const identity::SigningKeys& keys;
  telemetry::AccessLog& log;
  SlowPath& slow;
  RecentDecisions* recent = nullptr;  // nullptr: no decisions are kept
  io::WorkPool* compiler = nullptr;   // of computed configs; the DataPlane's own, as is the next
  io::WorkPool* policy_threads = nullptr;  // for policies that take long
};

// One thread that serves requests: its loop, its listeners, its connections and everything it
// remembers. Shares nothing that changes with other workers.
class Worker final : public http::RequestHandler {
 public:
  // `index`: of this among all workers.
  Worker(const Shared& shared, std::size_t index, const std::vector<BoundPort>& ports,
         std::shared_ptr<const Snapshot> snapshot);
  ~Worker() override;

  void start();
  // From any thread: the worker takes the Snapshot and then calls `taken` (on its own thread).
  void publish(std::shared_ptr<const Snapshot> snapshot, std::function<void()> taken);
  // From any thread. No new connections; those that are idle end, others after their request.
  void drain();
  // From any thread: everything ends now. Then `join`.
  void stop();
  void join();

  const Counters& counters() const { return counters_; }
  // For the certificate table's main context: picks the certificate by the name that the client
  // asks for.
  static int choose_certificate(SSL* ssl, int* alert, void* argument);
  // Connections that are open; for the drain.
  std::int64_t open_connections() const {
    return counters_.open_connections.load(std::memory_order_relaxed);
  }

 private:
  class Port;
  class Sweeper;
  struct Link;

  static constexpr io::Millis kSweepMillis = 1'000;

  io::Task<void> handle(http::ServerStream& stream) override;
  io::Task<void> handle_rejected(http::ServerStream& stream, http::Reject reject) override;
  io::Task<void> serve(std::unique_ptr<io::Socket> socket, PortKind kind);
  io::Task<void> run_connection(std::unique_ptr<http::ServerConnection> connection);
  io::Task<bool> start_tls(io::Socket& socket);
  io::Task<bool> speaks_http2(io::Socket& socket);
  io::Task<void> end();

  const Shared& shared_;
  io::EventLoop loop_;
  std::shared_ptr<const Snapshot> snapshot_;
  upstream::Pool pool_;
  identity::TokenCache tokens_;
  SubjectCache subjects_;
  telemetry::AccessLogBuffer log_;
  IdentifierSource identifiers_;
  Counters counters_;
  ConfigCache configs_;
  RequestTools tools_;
  std::vector<std::unique_ptr<Port>> ports_;
  std::unique_ptr<Sweeper> sweeper_;
  std::vector<io::Socket*> beginning_;  // whose protocol is not known yet
  std::vector<http::ServerConnection*> connections_;
  io::Scope tasks_;
  io::Scope ending_;
  bool draining_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace gateway
