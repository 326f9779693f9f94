#include "http/h2_client.h"

#include <algorithm>
#include <charconv>

#include "http/field.h"
#include "http/h2_validate.h"
#include "http/nghttp2_fields.h"

namespace http {

// --- the stream: sending ---

Failure H2ClientStream::closed_failure() const {
  if (cancelled_) return Failure::kCancelled;
  if (read_deadline_.passed() || write_deadline_.passed()) return Failure::kTimeout;
  if (too_large_) return Failure::kTooLarge;
  return Failure::kPeerClosed;
}

bool H2ClientStream::put(std::string_view bytes, bool last) {
  if (last) {
    outbox_.end();
    sent_all_ = true;
  }
  const bool taken = bytes.empty() || outbox_.put(bytes);
  if (id_ > 0) nghttp2_session_resume_data(connection_.session_.get(), id_);
  connection_.mark_dirty();
  return taken;
}

io::Task<Failure> H2ClientStream::room() {
  io::EventLoop& loop = connection_.loop();
  while (!outbox_.idle() && !closed_ && !cancelled_ && !write_deadline_.passed()) {
    loop.timers().arm(write_deadline_, loop.in(connection_.timeouts_.write));
    drained_.reset();
    connection_.waiting_.push_back(this);
    co_await drained_.wait();
  }
  loop.timers().arm(write_deadline_, io::kNever);
  if (outbox_.idle() && !closed_ && !cancelled_) co_return Failure::kNone;
  outbox_.clear();  // what was borrowed is its owner's again
  std::erase(connection_.waiting_, this);
  co_return closed_failure();
}

io::Task<Failure> H2ClientStream::send_head(const RequestOut& head, std::string_view body,
                                            bool last) {
  if (closed_ || cancelled_) co_return closed_failure();
  nghttp2_nv fields[FieldList::kCapacity + 6];
  std::size_t count = 0;
  fields[count++] = make_nv(":method", head.method);
  fields[count++] = make_nv(":scheme", head.scheme);
  fields[count++] = make_nv(":authority", head.authority);
  fields[count++] = make_nv(":path", head.target);
  for (const Field& field : head.fields)
    if (!field.hop_by_hop) fields[count++] = make_nv(arena_.copy_lower(field.name), field.value);
  if (head.te_trailers) fields[count++] = make_nv("te", "trailers");
  char length[20];
  std::optional<std::uint64_t> known = head.content_length;
  if (!known && last && !body.empty()) known = body.size();
  if (known) {
    const auto end = std::to_chars(length, length + sizeof length, *known).ptr;
    fields[count++] = make_nv("content-length", {length, static_cast<std::size_t>(end - length)});
  }
  nghttp2_session* session = connection_.session_.get();
  const bool bare = last && body.empty();
  nghttp2_data_provider provider{};
  provider.source.ptr = this;
  provider.read_callback = &H2Client::read_outbox;
  sent_all_ = last;
  const bool taken = bare || put(body, last);
  const std::int32_t id =
      nghttp2_submit_request(session, nullptr, fields, count, bare ? nullptr : &provider, this);
  if (id < 0) {
    closed_ = refused_ = true;  // no stream numbers are left: another connection will do
    outbox_.clear();
    co_return Failure::kPeerClosed;
  }
  id_ = id;
  connection_.mark_dirty();
  if (taken) co_return Failure::kNone;
  co_return co_await room();
}

io::Task<Failure> H2ClientStream::send_body(std::string_view bytes, bool last) {
  if (closed_ || cancelled_) co_return closed_failure();
  if (!outbox_.idle())
    if (const Failure f = co_await room(); f != Failure::kNone) co_return f;
  if (put(bytes, last)) co_return Failure::kNone;
  co_return co_await room();
}

io::Task<Failure> H2ClientStream::send_trailers(const FieldList& trailers) {
  if (closed_ || cancelled_) co_return closed_failure();
  if (!outbox_.idle())
    if (const Failure f = co_await room(); f != Failure::kNone) co_return f;
  nghttp2_nv fields[FieldList::kCapacity];
  std::size_t count = 0;
  for (const Field& field : trailers)
    if (!field.hop_by_hop) fields[count++] = make_nv(arena_.copy_lower(field.name), field.value);
  outbox_.with_trailers = count > 0;
  outbox_.end();
  sent_all_ = true;
  nghttp2_session* session = connection_.session_.get();
  nghttp2_session_resume_data(session, id_);
  if (count > 0) nghttp2_submit_trailer(session, id_, fields, count);
  connection_.mark_dirty();
  co_return Failure::kNone;
}

// --- the stream: receiving ---

void H2ClientStream::add_field(std::string_view name, std::string_view value) {
  field_bytes_ += name.size() + value.size() + 32;
  if (field_bytes_ > connection_.limits_.max_head_bytes) {
    too_large_ = true;
    return;
  }
  if (name == ":status") {
    std::from_chars(value.data(), value.data() + value.size(), status_);
    return;
  }
  const Field field{arena_.copy(name), arena_.copy(value), classify(name), false};
  if (!head_done_ && field.id == FieldId::kContentLength) {
    std::uint64_t length = 0;
    std::from_chars(value.data(), value.data() + value.size(), length);
    content_length_ = length;
  }
  if (!(head_done_ ? trailers_ : fields_).push(field)) too_large_ = true;
}

io::Task<Failure> H2ClientStream::read_head(ResponseHead& head, io::Millis timeout) {
  io::EventLoop& loop = connection_.loop();
  reading_ = true;
  loop.timers().arm(read_deadline_, timeout == io::kNever ? io::kNever : loop.in(timeout));
  while (!head_done_ && !closed_ && !cancelled_ && !read_deadline_.passed() && !too_large_) {
    readable_.reset();
    co_await readable_.wait();
  }
  loop.timers().arm(read_deadline_, io::kNever);
  reading_ = false;
  if (!head_done_ || too_large_) co_return closed_failure();
  head.status = status_;
  head.fields = fields_;
  head.version = Version::kHttp2;
  head.content_length = content_length_;
  head.framing = ended_ && body_in_.empty() ? Framing::kNone : Framing::kStream;
  co_return Failure::kNone;
}

io::Task<Piece> H2ClientStream::read_body(io::Millis timeout) {
  io::EventLoop& loop = connection_.loop();
  if (body_in_.empty() && !ended_ && !closed_) {
    reading_ = true;
    loop.timers().arm(read_deadline_, timeout == io::kNever ? io::kNever : loop.in(timeout));
    while (body_in_.empty() && !ended_ && !closed_ && !cancelled_ && !read_deadline_.passed()) {
      readable_.reset();
      co_await readable_.wait();
    }
    loop.timers().arm(read_deadline_, io::kNever);
    reading_ = false;
  }
  if (cancelled_ || too_large_ || (body_in_.empty() && !ended_))
    co_return Piece{{}, false, closed_failure()};
  co_return take_body();
}

void H2ClientStream::limit_read(io::Millis timeout) {
  if (reading_) connection_.loop().timers().arm(read_deadline_, connection_.loop().in(timeout));
}

bool H2ClientStream::is_untouched() const {
  if (refused_) return true;
  // A connection that had carried others was closed in the moment when we used it again.
  return lost_ && !cancelled_ && !head_done_ && id_ > 1;
}

std::optional<Piece> H2ClientStream::ready_body() {
  if (cancelled_ || too_large_ || (body_in_.empty() && !ended_)) return std::nullopt;
  return take_body();
}

Piece H2ClientStream::take_body() {
  body_out_.clear();
  body_out_.swap(body_in_);
  if (!body_out_.empty()) {
    nghttp2_session_consume(connection_.session_.get(), id_, body_out_.size());
    connection_.mark_dirty();
  }
  return Piece{body_out_, ended_, Failure::kNone};
}

void H2ClientStream::finish() {
  finished_ = true;
  connection_.reap_ = true;
  const bool complete = closed_ || (ended_ && sent_all_ && outbox_.idle());
  if (!complete && id_ > 0)
    nghttp2_submit_rst_stream(connection_.session_.get(), NGHTTP2_FLAG_NONE, id_, NGHTTP2_CANCEL);
  if (!complete) outbox_.clear();
  // What nobody read still counts against the connection's window.
  if (!body_in_.empty() && id_ > 0)
    nghttp2_session_consume(connection_.session_.get(), id_, body_in_.size());
  body_in_.clear();
  // The outbox may still be asked for bytes until nghttp2 closes the stream: it is kept until then.
  if (id_ == 0) closed_ = true;
  connection_.mark_dirty();
}

void H2ClientStream::cancel() {
  cancelled_ = true;
  readable_.set();
  drained_.set();
}

// --- the connection ---

H2Client::H2Client(std::unique_ptr<io::Socket> socket, H2ClientOwner& owner,
                   const Timeouts& timeouts, const Limits& limits)
    : H2Session(std::move(socket)), owner_(owner), timeouts_(timeouts), limits_(limits) {
  nghttp2_option* option = nullptr;
  nghttp2_option_new(&option);
  nghttp2_option_set_no_auto_window_update(option, 1);
  nghttp2_session* session = nullptr;
  nghttp2_session_client_new2(&session, callbacks(), this, option);
  nghttp2_option_del(option);
  session_.reset(session);
  const nghttp2_settings_entry settings[] = {
      {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kStreamWindow},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<std::uint32_t>(limits.max_head_bytes)},
  };
  nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings, std::size(settings));
  nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE, 0, kStreamWindow * 16);
}

