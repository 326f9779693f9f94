#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/reject.h"
#include "http/server_connection.h"
#include "http/stream.h"
#include "io/loop_test.h"

namespace http {

// The other end of a connection: says and expects bytes, literally. Every wait is bounded.
class Peer {
 public:
  explicit Peer(std::unique_ptr<io::Socket> socket) : socket_(std::move(socket)) {}

  io::Task<void> say(std::string text) {
    const auto written = co_await socket_->write(text, deadline());
    EXPECT_GE(written, 0) << "while saying " << text.substr(0, 80);
  }
  // Whether the other side takes it or not.
  io::Task<void> shout(std::string text) { co_await socket_->write(text, deadline()); }
  // One byte at a time, each of which the other side sees on its own.
  io::Task<void> spell(std::string text) {
    for (const char c : text) {
      co_await socket_->write(std::string_view(&c, 1), deadline());
      co_await socket_->loop().batch_end();
    }
  }

  io::Task<void> expect(std::string text) {
    while (heard_.size() < text.size() && co_await hear_some()) {
    }
    EXPECT_EQ(heard_.substr(0, text.size()), text);
    heard_.erase(0, text.size());
  }
  // Everything up to and with `mark`.
  io::Task<std::string> hear_until(std::string mark) {
    std::size_t at = std::string::npos;
    while ((at = heard_.find(mark)) == std::string::npos && co_await hear_some()) {
    }
    EXPECT_NE(at, std::string::npos) << mark << " did not come, but: " << heard_;
    const std::size_t size = at == std::string::npos ? heard_.size() : at + mark.size();
    std::string out = heard_.substr(0, size);
    heard_.erase(0, size);
    co_return out;
  }
  io::Task<std::string> hear_all() {
    while (co_await hear_some()) {
    }
    co_return std::exchange(heard_, {});
  }
  // Takes a request head that has no body; false at the end of the connection.
  io::Task<bool> read_until_end_of_head() {
    while (heard_.find("\r\n\r\n") == std::string::npos)
      if (!co_await hear_some()) co_return false;
    heard_.erase(0, heard_.find("\r\n\r\n") + 4);
    co_return true;
  }
  // The end of the connection, with nothing before it.
  io::Task<void> expect_end() {
    const std::string rest = co_await hear_all();
    EXPECT_EQ(rest, "");
    EXPECT_TRUE(ended_);
  }
  void hang_up() { socket_.reset(); }
  io::Socket& socket() { return *socket_; }

 private:
  io::Millis deadline() { return socket_->loop().in(10'000); }
  io::Task<bool> hear_some() {
    char buffer[16 * 1024];
    const auto got = co_await socket_->read(buffer, sizeof buffer, deadline());
    EXPECT_NE(got, -ETIMEDOUT) << "heard so far: " << heard_;
    ended_ = got == 0 || got == -ECONNRESET;
    if (got > 0) heard_.append(buffer, static_cast<std::size_t>(got));
    co_return got > 0;
  }

  std::unique_ptr<io::Socket> socket_;
  std::string heard_;
  bool ended_ = false;
};

// A handler that a test writes as a function; remembers what it was asked.
class ScriptedHandler final : public RequestHandler {
 public:
  using Script = io::Task<void> (*)(ServerStream&, ScriptedHandler&);

  explicit ScriptedHandler(Script script) : script_(script) {}
  std::vector<std::string> asked;  // "GET /path"
  std::vector<std::string> rejected;
  std::vector<std::string> notes;  // the script's
  Failure failure = Failure::kNone;
  io::Signal started;

 private:
  io::Task<void> handle(ServerStream& stream) override {
    asked.push_back(std::string(stream.request().method) + " " +
                    std::string(stream.request().target));
    started.set();
    co_await script_(stream, *this);
  }
  io::Task<void> handle_rejected(ServerStream& stream, Reject reject) override {
    rejected.emplace_back(reject_name(reject));
    ResponseOut out;
    out.status = reject_status(reject);
    co_await stream.send_head(out, reject_name(reject), true);
  }

  Script script_;
};

// --- scripts ---

// The whole body of a request; `failure` of the handler is set when it did not come.
inline io::Task<std::string> read_all(ServerStream& stream, ScriptedHandler& handler) {
  std::string body;
  while (true) {
    const Piece piece = co_await stream.read_body();
    body.append(piece.bytes);
    if (piece.failure != Failure::kNone) handler.failure = piece.failure;
    if (piece.last || piece.failure != Failure::kNone) co_return body;
  }
}

inline io::Task<void> say_hi(ServerStream& stream, ScriptedHandler&) {
  co_await stream.send_head(ResponseOut{}, "hi", true);
}

// Answers with the body that came.
inline io::Task<void> echo(ServerStream& stream, ScriptedHandler& handler) {
  const std::string body = co_await read_all(stream, handler);
  if (handler.failure != Failure::kNone) co_return;
  for (const Field& field : stream.request_trailers())
    handler.notes.push_back(std::string(field.name) + "=" + std::string(field.value));
  co_await stream.send_head(ResponseOut{}, body, true);
}

// Runs a connection of type `Server` to its end and closes it.
template <typename Server>
io::Task<void> serve_to_end(std::unique_ptr<io::Socket> socket, const ServerOptions& options,
                            RequestHandler& handler, Server** out) {
  Server server(std::move(socket), Downstream{}, options, handler);
  if (out != nullptr) *out = &server;
  co_await server.serve();
  if (out != nullptr) *out = nullptr;
}

}  // namespace http
