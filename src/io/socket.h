#pragma once

#include <openssl/ssl.h>
#include <sys/types.h>
#include <sys/uio.h>

#include <array>
#include <coroutine>
#include <string>
#include <string_view>

#include "io/address.h"
#include "io/event_loop.h"
#include "io/tls.h"

namespace io {

// Results of socket operations: bytes when positive, end of stream when 0 (reads), -errno when
// negative. -ETIMEDOUT: the deadline passed; -ECANCELED: `cancel` was called; -EPROTO: TLS failed.
using IoResult = ssize_t;

// A connected stream socket, with or without TLS, on one loop. One read and one write may be under
// way at once.
//
// Operations try at once and suspend only when the kernel says so; each has a deadline. The memory
// given to an operation must stay until it completes. Destroying a socket with an operation under
// way is a bug: `cancel` first.
class Socket final : public Watcher {
  class Op;

 public:
  Socket(EventLoop& loop, int fd);  // takes the descriptor
  ~Socket() override;
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  class [[nodiscard]] ReadOp;
  class [[nodiscard]] WriteOp;
  class [[nodiscard]] WaitOp;

  // Some bytes, at most `size`.
  ReadOp read(char* data, std::size_t size, Millis deadline);
  // All bytes of both pieces, in one send when the kernel takes them; returns their number or an
  // error.
  WriteOp write(std::string_view first, std::string_view second, Millis deadline);
  WriteOp write(std::string_view bytes, Millis deadline);
  // Until bytes (or the end) can be read; reads nothing, so an idle connection needs no buffer.
  WaitOp wait_readable(Millis deadline);
  // Completes the TLS handshake that start_tls_* began.
  WaitOp handshake(Millis deadline);
  // Completes a non-blocking connect().
  WaitOp connected(Millis deadline);

  void start_tls_server(SSL_CTX* context);
  // Verifies the peer against `name` when the context verifies at all.
  bool start_tls_client(SSL_CTX* context, std::string_view name, Alpn offer);
  bool has_tls() const { return ssl_ != nullptr; }
  SSL* ssl() const { return ssl_; }
  Alpn alpn() const;
  std::string_view server_name() const;  // SNI that the client sent; empty if none
  const std::string& tls_error() const { return tls_error_; }

  // Completes operations under way with -ECANCELED. Resumes their coroutines before it returns.
  void cancel();
  void cancel_read();
  // Of the read or wait that is under way, if one is.
  void move_read_deadline(Millis deadline);
  // Queues nothing: tells the peer that no more bytes follow (TLS close_notify, then FIN).
  void shutdown_write();

  // Copies what can be read without taking it (in clear only); 0 when that is nothing yet:
  // wait_readable again.
  std::size_t peek(char* data, std::size_t size);
  // What was peeked at is not enough: wait_readable waits for the next bytes.
  void wait_for_more() { readable_ = hung_up_; }

  // For pooled idle connections: bytes or a hang-up arrived though nobody asked for any.
  bool is_stale() const { return hung_up_ || readable_; }
  bool is_closed_by_peer() const { return hung_up_; }
  // Called (instead of a reader) when an idle connection becomes stale; may destroy the socket.
  void set_idle_callback(void (*callback)(void*), void* argument) {
    idle_callback_ = callback;
    idle_argument_ = argument;
  }

  int fd() const { return fd_; }
  EventLoop& loop() const { return loop_; }
  Address peer() const;

 private:
  class OpTimer final : public Timer {
   public:
    explicit OpTimer(Op*& op) : op_(op) {}

   protected:
    void on_deadline() override;

   private:
    Op*& op_;
  };

  // What the coroutine awaits. `attempt` does the work as far as the kernel allows; true when
  // finished.
  class Op {
   public:
    Op(Socket& socket, Millis deadline) : socket_(socket), deadline_(deadline) {}
    virtual ~Op() = default;
    virtual bool attempt() = 0;
    void complete(IoResult result);

   protected:
    friend class Socket;
    Socket& socket_;
    Millis deadline_;
    IoResult result_ = 0;
    std::coroutine_handle<> waiter_;
  };

  void on_events(std::uint32_t events) override;
  bool run(Op*& slot);  // false when the socket was destroyed by what was resumed

  // One attempt each; -EAGAIN when it must wait.
  IoResult try_read(char* data, std::size_t size);
  IoResult try_recv(char* data, std::size_t size);
  IoResult try_send(const iovec* pieces, std::size_t count);
  IoResult flush_tls();
  IoResult tls_failure(int result);

  static BIO_METHOD* bio_method();
  static int bio_read(BIO* bio, char* data, int size);
  static int bio_write(BIO* bio, const char* data, int size);
  static long bio_control(BIO* bio, int command, long number, void* pointer);
  void attach_bio();

  EventLoop& loop_;
  int fd_;
  bool readable_ = true;
  bool writable_ = true;
  bool hung_up_ = false;
  bool* destroyed_ = nullptr;
  SSL* ssl_ = nullptr;
  std::string pending_;  // ciphertext that the kernel did not take yet
  std::string tls_error_;
  Op* read_op_ = nullptr;
  Op* write_op_ = nullptr;
  OpTimer read_timer_{read_op_};
  OpTimer write_timer_{write_op_};
  void (*idle_callback_)(void*) = nullptr;
  void* idle_argument_ = nullptr;
};

class Socket::ReadOp final : public Op {
 public:
  ReadOp(Socket& socket, char* data, std::size_t size, Millis deadline)
      : Op(socket, deadline), data_(data), size_(size) {}
  bool await_ready() { return attempt(); }
  void await_suspend(std::coroutine_handle<> caller);
  IoResult await_resume() const { return result_; }
  bool attempt() override;

 private:
  char* data_;
  std::size_t size_;
};

class Socket::WriteOp final : public Op {
 public:
  WriteOp(Socket& socket, std::string_view first, std::string_view second, Millis deadline)
      : Op(socket, deadline), pieces_{first, second}, total_(first.size() + second.size()) {}
  bool await_ready() { return attempt(); }
  void await_suspend(std::coroutine_handle<> caller);
  IoResult await_resume() const { return result_; }
  bool attempt() override;
  // Copies what is left of the first piece to `storage`, for a caller whose memory will not stay.
  void keep_first(std::string& storage);

 private:
  bool attempt_plain();
  bool attempt_tls();
  void advance(std::size_t bytes);

  std::array<std::string_view, 2> pieces_;
  std::size_t total_;
};

class Socket::WaitOp final : public Op {
 public:
  enum class For : std::uint8_t { kReadable, kHandshake, kConnected };
  WaitOp(Socket& socket, For what, Millis deadline) : Op(socket, deadline), what_(what) {}
  bool await_ready() { return attempt(); }
  void await_suspend(std::coroutine_handle<> caller);
  IoResult await_resume() const { return result_; }
  bool attempt() override;

 private:
  bool attempt_handshake();
  bool attempt_connect();
  For what_;
};

// A non-blocking socket of the address's family, TCP_NODELAY set, with connect() begun; -errno when
// that failed.
int begin_connect(const Address& address);

}  // namespace io
