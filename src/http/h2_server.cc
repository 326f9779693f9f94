#include "http/h2_server.h"

#include <algorithm>
#include <charconv>

#include "base/encoding.h"
#include "http/field.h"
#include "http/h2_validate.h"
#include "http/nghttp2_fields.h"

namespace http {
// --- the stream: receiving ---

H2ServerStream::H2ServerStream(H2Server& connection, std::int32_t id)
    : connection_(connection), id_(id), body_timeout_(connection.options_.timeouts.body_idle) {}

const Downstream& H2ServerStream::downstream() const { return connection_.downstream_; }

void H2ServerStream::add_field(std::string_view name, std::string_view value,
                               const Limits& limits) {
  field_bytes_ += name.size() + value.size() + 32;  // as RFC 9113 §6.5.2 counts
  if (field_bytes_ > limits.max_head_bytes || name.size() > limits.max_name) {
    malformed_ = in_trailers_;
    refuse(Reject::kHeadTooLarge);
    return;
  }
  if (!in_trailers_ && name.starts_with(':')) {
    const std::string_view kept = arena_.copy(value);
    if (name == ":method") head_.method = kept;
    if (name == ":path") head_.target = kept;
    if (name == ":authority") head_.authority = kept;
    if (name == ":scheme") head_.scheme = kept;
    return;
  }
  FieldList& list = in_trailers_ ? trailers_ : head_.fields;
  if (list.size() >= limits.max_fields) {
    malformed_ = in_trailers_;
    refuse(Reject::kTooManyFields);
    return;
  }
  list.push(Field{arena_.copy(name), arena_.copy(value), FieldId::kOther, false});
}

// RFC 9113 §8.2.3: what came as several fields is one for everybody behind us.
void H2ServerStream::join_cookies() {
  const auto is_cookie = [](const Field& field) { return field.name == "cookie"; };
  FieldList& fields = head_.fields;
  if (std::count_if(fields.begin(), fields.end(), is_cookie) < 2) return;
  std::string joined;
  FieldList rest;
  for (const Field& field : fields) {
    if (!is_cookie(field)) {
      rest.push(field);
      continue;
    }
    if (!joined.empty()) joined += "; ";
    joined += field.value;
  }
  rest.push(Field{"cookie", arena_.copy(joined), FieldId::kCookie, false});
  fields = rest;
}

// The client may send as much again. Also for a stream that is closed: the connection's window is
// shared.
void H2ServerStream::consume(std::size_t bytes) {
  if (bytes == 0) return;
  nghttp2_session_consume(connection_.session_.get(), id_, bytes);
  connection_.mark_dirty();
}

std::optional<std::string_view> H2ServerStream::whole_body() {
  if (!body_ended_ || malformed_) return std::nullopt;
  body_out_ = std::exchange(body_in_, {});
  consume(body_out_.size());
  return body_out_;
}

io::Task<Piece> H2ServerStream::read_body() {
  if (head_.expect_continue && !body_ended_ && body_in_.empty() && !head_sent_ && !closed_) {
    const nghttp2_nv status = make_nv(":status", "100");
    nghttp2_submit_headers(connection_.session_.get(), NGHTTP2_FLAG_NONE, id_, nullptr, &status, 1,
                           nullptr);
    head_.expect_continue = false;
    connection_.mark_dirty();
  }
  const auto must_wait = [this] {
    return body_in_.empty() && !body_ended_ && !closed_ && !read_cancelled_ &&
           !read_deadline_.passed();
  };
  if (must_wait()) {
    io::TimerWheel& timers = connection_.loop().timers();
    timers.arm(read_deadline_, connection_.loop().in(body_timeout_));
    while (must_wait()) {
      body_ready_.reset();
      co_await body_ready_.wait();
    }
    timers.arm(read_deadline_, io::kNever);
  }
  if (read_cancelled_) co_return Piece{{}, false, Failure::kCancelled};
  if (malformed_) co_return Piece{{}, false, Failure::kMalformed};
  if (body_in_.empty() && !body_ended_) {
    co_return Piece{{}, false, closed_ ? Failure::kPeerClosed : Failure::kTimeout};
  }
  body_out_.clear();
  body_out_.swap(body_in_);
  consume(body_out_.size());
  co_return Piece{body_out_, body_ended_, Failure::kNone};
}

void H2ServerStream::cancel_read() {
  read_cancelled_ = true;
  body_ready_.set();
}

void H2ServerStream::set_canceller(Canceller* canceller) {
  canceller_ = canceller;
  if (canceller != nullptr && closed_) canceller->cancel();
}

// --- the stream: sending ---

bool H2ServerStream::put(std::string_view bytes, bool last) {
  sent_ += bytes.size();
  if (last) {
    outbox_.end();
    done_sending_ = true;
  }
  const bool taken = bytes.empty() || outbox_.put(bytes);
  nghttp2_session_resume_data(connection_.session_.get(), id_);
  connection_.mark_dirty();
  return taken;
}

// Waits until everything that was put has been framed; not for ever, since it is the client who
// opens the window.
io::Task<bool> H2ServerStream::room() {
  io::TimerWheel& timers = connection_.loop().timers();
  while (!outbox_.idle() && !closed_ && !write_deadline_.passed()) {
    timers.arm(write_deadline_, connection_.loop().in(body_timeout_));
    drained_.reset();
    connection_.waiting_.push_back(this);
    co_await drained_.wait();
  }
  timers.arm(write_deadline_, io::kNever);
  if (write_deadline_.passed()) abort();
  co_return !closed_ && !write_deadline_.passed();
}

io::Task<bool> H2ServerStream::send_head(const ResponseOut& head, std::string_view body,
                                         bool last) {
  if (closed_ || head_sent_) co_return false;
  head_sent_ = true;
  if (head.no_body) body = {};
  nghttp2_nv fields[FieldList::kCapacity + 2];
  std::size_t count = 0;
  char status[4];
  const auto status_end = std::to_chars(status, status + sizeof status, head.status).ptr;
  fields[count++] = make_nv(":status", {status, static_cast<std::size_t>(status_end - status)});
  for (const Field& field : head.fields)
    if (!field.hop_by_hop) fields[count++] = make_nv(arena_.copy_lower(field.name), field.value);
  char length[20];
  std::optional<std::uint64_t> known = head.content_length;
  if (!known && last && !head.no_body) known = body.size();
  if (known && head.status != 204) {
    const auto end = std::to_chars(length, length + sizeof length, *known).ptr;
    fields[count++] = make_nv("content-length", {length, static_cast<std::size_t>(end - length)});
  }
  nghttp2_session* session = connection_.session_.get();
  if (last && body.empty()) {
    done_sending_ = true;
    const bool ok = nghttp2_submit_response(session, id_, fields, count, nullptr) == 0;
    connection_.mark_dirty();
    co_return ok;
  }
  nghttp2_data_provider provider{};
  provider.source.ptr = this;
  provider.read_callback = &H2Server::read_outbox;
  const bool taken = put(body, last);
  if (nghttp2_submit_response(session, id_, fields, count, &provider) != 0) co_return false;
  connection_.mark_dirty();
  co_return taken ? true : co_await room();
}

io::Task<bool> H2ServerStream::send_body(std::string_view bytes, bool last) {
  if (closed_ || done_sending_) co_return false;
  if (!outbox_.idle() && !co_await room()) co_return false;
  if (put(bytes, last)) co_return true;
  co_return co_await room();
}

io::Task<bool> H2ServerStream::send_trailers(const FieldList& trailers) {
  if (closed_ || done_sending_) co_return false;
  if (!outbox_.idle() && !co_await room()) co_return false;
  nghttp2_nv fields[FieldList::kCapacity];
  std::size_t count = 0;
  for (const Field& field : trailers)
    if (!field.hop_by_hop) fields[count++] = make_nv(arena_.copy_lower(field.name), field.value);
  outbox_.with_trailers = count > 0;
  outbox_.end();
  done_sending_ = true;
  nghttp2_session* session = connection_.session_.get();
  nghttp2_session_resume_data(session, id_);
  if (count > 0) nghttp2_submit_trailer(session, id_, fields, count);
  connection_.mark_dirty();
  co_return true;
}

void H2ServerStream::abort() {
  if (closed_) return;
  nghttp2_submit_rst_stream(connection_.session_.get(), NGHTTP2_FLAG_NONE, id_,
                            NGHTTP2_INTERNAL_ERROR);
  done_sending_ = true;
  outbox_.clear();  // what was borrowed is its owner's again
  std::erase(connection_.waiting_, this);
  connection_.mark_dirty();
}

// --- the connection ---

H2Server::H2Server(std::unique_ptr<io::Socket> socket, Downstream downstream,
                   const ServerOptions& options, RequestHandler& handler)
    : H2Session(std::move(socket)),
      downstream_(std::move(downstream)),
      peer_text_(downstream_.peer.ip()),
      server_name_(base::to_lower(downstream_.server_name)),
      options_(options),
      handler_(handler) {
  downstream_.peer_ip = peer_text_;
  downstream_.server_name = server_name_;
  nghttp2_option* option = nullptr;
  nghttp2_option_new(&option);
  nghttp2_option_set_no_auto_window_update(option, 1);
  nghttp2_option_set_max_settings(option, 32);
  nghttp2_option_set_max_outbound_ack(option, 256);
  nghttp2_session* session = nullptr;
  nghttp2_session_server_new2(&session, callbacks(), this, option);
  nghttp2_option_del(option);
  session_.reset(session);
  const nghttp2_settings_entry settings[] = {
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, options_.max_streams},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, options_.stream_window},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE,
       static_cast<std::uint32_t>(options_.limits.max_head_bytes)},
      {NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 0},
  };
  nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings, std::size(settings));
  nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE, 0,
                                        static_cast<std::int32_t>(options_.stream_window * 4));
}

