#pragma once

#include <vector>

#include "http/h2_session.h"
#include "http/reject.h"
#include "http/server_connection.h"

namespace http {

class H2Server;

// One request of an HTTP/2 connection.
class H2ServerStream final : public ServerStream {
 public:
  H2ServerStream(H2Server& connection, std::int32_t id);

  const RequestHead& request() const override { return head_; }
  const Downstream& downstream() const override;
  io::Task<Piece> read_body() override;
  std::optional<std::string_view> whole_body() override;
  const FieldList& request_trailers() const override { return trailers_; }
  io::Task<bool> send_head(const ResponseOut& head, std::string_view body, bool last) override;
  io::Task<bool> send_body(std::string_view bytes, bool last) override;
  io::Task<bool> send_trailers(const FieldList& trailers) override;
  void abort() override;
  void cancel_read() override;
  void set_body_timeout(io::Millis timeout) override { body_timeout_ = timeout; }
  void set_canceller(Canceller* canceller) override;
  bool head_sent() const override { return head_sent_; }
  std::uint64_t body_bytes_received() const override { return received_; }
  std::uint64_t body_bytes_sent() const override { return sent_; }

 private:
  friend class H2Server;

  void add_field(std::string_view name, std::string_view value, const Limits& limits);
  void join_cookies();
  void refuse(Reject reject) {
    if (reject_ == Reject{}) reject_ = reject;
  }
  io::Task<bool> room();
  bool put(std::string_view bytes, bool last);
  void consume(std::size_t bytes);

  H2Server& connection_;
  std::int32_t id_;
  RequestHead head_;
  FieldArena arena_;
  FieldList trailers_;
  bool in_trailers_ = false;
  std::size_t field_bytes_ = 0;
  Reject reject_{};

  std::string body_in_;   // received, not read yet; bounded by the stream's window
  std::string body_out_;  // what the last read handed out
  bool body_ended_ = false;
  std::uint64_t received_ = 0;
  io::Signal body_ready_;
  SignalDeadline read_deadline_{body_ready_};
  io::Millis body_timeout_;
  bool read_cancelled_ = false;
  bool malformed_ = false;  // its trailers break a rule

  H2Outbox outbox_;
  io::Signal drained_;
  SignalDeadline write_deadline_{drained_};
  bool head_sent_ = false;
  bool done_sending_ = false;
  std::uint64_t sent_ = 0;

  bool closed_ = false;   // nghttp2 knows the stream no more
  bool handled_ = false;  // the handler has returned
  bool started_ = false;
  bool noted_ = false;
  bool gone_ = false;  // nghttp2 has closed it; not acted on yet
  Canceller* canceller_ = nullptr;
};

// A client's HTTP/2 connection: every stream runs its own handler.
class H2Server final : public ServerConnection, private H2Session {
 public:
  H2Server(std::unique_ptr<io::Socket> socket, Downstream downstream, const ServerOptions& options,
           RequestHandler& handler);
  ~H2Server() override;

  io::Task<void> serve() override;
  void drain() override;
  void close() override;

 private:
  friend class H2ServerStream;

  // By the client within the window, before the connection is closed (CVE-2023-44487).
  static constexpr std::uint32_t kMaxResets = 200;
  static constexpr io::Millis kResetWindow = 10'000;

  void after_receive() override;
  void after_send() override;
  bool is_idle() const override { return working_ == 0; }
  io::Task<void> run(H2ServerStream* stream);
  void close_stream(H2ServerStream& stream);
  void note(H2ServerStream& stream);
  void settle();
  bool resets_too_fast();

  static nghttp2_session_callbacks* callbacks();
  static int on_begin_headers(nghttp2_session*, const nghttp2_frame*, void* self);
  static int on_header(nghttp2_session*, const nghttp2_frame*, const std::uint8_t* name,
                       std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                       std::uint8_t flags, void* self);
  static int on_frame(nghttp2_session*, const nghttp2_frame*, void* self);
  static int on_sent(nghttp2_session*, const nghttp2_frame*, void* self);
  static int on_data(nghttp2_session*, std::uint8_t flags, std::int32_t id,
                     const std::uint8_t* data, std::size_t size, void* self);
  static int on_close(nghttp2_session*, std::int32_t id, std::uint32_t code, void* self);
  static ssize_t read_outbox(nghttp2_session*, std::int32_t id, std::uint8_t* out,
                             std::size_t capacity, std::uint32_t* flags, nghttp2_data_source*,
                             void* self);

  Downstream downstream_;
  std::string peer_text_;
  std::string server_name_;
  const ServerOptions& options_;
  RequestHandler& handler_;
  io::Scope handlers_;
  std::vector<H2ServerStream*> streams_;  // all that live; few
  std::vector<H2ServerStream*> ready_;    // heads that are complete, not started yet
  std::vector<H2ServerStream*> noted_;    // something happened to them in a callback
  std::vector<H2ServerStream*> waiting_;  // senders that wait for room
  std::size_t working_ = 0;               // handlers
  std::size_t finished_ = 0;              // streams that may be ready to be forgotten
  std::uint32_t resets_ = 0;              // since:
  io::Millis resets_since_ = 0;
};

}  // namespace http
