#pragma once

#include <array>
#include <memory>
#include <string>

#include "http/chunked.h"
#include "http/h1_parser.h"
#include "http/server_connection.h"
#include "http/stream.h"
#include "io/socket.h"

namespace http {

// A client's HTTP/1.1 connection: reads requests one after the other and is itself the stream of
// the one that is being handled, so that a keep-alive request allocates nothing. While it waits for
// a request it holds no buffer.
class H1Server final : public ServerConnection, private ServerStream {
 public:
  H1Server(std::unique_ptr<io::Socket> socket, Downstream downstream, const ServerOptions& options,
           RequestHandler& handler);
  ~H1Server() override;

  io::Task<void> serve() override;
  void drain() override;
  void close() override;

 private:
  enum class BodyState : std::uint8_t { kReading, kDone, kFailed };

  // ServerStream
  const RequestHead& request() const override { return head_; }
  const Downstream& downstream() const override { return downstream_; }
  io::Task<Piece> read_body() override;
  std::optional<std::string_view> whole_body() override;
  const FieldList& request_trailers() const override { return chunked_.trailers(); }
  io::Task<bool> send_head(const ResponseOut& head, std::string_view body, bool last) override;
  io::Task<bool> send_body(std::string_view bytes, bool last) override;
  io::Task<bool> send_trailers(const FieldList& trailers) override;
  void abort() override { broken_ = true; }
  void cancel_read() override;
  void set_body_timeout(io::Millis timeout) override { body_timeout_ = timeout; }
  void set_canceller(Canceller* canceller) override;
  bool head_sent() const override { return head_sent_; }
  std::uint64_t body_bytes_received() const override { return body_received_; }
  std::uint64_t body_bytes_sent() const override { return body_sent_; }

  io::Task<bool> read_request(Reject& reject);
  void begin_request();
  io::Task<bool> finish_request();
  io::Task<bool> drain_body();
  Piece take_buffered();
  Piece decode(std::string_view& input);
  io::Task<bool> write(std::string_view head, std::string_view body);
  bool count_out(std::size_t bytes, bool last);
  io::Task<void> linger();
  static void on_idle_event(void* self);

  std::unique_ptr<io::Socket> socket_;
  Downstream downstream_;
  std::string peer_text_;
  std::string server_name_;
  const ServerOptions& options_;
  RequestHandler& handler_;

  io::Buffer head_buffer_;
  std::size_t filled_ = 0;  // bytes in head_buffer_
  std::size_t parsed_ = 0;  // of those, bytes of the head and of the body that were handed out
  io::Buffer body_buffer_;
  std::string_view body_rest_;  // in body_buffer_: received, not handed out

  RequestHead head_;
  ChunkedDecoder chunked_;
  BodyState body_ = BodyState::kDone;
  std::uint64_t body_left_ = 0;
  std::uint64_t body_received_ = 0;
  std::uint64_t body_sent_ = 0;
  io::Millis body_timeout_ = 0;
  std::optional<std::uint64_t> body_out_left_;  // of the length that our head announced

  bool head_sent_ = false;
  bool message_done_ = false;
  bool chunked_out_ = false;
  bool no_body_out_ = false;
  bool first_chunk_ = true;
  bool continue_sent_ = false;
  bool tunnel_ = false;       // after 101: bytes without framing, both ways
  bool close_after_ = false;  // no further request on this connection
  bool broken_ = false;
  bool draining_ = false;
  bool waiting_ = false;  // between requests
  bool read_cancelled_ = false;
  bool* destroyed_ = nullptr;
  Canceller* canceller_ = nullptr;
};

}  // namespace http
