#include "io/listener.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace io {

base::Result<int> bind_listener(const Address& address, bool reuse_port) {
  const int fd = socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const auto failed = [&](std::string_view what) {
    const int error = errno;
    if (fd >= 0) close(fd);
    return base::fail(base::Code::kUnavailable, "listen_failed",
                      fmt::format("cannot {} {}: {}", what, address.text(), std::strerror(error)));
  };
  if (fd < 0) return failed("open a socket for");
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (reuse_port) setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  if (address.family() != AF_UNIX) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (bind(fd, address.data(), address.size()) != 0) return failed("bind");
  if (listen(fd, 4096) != 0) return failed("listen on");
  return fd;
}

Address bound_address(int fd) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &size);
  return Address(reinterpret_cast<sockaddr*>(&storage), size);
}

Listener::Listener(EventLoop& loop, int fd, Acceptor& acceptor)
    : loop_(loop), fd_(fd), acceptor_(acceptor) {
  loop_.watch(fd_, *this);
}

void Listener::stop() {
  if (fd_ < 0) return;
  loop_.timers().arm(*this, kNever);
  loop_.unwatch(fd_, *this);
  close(fd_);
  fd_ = -1;
}

void Listener::on_events(std::uint32_t) { accept_some(); }

void Listener::accept_some() {
  for (int i = 0; i < kAcceptsPerEvent; ++i) {
    const int fd = accept4(fd_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
      if (errno == EAGAIN) return;
      if (errno == ECONNABORTED || errno == EINTR) continue;
      loop_.timers().arm(*this, loop_.in(kRetryMillis));  // out of descriptors or memory
      return;
    }
    acceptor_.on_accept(fd);
  }
  loop_.timers().arm(*this, loop_.now());  // the edge was consumed but connections may remain
}

}  // namespace io
