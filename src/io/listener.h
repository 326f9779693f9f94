#pragma once

#include "base/result.h"
#include "io/address.h"
#include "io/event_loop.h"

namespace io {

// Takes connections off one listening socket of this loop and hands each to its owner.
class Acceptor {
 public:
  virtual ~Acceptor() = default;
  // Takes the descriptor: non-blocking, TCP_NODELAY set.
  virtual void on_accept(int fd) = 0;
};

// A bound listening socket. With `reuse_port`, every worker binds its own and the kernel spreads
// connections.
base::Result<int> bind_listener(const Address& address, bool reuse_port);
// The address that a bound socket really has (for port 0).
Address bound_address(int fd);

class Listener final : public Watcher, private Timer {
 public:
  Listener(EventLoop& loop, int fd, Acceptor& acceptor);  // takes the descriptor
  ~Listener() override { stop(); }
  void stop();  // no more connections; those already accepted are not touched

 private:
  static constexpr Millis kRetryMillis = 100;
  static constexpr int kAcceptsPerEvent = 64;  // then other connections get their turn

  void on_events(std::uint32_t events) override;
  void on_deadline() override { accept_some(); }
  void accept_some();

  EventLoop& loop_;
  int fd_;
  Acceptor& acceptor_;
};

}  // namespace io
