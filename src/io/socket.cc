#include "io/socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

namespace io {
namespace {

constexpr std::size_t kTlsGather = 16 * 1024;  // plaintext put into one record
constexpr std::size_t kTlsBurst =
    64 * 1024;  // plaintext encrypted before the kernel is asked again

}  // namespace

Socket::Socket(EventLoop& loop, int fd) : loop_(loop), fd_(fd) {
  if (!loop_.watch(fd_, *this)) hung_up_ = true;
}

Socket::~Socket() {
  if (read_op_ != nullptr || write_op_ != nullptr) std::abort();
  if (destroyed_ != nullptr) *destroyed_ = true;
  if (ssl_ != nullptr) SSL_free(ssl_);
  loop_.forget(*this);
  close(fd_);
}

Address Socket::peer() const {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (getpeername(fd_, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return {};
  return Address(reinterpret_cast<sockaddr*>(&storage), size);
}

// --- readiness ---

void Socket::on_events(std::uint32_t events) {
  if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) hung_up_ = true;
  if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) readable_ = true;
  if ((events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0) writable_ = true;
  const bool input = (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
  if (read_op_ != nullptr) {
    if (readable_ && !run(read_op_)) return;
  } else if (input && idle_callback_ != nullptr) {
    bool destroyed = false;
    bool* outer = std::exchange(destroyed_, &destroyed);
    idle_callback_(idle_argument_);
    if (destroyed) {
      if (outer != nullptr) *outer = true;
      return;
    }
    destroyed_ = outer;
  }
  if (write_op_ != nullptr) {
    if (writable_) run(write_op_);
  } else if (writable_ && !pending_.empty()) {
    flush_tls();  // of a handshake, or answers to post-handshake messages: nobody else would
  }
}

bool Socket::run(Op*& slot) {
  Op& op = *slot;
  if (!op.attempt()) return true;
  slot = nullptr;
  bool destroyed = false;
  bool* outer = std::exchange(destroyed_, &destroyed);
  op.waiter_.resume();
  if (destroyed) {
    if (outer != nullptr) *outer = true;
    return false;
  }
  destroyed_ = outer;
  return true;
}

void Socket::Op::complete(IoResult result) {
  result_ = result;
  waiter_.resume();
}

void Socket::OpTimer::on_deadline() {
  if (Op* op = std::exchange(op_, nullptr)) op->complete(-ETIMEDOUT);
}

void Socket::cancel() {
  bool destroyed = false;
  bool* outer = std::exchange(destroyed_, &destroyed);
  if (Op* op = std::exchange(read_op_, nullptr)) op->complete(-ECANCELED);
  if (!destroyed && write_op_ != nullptr) std::exchange(write_op_, nullptr)->complete(-ECANCELED);
  if (destroyed) {
    if (outer != nullptr) *outer = true;
    return;
  }
  destroyed_ = outer;
}

void Socket::move_read_deadline(Millis deadline) {
  if (read_op_ != nullptr) loop_.timers().arm(read_timer_, deadline);
}

void Socket::cancel_read() {
  if (Op* op = std::exchange(read_op_, nullptr)) op->complete(-ECANCELED);
}

// --- system calls ---

IoResult Socket::try_recv(char* data, std::size_t size) {
  if (!readable_) return -EAGAIN;
  while (true) {
    const ssize_t got = recv(fd_, data, size, 0);
    if (got >= 0) {
      // A short read drained the socket; after a hang-up only another read finds the end.
      if (static_cast<std::size_t>(got) < size && got > 0 && !hung_up_) readable_ = false;
      return got;
    }
    if (errno == EINTR) continue;
    if (errno == EAGAIN) readable_ = false;
    return -errno;
  }
}

IoResult Socket::try_send(const iovec* pieces, std::size_t count) {
  if (!writable_) return -EAGAIN;
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(pieces);
  message.msg_iovlen = count;
  while (true) {
    const ssize_t sent = count == 1 ? send(fd_, pieces[0].iov_base, pieces[0].iov_len, MSG_NOSIGNAL)
                                    : sendmsg(fd_, &message, MSG_NOSIGNAL);
    if (sent >= 0) return sent;
    if (errno == EINTR) continue;
    if (errno == EAGAIN) writable_ = false;
    return -errno;
  }
}

IoResult Socket::try_read(char* data, std::size_t size) {
  if (ssl_ == nullptr) return try_recv(data, size);
  std::size_t total = 0;
  while (total < size) {
    ERR_clear_error();
    const int got = SSL_read(ssl_, data + total,
                             static_cast<int>(std::min<std::size_t>(size - total, INT32_MAX)));
    if (got <= 0) {
      const IoResult flushed = flush_tls();
      if (total > 0) break;
      if (flushed < 0 && flushed != -EAGAIN) return flushed;
      return tls_failure(got);
    }
    total += static_cast<std::size_t>(got);
    if (!readable_ && SSL_has_pending(ssl_) == 0) break;
  }
  if (!loop_.tls_scratch().empty()) flush_tls();  // answers to post-handshake messages
  return static_cast<IoResult>(total);
}

std::size_t Socket::peek(char* data, std::size_t size) {
  const ssize_t got = recv(fd_, data, size, MSG_PEEK);
  if (got > 0) return static_cast<std::size_t>(got);
  readable_ = hung_up_;  // nothing new until the next edge
  return 0;
}

// --- operations ---

Socket::ReadOp Socket::read(char* data, std::size_t size, Millis deadline) {
  return ReadOp(*this, data, size, deadline);
}
Socket::WriteOp Socket::write(std::string_view first, std::string_view second, Millis deadline) {
  return WriteOp(*this, first, second, deadline);
}
Socket::WriteOp Socket::write(std::string_view bytes, Millis deadline) {
  return WriteOp(*this, bytes, {}, deadline);
}
Socket::WaitOp Socket::wait_readable(Millis deadline) {
  return WaitOp(*this, WaitOp::For::kReadable, deadline);
}
Socket::WaitOp Socket::handshake(Millis deadline) {
  return WaitOp(*this, WaitOp::For::kHandshake, deadline);
}
Socket::WaitOp Socket::connected(Millis deadline) {
  writable_ = false;
  return WaitOp(*this, WaitOp::For::kConnected, deadline);
}

bool Socket::ReadOp::attempt() {
  result_ = socket_.try_read(data_, size_);
  return result_ != -EAGAIN;
}

void Socket::ReadOp::await_suspend(std::coroutine_handle<> caller) {
  waiter_ = caller;
  socket_.read_op_ = this;
  socket_.loop_.timers().arm(socket_.read_timer_, deadline_);
}

void Socket::WriteOp::advance(std::size_t bytes) {
  for (auto& piece : pieces_) {
    const std::size_t step = std::min(bytes, piece.size());
    piece.remove_prefix(step);
    bytes -= step;
  }
}

void Socket::WriteOp::keep_first(std::string& storage) {
  storage.assign(pieces_[0]);
  pieces_[0] = storage;
}

bool Socket::WriteOp::attempt() {
  if (!(socket_.ssl_ != nullptr ? attempt_tls() : attempt_plain())) return false;
  if (result_ >= 0) result_ = static_cast<IoResult>(total_);
  return true;
}

bool Socket::WriteOp::attempt_plain() {
  while (!pieces_[0].empty() || !pieces_[1].empty()) {
    std::array<iovec, 2> vector{};
    std::size_t count = 0;
    for (const auto piece : pieces_)
      if (!piece.empty()) vector[count++] = {const_cast<char*>(piece.data()), piece.size()};
    result_ = socket_.try_send(vector.data(), count);
    if (result_ == -EAGAIN) return false;
    if (result_ < 0) return true;
    advance(static_cast<std::size_t>(result_));
  }
  result_ = 0;
  return true;
}

bool Socket::WriteOp::attempt_tls() {
  while (true) {
    result_ = socket_.flush_tls();
    if (result_ == -EAGAIN) return false;
    if (result_ < 0) return true;
    if (pieces_[0].empty() && pieces_[1].empty()) return true;
    std::size_t burst = 0;
    while (burst < kTlsBurst && !(pieces_[0].empty() && pieces_[1].empty())) {
      std::string_view plain = pieces_[0].empty() ? pieces_[1] : pieces_[0];
      char gathered[kTlsGather];
      // Two small pieces share a record: one more record costs more than the copy.
      if (!pieces_[0].empty() && !pieces_[1].empty() && pieces_[0].size() < kTlsGather) {
        const std::size_t rest = std::min(pieces_[1].size(), kTlsGather - pieces_[0].size());
        std::copy_n(pieces_[0].data(), pieces_[0].size(), gathered);
        std::copy_n(pieces_[1].data(), rest, gathered + pieces_[0].size());
        plain = {gathered, pieces_[0].size() + rest};
      }
      plain = plain.substr(0, kTlsGather);
      ERR_clear_error();
      const int done = SSL_write(socket_.ssl_, plain.data(), static_cast<int>(plain.size()));
      if (done <= 0) {
        result_ = socket_.tls_failure(done);
        if (result_ == -EAGAIN)
          result_ = -EPROTO;  // our BIO takes everything; renegotiation is off
        return true;
      }
      advance(static_cast<std::size_t>(done));
      burst += static_cast<std::size_t>(done);
    }
  }
}

void Socket::WriteOp::await_suspend(std::coroutine_handle<> caller) {
  waiter_ = caller;
  socket_.write_op_ = this;
  socket_.loop_.timers().arm(socket_.write_timer_, deadline_);
}

bool Socket::WaitOp::attempt() {
  switch (what_) {
    case For::kReadable:
      result_ = 1;
      return socket_.readable_ || (socket_.ssl_ != nullptr && SSL_has_pending(socket_.ssl_) != 0);
    case For::kHandshake:
      return attempt_handshake();
    case For::kConnected:
      return attempt_connect();
  }
  return true;
}

bool Socket::WaitOp::attempt_handshake() {
  ERR_clear_error();
  const int done = SSL_do_handshake(socket_.ssl_);
  const IoResult flushed = socket_.flush_tls();
  if (flushed < 0 && flushed != -EAGAIN) {
    result_ = flushed;
    return true;
  }
  result_ = done == 1 ? 1 : socket_.tls_failure(done);
  return result_ != -EAGAIN;
}

bool Socket::WaitOp::attempt_connect() {
  if (!socket_.writable_) return false;
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(socket_.fd_, SOL_SOCKET, SO_ERROR, &error, &size);
  result_ = error == 0 ? 1 : -error;
  return true;
}

void Socket::WaitOp::await_suspend(std::coroutine_handle<> caller) {
  waiter_ = caller;
  const bool output = what_ == For::kConnected;
  (output ? socket_.write_op_ : socket_.read_op_) = this;
  socket_.loop_.timers().arm(output ? socket_.write_timer_ : socket_.read_timer_, deadline_);
}

int begin_connect(const Address& address) {
  const int fd = socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -errno;
  if (address.family() != AF_UNIX) {
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  }
  if (connect(fd, address.data(), address.size()) != 0 && errno != EINPROGRESS) {
    const int error = errno;
    close(fd);
    return -error;
  }
  return fd;
}

// --- TLS ---

// OpenSSL reads through a BIO that calls recv only when the socket is known to be readable, and
// writes through one that only appends: one send follows each SSL call, whatever number of records
// it made.
int Socket::bio_read(BIO* bio, char* data, int size) {
  BIO_clear_retry_flags(bio);
  auto& self = *static_cast<Socket*>(BIO_get_data(bio));
  const IoResult got = self.try_recv(data, static_cast<std::size_t>(size));
  if (got == -EAGAIN) {
    BIO_set_retry_read(bio);
    return -1;
  }
  return got < 0 ? -1 : static_cast<int>(got);
}

int Socket::bio_write(BIO* bio, const char* data, int size) {
  BIO_clear_retry_flags(bio);
  auto& self = *static_cast<Socket*>(BIO_get_data(bio));
  self.loop_.tls_scratch().append(data, static_cast<std::size_t>(size));
  return size;
}

long Socket::bio_control(BIO*, int command, long, void*) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

BIO_METHOD* Socket::bio_method() {
  static BIO_METHOD* const kMethod = [] {
    BIO_METHOD* method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "gateway socket");
    BIO_meth_set_read(method, &Socket::bio_read);
    BIO_meth_set_write(method, &Socket::bio_write);
    BIO_meth_set_ctrl(method, &Socket::bio_control);
    return method;
  }();
  return kMethod;
}

void Socket::attach_bio() {
  BIO* bio = BIO_new(bio_method());
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_, bio, bio);
}

void Socket::start_tls_server(SSL_CTX* context) {
  ssl_ = SSL_new(context);
  attach_bio();
  SSL_set_accept_state(ssl_);
}

bool Socket::start_tls_client(SSL_CTX* context, std::string_view name, Alpn offer) {
  ssl_ = SSL_new(context);
  attach_bio();
  SSL_set_connect_state(ssl_);
  const std::string host(name);
  if (Address::from_ip(name, 0)) {
    if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_), host.c_str()) != 1) return false;
  } else {
    if (SSL_set_tlsext_host_name(ssl_, host.c_str()) != 1) return false;
    SSL_set_hostflags(ssl_, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (SSL_set1_host(ssl_, host.c_str()) != 1) return false;
  }
  static constexpr unsigned char kH2[] = "\x02h2";
  static constexpr unsigned char kH1[] = "\x08http/1.1";
  if (offer == Alpn::kHttp2) SSL_set_alpn_protos(ssl_, kH2, sizeof kH2 - 1);
  if (offer == Alpn::kHttp11) SSL_set_alpn_protos(ssl_, kH1, sizeof kH1 - 1);
  return true;
}