H2Client::~H2Client() {
  for (H2ClientStream* stream : streams_) delete stream;
}

void H2Client::start() { tasks_.spawn(run()); }

io::Task<void> H2Client::run() {
  mark_dirty();
  co_await read_loop(timeouts_.keep_alive, timeouts_.write);
  closing_ = true;
  const std::vector<H2ClientStream*> left = streams_;
  for (H2ClientStream* stream : left) {
    stream->lost_ = true;
    close_stream(*stream);
  }
  stop();
  co_await writers_.drained();
  over_ = true;
  owner_.on_closed(*this);
}

bool H2Client::has_room() const {
  return !closing_ && nghttp2_session_check_request_allowed(session_.get()) != 0 &&
         streams_.size() < nghttp2_session_get_remote_settings(
                               session_.get(), NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
}

H2ClientStream* H2Client::open_stream() {
  if (!has_room()) return nullptr;
  streams_.push_back(new H2ClientStream(*this));
  update_deadline();
  return streams_.back();
}

bool H2Client::is_over() const {
  return over_ && std::ranges::all_of(
                      streams_, [](const H2ClientStream* stream) { return stream->finished_; });
}

void H2Client::close() {
  closing_ = true;
  stop();
}

void H2Client::after_send() {
  settle();
  if (waiting_.empty()) return;
  std::vector<H2ClientStream*> batch;
  batch.swap(waiting_);
  for (H2ClientStream* stream : batch) {
    if (stream->outbox_.idle() || stream->closed_ || stream->cancelled_) {
      stream->drained_.set();
    } else {
      waiting_.push_back(stream);
    }
  }
}

void H2Client::note(H2ClientStream& stream) {
  if (std::exchange(stream.noted_, true)) return;
  noted_.push_back(&stream);
}

void H2Client::close_stream(H2ClientStream& stream) {
  stream.closed_ = true;
  reap_ = true;
  std::erase(waiting_, &stream);
  stream.readable_.set();
  stream.drained_.set();
}

void H2Client::settle() {
  while (!noted_.empty()) {
    std::vector<H2ClientStream*> batch;
    batch.swap(noted_);
    for (H2ClientStream* stream : batch) {
      stream->noted_ = false;
      if (stream->closed_) {
        close_stream(*stream);
      } else {
        stream->readable_.set();
      }
    }
  }
  if (nghttp2_session_check_request_allowed(session_.get()) == 0) closing_ = true;
  if (!std::exchange(reap_, false)) return;
  std::erase_if(streams_, [](H2ClientStream* stream) {
    const bool done = stream->finished_ && stream->closed_ && !stream->noted_;
    if (done) delete stream;
    return done;
  });
  if (streams_.empty()) update_deadline();
}

// --- nghttp2's callbacks ---

int H2Client::on_header(nghttp2_session* session, const nghttp2_frame* frame,
                        const std::uint8_t* name, std::size_t name_size, const std::uint8_t* value,
                        std::size_t value_size, std::uint8_t, void*) {
  auto* stream = static_cast<H2ClientStream*>(
      nghttp2_session_get_stream_user_data(session, frame->hd.stream_id));
  if (stream != nullptr) stream->add_field(view(name, name_size), view(value, value_size));
  return 0;
}

int H2Client::on_frame(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
  if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) return 0;
  auto& self = *static_cast<H2Client*>(user);
  auto* stream = static_cast<H2ClientStream*>(
      nghttp2_session_get_stream_user_data(session, frame->hd.stream_id));
  if (stream == nullptr) return 0;
  if (frame->hd.type == NGHTTP2_HEADERS && !stream->head_done_) {
    if (stream->status_ >= 200) {
      stream->head_done_ = true;
    } else {  // interim: forget it
      stream->fields_.clear();
      stream->content_length_.reset();
    }
  } else if (frame->hd.type == NGHTTP2_HEADERS) {
    validate_trailers(stream->trailers_);  // marks those that go no further
  }
  if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) stream->ended_ = true;
  self.note(*stream);
  return 0;
}