H2Server::~H2Server() {
  for (H2ServerStream* stream : streams_) delete stream;
}

io::Task<void> H2Server::serve() {
  mark_dirty();
  co_await read_loop(options_.timeouts.keep_alive, options_.timeouts.write);
  if (!stopped_) co_await writers_.drained();  // a last GOAWAY
  // Whoever is still at work learns that the client is gone.
  const std::vector<H2ServerStream*> left = streams_;
  for (H2ServerStream* stream : left) close_stream(*stream);
  stop();
  co_await handlers_.drained();
  co_await writers_.drained();
  socket_->shutdown_write();
}

void H2Server::drain() {
  if (stopped_) return;
  nghttp2_submit_goaway(session_.get(), NGHTTP2_FLAG_NONE,
                        nghttp2_session_get_last_proc_stream_id(session_.get()), NGHTTP2_NO_ERROR,
                        nullptr, 0);
  mark_dirty();  // once that is sent and the last stream is over, the writer ends the connection
}

void H2Server::close() { stop(); }

void H2Server::after_receive() {
  settle();
  std::vector<H2ServerStream*> batch;
  batch.swap(ready_);
  for (H2ServerStream* stream : batch) handlers_.spawn(run(stream));
  settle();
}

void H2Server::after_send() {
  settle();
  if (waiting_.empty()) return;
  std::vector<H2ServerStream*> batch;
  batch.swap(waiting_);
  for (H2ServerStream* stream : batch) {
    if (stream->outbox_.idle() || stream->closed_) {
      stream->drained_.set();
    } else {
      waiting_.push_back(stream);
    }
  }
}

