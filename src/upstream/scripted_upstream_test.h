#pragma once

#include <memory>

#include "http/dialogue_test.h"
#include "io/listener.h"
#include "upstream/endpoint.h"

namespace upstream {

// An upstream on a port of its own: each connection runs the script. Ends with `stop`, once the
// scripts have ended.
class ScriptedUpstream final : public io::Acceptor {
 public:
  // `n`: how many connections came before this one.
  using Script = io::Task<void> (*)(http::Peer&, int n);

  ScriptedUpstream(io::EventLoop& loop, Script script)
      : loop_(loop),
        script_(script),
        fd_(*io::bind_listener(*io::Address::parse("127.0.0.1:0"), false)) {
    address_ = io::bound_address(fd_);
    listener_ = std::make_unique<io::Listener>(loop_, fd_, *this);
  }

  Endpoint describe() const {
    Endpoint endpoint;
    endpoint.host = "127.0.0.1";
    endpoint.port = address_.port();
    endpoint.default_port = false;
    endpoint.dial = address_;
    endpoint.authority = "up.test";
    endpoint.key = address_.text();
    return endpoint;
  }
  std::shared_ptr<const Endpoint> endpoint() const {
    return std::make_shared<const Endpoint>(describe());
  }
  int connections() const { return connections_; }

  io::Task<void> stop() {
    listener_->stop();
    co_await scripts_.drained();
  }

 private:
  void on_accept(int fd) override {
    scripts_.spawn(serve(std::make_unique<io::Socket>(loop_, fd), connections_++));
  }
  io::Task<void> serve(std::unique_ptr<io::Socket> socket, int n) {
    http::Peer peer(std::move(socket));
    co_await script_(peer, n);
  }

  io::EventLoop& loop_;
  Script script_;
  int fd_;
  io::Address address_;
  std::unique_ptr<io::Listener> listener_;
  io::Scope scripts_;
  int connections_ = 0;
};

}  // namespace upstream