int H2Client::on_data(nghttp2_session* session, std::uint8_t, std::int32_t id,
                      const std::uint8_t* data, std::size_t size, void* user) {
  auto& self = *static_cast<H2Client*>(user);
  auto* stream = static_cast<H2ClientStream*>(nghttp2_session_get_stream_user_data(session, id));
  if (stream == nullptr || stream->finished_) {
    nghttp2_session_consume(session, id, size);
    return 0;
  }
  stream->received_ += size;
  stream->body_in_.append(reinterpret_cast<const char*>(data), size);
  self.note(*stream);
  return 0;
}

int H2Client::on_close(nghttp2_session* session, std::int32_t id, std::uint32_t code, void* user) {
  auto& self = *static_cast<H2Client*>(user);
  auto* stream = static_cast<H2ClientStream*>(nghttp2_session_get_stream_user_data(session, id));
  if (stream == nullptr) return 0;
  stream->closed_ = true;
  if (code == NGHTTP2_REFUSED_STREAM) stream->refused_ = true;
  self.note(*stream);
  return 0;
}

ssize_t H2Client::read_outbox(nghttp2_session*, std::int32_t, std::uint8_t* out,
                              std::size_t capacity, std::uint32_t* flags,
                              nghttp2_data_source* source, void*) {
  auto& stream = *static_cast<H2ClientStream*>(source->ptr);
  const std::size_t size = stream.outbox_.take(reinterpret_cast<char*>(out), capacity);
  if (stream.outbox_.idle() && stream.outbox_.ended()) {
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (stream.outbox_.with_trailers) *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
  } else if (size == 0) {
    return NGHTTP2_ERR_DEFERRED;
  }
  return static_cast<ssize_t>(size);
}

nghttp2_session_callbacks* H2Client::callbacks() {
  static nghttp2_session_callbacks* const kCallbacks = [] {
    nghttp2_session_callbacks* c = nullptr;
    nghttp2_session_callbacks_new(&c);
    nghttp2_session_callbacks_set_on_header_callback(c, &H2Client::on_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(c, &H2Client::on_frame);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(c, &H2Client::on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(c, &H2Client::on_close);
    return c;
  }();
  return kCallbacks;
}

}  // namespace http