// nghttp2's callbacks only take notes, since a resumed handler may call nghttp2; here the notes are
// acted on.
void H2Server::settle() {
  while (!noted_.empty()) {
    std::vector<H2ServerStream*> batch;
    batch.swap(noted_);
    for (H2ServerStream* stream : batch) {
      stream->noted_ = false;
      if (stream->gone_) close_stream(*stream);
      stream->body_ready_.set();
    }
  }
  if (finished_ == 0) return;
  finished_ = 0;
  std::erase_if(streams_, [](H2ServerStream* stream) {
    const bool over = stream->closed_ && (stream->handled_ || !stream->started_) && !stream->noted_;
    if (over) {
      stream->consume(stream->body_in_.size());  // what nobody read
      delete stream;
    }
    return over;
  });
}

bool H2Server::resets_too_fast() {
  const io::Millis now = loop().now();
  if (now - resets_since_ > kResetWindow) {
    resets_since_ = now;
    resets_ = 0;
  }
  return ++resets_ > kMaxResets;
}

void H2Server::note(H2ServerStream& stream) {
  if (std::exchange(stream.noted_, true)) return;
  noted_.push_back(&stream);
}

io::Task<void> H2Server::run(H2ServerStream* stream) {
  stream->started_ = true;
  ++working_;
  if (stream->reject_ != Reject{}) {
    co_await handler_.handle_rejected(*stream, stream->reject_);
  } else {
    co_await handler_.handle(*stream);
  }
  stream->canceller_ = nullptr;
  stream->handled_ = true;
  ++finished_;
  if (--working_ == 0) update_deadline();
  mark_dirty();
  if (stream->closed_) co_return;
  // The handler gave up.
  if (!stream->done_sending_) stream->abort();
}

void H2Server::close_stream(H2ServerStream& stream) {
  if (stream.closed_) return;
  stream.closed_ = true;
  ++finished_;
  std::erase(waiting_, &stream);
  std::erase(ready_, &stream);
  stream.body_ready_.set();
  stream.drained_.set();
  if (Canceller* canceller = std::exchange(stream.canceller_, nullptr)) canceller->cancel();
}

// --- nghttp2's callbacks ---

int H2Server::on_begin_headers(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
  auto& self = *static_cast<H2Server*>(user);
  const std::int32_t id = frame->hd.stream_id;
  if (frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
    auto* stream = new H2ServerStream(self, id);
    stream->head_.version = Version::kHttp2;
    self.streams_.push_back(stream);
    nghttp2_session_set_stream_user_data(session, id, stream);
  } else if (auto* stream =
                 static_cast<H2ServerStream*>(nghttp2_session_get_stream_user_data(session, id))) {
    stream->in_trailers_ = true;
  }
  return 0;
}

