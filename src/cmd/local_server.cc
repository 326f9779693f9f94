#include "cmd/local_server.h"

#include <algorithm>
#include <vector>

#include "http/h1_server.h"
#include "http/reject.h"

namespace cmd {

class LocalServer::State final : public io::Acceptor, public http::RequestHandler {
 public:
  State(int fd, Handler handler) : handler_(std::move(handler)), listener_(loop_, fd, *this) {}

  void on_accept(int fd) override { tasks_.spawn(serve(fd)); }

  io::Task<void> handle(http::ServerStream& stream) override {
    const http::RequestHead& head = stream.request();
    LocalRequest request{head.method, head.target, head.fields, {}};
    while (true) {
      const http::Piece piece = co_await stream.read_body();
      if (piece.failure != http::Failure::kNone ||
          request.body.size() + piece.bytes.size() > kMaxBody) {
        stream.abort();
        co_return;
      }
      request.body.append(piece.bytes);
      if (piece.last) break;
    }
    const LocalAnswer answer = handler_(request);
    co_await send(stream, answer);
  }

  io::Task<void> handle_rejected(http::ServerStream& stream, http::Reject reject) override {
    co_await send(stream, {http::reject_status(reject), "text/plain; charset=utf-8",
                           std::string(http::reject_name(reject)) + "\n"});
  }

  io::EventLoop& loop() { return loop_; }

  // On the loop: ends every connection, then the loop itself.
  void close() {
    listener_.stop();
    const auto open = connections_;
    for (http::H1Server* connection : open)
      if (std::ranges::find(connections_, connection) != connections_.end()) connection->close();
    ending_.spawn(end());
  }

 private:
  static io::Task<void> send(http::ServerStream& stream, LocalAnswer answer) {
    http::ResponseOut out;
    out.status = answer.status;
    out.fields.push({"Content-Type", answer.content_type, http::FieldId::kContentType, false});
    if (stream.request().method == "HEAD") {
      out.no_body = true;
      out.content_length = answer.body.size();
      answer.body.clear();
    }
    co_await stream.send_head(out, answer.body, true);
  }

  io::Task<void> serve(int fd) {
    auto socket = std::make_unique<io::Socket>(loop_, fd);
    http::Downstream downstream;
    downstream.peer = socket->peer();
    http::H1Server connection(std::move(socket), downstream, options_, *this);
    connections_.push_back(&connection);
    co_await connection.serve();
    std::erase(connections_, &connection);
  }

  io::Task<void> end() {
    co_await tasks_.drained();
    loop_.stop();
  }

  Handler handler_;
  http::ServerOptions options_;
  io::EventLoop loop_;
  io::Listener listener_;
  std::vector<http::H1Server*> connections_;
  io::Scope tasks_;
  io::Scope ending_;
};

base::Result<std::unique_ptr<LocalServer>> LocalServer::start(const io::Address& address,
                                                              Handler handler) {
  BASE_ASSIGN(const int fd, io::bind_listener(address, false));
  std::unique_ptr<LocalServer> server(new LocalServer);
  server->address_ = io::bound_address(fd);
  server->state_ = std::make_unique<State>(fd, std::move(handler));
  server->thread_ = std::thread([state = server->state_.get()] { state->loop().run(); });
  return server;
}

LocalServer::~LocalServer() {
  state_->loop().post([state = state_.get()] { state->close(); });
  thread_.join();
}

}  // namespace cmd
