#pragma once

#include <memory>
#include <string>

#include "http/chunked.h"
#include "http/h1_parser.h"
#include "http/stream.h"
#include "io/socket.h"

namespace http {

// Where an HTTP/1.1 connection goes when its exchange is over: back to a pool, or nowhere.
class H1Client;
class H1ClientOwner {
 public:
  virtual ~H1ClientOwner() = default;
  // `reusable`: both messages are complete and the upstream keeps the connection.
  virtual void release(H1Client& client, bool reusable) = 0;
  // An idle connection was closed, or spoken on, by the upstream.
  virtual void on_stale(H1Client& client) = 0;
};

// A connection to an upstream, and the stream of the one exchange that it carries at a time.
class H1Client final : public ClientStream {
 public:
  H1Client(std::unique_ptr<io::Socket> socket, H1ClientOwner& owner, const Timeouts& timeouts,
           const Limits& limits);
  ~H1Client() override;

  // Before each exchange. `method` decides whether the response can have a body.
  void begin(bool reused);
  bool is_stale() const { return socket_->is_stale(); }
  io::Socket& socket() { return *socket_; }
  std::size_t pool_index = 0;  // its owner's

  io::Task<Failure> send_head(const RequestOut& head, std::string_view body, bool last) override;
  io::Task<Failure> send_body(std::string_view bytes, bool last) override;
  io::Task<Failure> send_trailers(const FieldList& trailers) override;
  io::Task<Failure> read_head(ResponseHead& head, io::Millis timeout) override;
  io::Task<Piece> read_body(io::Millis timeout) override;
  void limit_read(io::Millis timeout) override;
  std::optional<Piece> ready_body() override;
  const FieldList& response_trailers() const override { return chunked_.trailers(); }
  bool is_untouched() const override { return reused_ && !received_ && lost_; }
  void finish() override;
  void cancel() override;

 private:
  static constexpr int kMaxInterim = 16;

  io::Task<Failure> write(std::string_view head, std::string_view body);
  Failure fail(io::IoResult result);
  Piece take(std::string_view& input);
  Piece end_body(Failure failure);
  static void on_idle_event(void* self);

  std::unique_ptr<io::Socket> socket_;
  H1ClientOwner& owner_;
  const Timeouts& timeouts_;
  const Limits& limits_;
  io::Buffer head_buffer_;
  std::size_t filled_ = 0;
  std::size_t parsed_ = 0;
  io::Buffer body_buffer_;
  std::string_view body_rest_;
  ChunkedDecoder chunked_;
  std::string method_;
  Framing framing_ = Framing::kNone;
  std::uint64_t body_left_ = 0;
  bool reused_ = false;
  bool chunked_out_ = false;
  bool sent_all_ = false;
  bool received_ = false;  // at least one byte of an answer
  bool received_all_ = false;
  bool keep_ = false;
  bool failed_ = false;
  bool lost_ = false;  // the upstream closed the connection
  io::Millis head_deadline_ = io::kNever;
  bool cancelled_ = false;
  bool tunnel_ = false;
};

}  // namespace http