int H2Server::on_header(nghttp2_session* session, const nghttp2_frame* frame,
                        const std::uint8_t* name, std::size_t name_size, const std::uint8_t* value,
                        std::size_t value_size, std::uint8_t, void* user) {
  auto& self = *static_cast<H2Server*>(user);
  auto* stream = static_cast<H2ServerStream*>(
      nghttp2_session_get_stream_user_data(session, frame->hd.stream_id));
  if (stream != nullptr)
    stream->add_field(view(name, name_size), view(value, value_size), self.options_.limits);
  return 0;
}

int H2Server::on_frame(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
  auto& self = *static_cast<H2Server*>(user);
  if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) return 0;
  auto* stream = static_cast<H2ServerStream*>(
      nghttp2_session_get_stream_user_data(session, frame->hd.stream_id));
  if (stream == nullptr) return 0;
  const bool ended = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  if (ended) stream->body_ended_ = true;
  if (frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
    stream->head_.framing = ended ? Framing::kNone : Framing::kStream;
    stream->join_cookies();
    if (const auto reject = validate_h2_request(stream->head_); reject != Reject{})
      stream->refuse(reject);
    self.ready_.push_back(stream);
  } else if (frame->hd.type == NGHTTP2_HEADERS && !validate_trailers(stream->trailers_)) {
    stream->malformed_ = true;
  }
  if (ended || frame->hd.type == NGHTTP2_HEADERS) self.note(*stream);
  return 0;
}

int H2Server::on_sent(nghttp2_session* session, const nghttp2_frame* frame, void*) {
  const bool can_end = frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS;
  if (!can_end || (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0) return 0;
  auto* stream = static_cast<H2ServerStream*>(
      nghttp2_session_get_stream_user_data(session, frame->hd.stream_id));
  // The answer is complete but the request is not: tell the client to stop (RFC 9113 §8.1).
  if (stream != nullptr && !stream->body_ended_)
    nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, frame->hd.stream_id, NGHTTP2_NO_ERROR);
  return 0;
}

int H2Server::on_data(nghttp2_session* session, std::uint8_t, std::int32_t id,
                      const std::uint8_t* data, std::size_t size, void* user) {
  auto* stream = static_cast<H2ServerStream*>(nghttp2_session_get_stream_user_data(session, id));
  if (stream == nullptr || stream->handled_ || stream->read_cancelled_) {
    nghttp2_session_consume(session, id, size);
    return 0;
  }
  stream->received_ += size;
  stream->body_in_.append(reinterpret_cast<const char*>(data), size);
  static_cast<H2Server*>(user)->note(*stream);
  return 0;
}

int H2Server::on_close(nghttp2_session* session, std::int32_t id, std::uint32_t code, void* user) {
  auto& self = *static_cast<H2Server*>(user);
  auto* stream = static_cast<H2ServerStream*>(nghttp2_session_get_stream_user_data(session, id));
  if (stream == nullptr) return 0;
  // Streams that end by an error before their answer cost us an upstream request and the client
  // nothing, whoever sent the reset (CVE-2023-44487, CVE-2025-8671).
  if (code != NGHTTP2_NO_ERROR && !stream->done_sending_ && self.resets_too_fast())
    nghttp2_session_terminate_session(session, NGHTTP2_ENHANCE_YOUR_CALM);
  stream->gone_ = true;
  self.note(*stream);
  return 0;
}

ssize_t H2Server::read_outbox(nghttp2_session*, std::int32_t, std::uint8_t* out,
                              std::size_t capacity, std::uint32_t* flags,
                              nghttp2_data_source* source, void*) {
  auto& stream = *static_cast<H2ServerStream*>(source->ptr);
  const std::size_t size = stream.outbox_.take(reinterpret_cast<char*>(out), capacity);
  if (stream.outbox_.idle() && stream.outbox_.ended()) {
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (stream.outbox_.with_trailers) *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
  } else if (size == 0) {
    return NGHTTP2_ERR_DEFERRED;
  }
  return static_cast<ssize_t>(size);
}

nghttp2_session_callbacks* H2Server::callbacks() {
  static nghttp2_session_callbacks* const kCallbacks = [] {
    nghttp2_session_callbacks* c = nullptr;
    nghttp2_session_callbacks_new(&c);
    nghttp2_session_callbacks_set_on_begin_headers_callback(c, &H2Server::on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(c, &H2Server::on_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(c, &H2Server::on_frame);
    nghttp2_session_callbacks_set_on_frame_send_callback(c, &H2Server::on_sent);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(c, &H2Server::on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(c, &H2Server::on_close);
    return c;
  }();
  return kCallbacks;
}

}  // namespace http