IoResult Socket::flush_tls() {
  std::string& fresh = loop_.tls_scratch();
  if (fresh.empty() && pending_.empty()) return 0;
  if (!pending_.empty()) {
    pending_ += fresh;
    fresh.clear();
  }
  const std::string_view bytes = pending_.empty() ? fresh : pending_;
  std::size_t sent = 0;
  IoResult result = 0;
  while (sent < bytes.size()) {
    const iovec piece{const_cast<char*>(bytes.data()) + sent, bytes.size() - sent};
    result = try_send(&piece, 1);
    if (result < 0) break;
    sent += static_cast<std::size_t>(result);
  }
  if (pending_.empty()) {
    if (sent < fresh.size() && result == -EAGAIN) pending_ = fresh.substr(sent);
  } else {
    pending_.erase(0, sent);
  }
  fresh.clear();
  return result < 0 ? result : 0;
}

IoResult Socket::tls_failure(int result) {
  switch (SSL_get_error(ssl_, result)) {
    case SSL_ERROR_WANT_READ:
      return -EAGAIN;
    case SSL_ERROR_ZERO_RETURN:
      return 0;
    case SSL_ERROR_SYSCALL:
      return -ECONNRESET;  // the stream ended without close_notify
    default:
      break;
  }
  const long verified = SSL_get_verify_result(ssl_);
  const unsigned long code = ERR_peek_error();
  if (ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
    ERR_clear_error();
    return -ECONNRESET;
  }
  if (verified != X509_V_OK && ERR_GET_REASON(code) == SSL_R_CERTIFICATE_VERIFY_FAILED) {
    tls_error_ = X509_verify_cert_error_string(verified);
    ERR_clear_error();
  } else {
    tls_error_ = take_ssl_error();
  }
  return -EPROTO;
}

Alpn Socket::alpn() const {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  if (ssl_ != nullptr) SSL_get0_alpn_selected(ssl_, &name, &size);
  const std::string_view chosen(reinterpret_cast<const char*>(name), size);
  if (chosen == "h2") return Alpn::kHttp2;
  return chosen == "http/1.1" ? Alpn::kHttp11 : Alpn::kNone;
}

std::string_view Socket::server_name() const {
  const char* name =
      ssl_ == nullptr ? nullptr : SSL_get_servername(ssl_, TLSEXT_NAMETYPE_host_name);
  return name == nullptr ? std::string_view() : std::string_view(name);
}

void Socket::shutdown_write() {
  if (ssl_ != nullptr && SSL_is_init_finished(ssl_) != 0) {
    SSL_shutdown(ssl_);
    flush_tls();
    ERR_clear_error();
  }
  shutdown(fd_, SHUT_WR);
}

}  // namespace io
