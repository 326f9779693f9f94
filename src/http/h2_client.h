#pragma once

#include <vector>

#include "http/h2_session.h"
#include "http/server_connection.h"

namespace http {

class H2Client;

class H2ClientOwner {
 public:
  virtual ~H2ClientOwner() = default;
  // The connection takes no more requests and has none under way: it may be destroyed (not from
  // within this call).
  virtual void on_closed(H2Client& client) = 0;
};

// One request on an upstream's HTTP/2 connection.
class H2ClientStream final : public ClientStream {
 public:
  explicit H2ClientStream(H2Client& connection) : connection_(connection) {}

  io::Task<Failure> send_head(const RequestOut& head, std::string_view body, bool last) override;
  io::Task<Failure> send_body(std::string_view bytes, bool last) override;
  io::Task<Failure> send_trailers(const FieldList& trailers) override;
  io::Task<Failure> read_head(ResponseHead& head, io::Millis timeout) override;
  io::Task<Piece> read_body(io::Millis timeout) override;
  void limit_read(io::Millis timeout) override;
  std::optional<Piece> ready_body() override;
  const FieldList& response_trailers() const override { return trailers_; }
  bool is_untouched() const override;
  void finish() override;
  void cancel() override;

 private:
  friend class H2Client;

  void add_field(std::string_view name, std::string_view value);
  io::Task<Failure> room();
  bool put(std::string_view bytes, bool last);
  Failure closed_failure() const;
  Piece take_body();

  H2Client& connection_;
  std::int32_t id_ = 0;
  FieldArena arena_;
  FieldList fields_;
  FieldList trailers_;
  int status_ = 0;
  std::optional<std::uint64_t> content_length_;
  bool head_done_ = false;
  bool too_large_ = false;
  std::size_t field_bytes_ = 0;

  std::string body_in_;
  std::string body_out_;
  std::uint64_t received_ = 0;
  bool ended_ = false;
  H2Outbox outbox_;
  bool sent_all_ = false;
  io::Signal readable_;
  io::Signal drained_;
  SignalDeadline read_deadline_{readable_};
  SignalDeadline write_deadline_{drained_};
  bool reading_ = false;
  bool cancelled_ = false;
  bool closed_ = false;
  bool lost_ = false;     // its connection ended
  bool refused_ = false;  // the upstream said that it did not look at it
  bool noted_ = false;
  bool finished_ = false;
};

// A connection to an upstream that carries many requests at once.
class H2Client final : private H2Session {
 public:
  H2Client(std::unique_ptr<io::Socket> socket, H2ClientOwner& owner, const Timeouts& timeouts,
           const Limits& limits);
  ~H2Client() override;

  // Runs until the connection ends.
  void start();
  // Null when the connection takes no more.
  H2ClientStream* open_stream();
  bool has_room() const;
  bool is_open() const { return !closing_; }
  // Nothing runs and nobody holds a stream: it may be destroyed.
  bool is_over() const;
  // Ends everything; the owner is told once all tasks have ended.
  void close();

 private:
  friend class H2ClientStream;

  static constexpr std::int32_t kStreamWindow = 256 * 1024;

  void after_receive() override { settle(); }
  void after_send() override;
  bool is_idle() const override { return streams_.empty(); }
  io::Task<void> run();
  void note(H2ClientStream& stream);
  void settle();
  void close_stream(H2ClientStream& stream);

  static nghttp2_session_callbacks* callbacks();
  static int on_header(nghttp2_session*, const nghttp2_frame*, const std::uint8_t* name,
                       std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                       std::uint8_t flags, void* self);
  static int on_frame(nghttp2_session*, const nghttp2_frame*, void* self);
  static int on_data(nghttp2_session*, std::uint8_t flags, std::int32_t id,
                     const std::uint8_t* data, std::size_t size, void* self);
  static int on_close(nghttp2_session*, std::int32_t id, std::uint32_t code, void* self);
  static ssize_t read_outbox(nghttp2_session*, std::int32_t id, std::uint8_t* out,
                             std::size_t capacity, std::uint32_t* flags, nghttp2_data_source*,
                             void* self);

  H2ClientOwner& owner_;
  const Timeouts& timeouts_;
  const Limits& limits_;
  io::Scope tasks_;
  std::vector<H2ClientStream*> streams_;
  std::vector<H2ClientStream*> noted_;
  std::vector<H2ClientStream*> waiting_;
  bool closing_ = false;
  bool over_ = false;
  bool reap_ = false;
};

}  // namespace http
