#include "http/h1_client.h"

#include <algorithm>
#include <cerrno>

#include "http/h1_writer.h"
#include "http/reject.h"

namespace http {
namespace {

constexpr std::size_t kInlineBody =
    2 * 1024;  // copied behind the head instead of being sent beside it

}  // namespace

H1Client::H1Client(std::unique_ptr<io::Socket> socket, H1ClientOwner& owner,
                   const Timeouts& timeouts, const Limits& limits)
    : socket_(std::move(socket)), owner_(owner), timeouts_(timeouts), limits_(limits) {}

H1Client::~H1Client() = default;

void H1Client::begin(bool reused) {
  socket_->set_idle_callback(nullptr, nullptr);
  reused_ = reused;
  chunked_out_ = sent_all_ = received_ = received_all_ = keep_ = failed_ = tunnel_ = false;
  cancelled_ = lost_ = false;
  filled_ = parsed_ = 0;
  body_rest_ = {};
}

Failure H1Client::fail(io::IoResult result) {
  failed_ = true;
  switch (result) {
    case -ETIMEDOUT:
      return Failure::kTimeout;
    case -ECANCELED:
      return Failure::kCancelled;
    default:
      lost_ = true;
      return Failure::kPeerClosed;
  }
}

// --- sending ---

io::Task<Failure> H1Client::write(std::string_view head, std::string_view body) {
  if (cancelled_) co_return Failure::kCancelled;
  io::Socket::WriteOp op = socket_->write(head, body, socket_->loop().in(timeouts_.write));
  io::IoResult written = 0;
  if (op.await_ready()) {
    written = op.await_resume();
  } else {
    std::string kept;
    op.keep_first(kept);
    written = co_await op;
  }
  co_return written < 0 ? fail(written) : Failure::kNone;
}

io::Task<Failure> H1Client::send_head(const RequestOut& head, std::string_view body, bool last) {
  method_ = head.method;
  chunked_out_ = head.has_body && !head.content_length && !last;
  tunnel_ = head.upgrade_websocket;
  sent_all_ = last;
  std::string& out = socket_->loop().head_scratch();
  out.clear();
  if (last && !head.content_length && !body.empty()) {
    RequestOut sized = head;
    sized.content_length = body.size();
    append_request_head(out, sized, false);
  } else {
    append_request_head(out, head, chunked_out_);
  }
  if (chunked_out_ && !body.empty()) {
    append_chunk_header(out, body.size());
    if (const Failure f = co_await write(out, body); f != Failure::kNone) co_return f;
    co_return co_await write("\r\n", {});
  }
  if (body.size() <= kInlineBody) {
    out += body;
    body = {};
  }
  co_return co_await write(out, body);
}

io::Task<Failure> H1Client::send_body(std::string_view bytes, bool last) {
  sent_all_ = last;
  if (tunnel_ || !chunked_out_) {
    if (!bytes.empty())
      if (const Failure f = co_await write({}, bytes); f != Failure::kNone) co_return f;
    if (tunnel_ && last) socket_->shutdown_write();
    co_return Failure::kNone;
  }
  std::string& out = socket_->loop().head_scratch();
  if (!bytes.empty()) {
    out.clear();
    append_chunk_header(out, bytes.size());
    if (const Failure f = co_await write(out, bytes); f != Failure::kNone) co_return f;
  }
  std::string_view tail;
  if (!bytes.empty()) tail = last ? "\r\n0\r\n\r\n" : "\r\n";
  if (bytes.empty() && last) tail = "0\r\n\r\n";
  if (tail.empty()) co_return Failure::kNone;
  co_return co_await write(tail, {});
}

io::Task<Failure> H1Client::send_trailers(const FieldList& trailers) {
  sent_all_ = true;
  if (!chunked_out_) co_return Failure::kNone;
  std::string& out = socket_->loop().head_scratch();
  out = "0\r\n";
  append_fields(out, trailers);
  out += "\r\n";
  co_return co_await write(out, {});
}

// --- receiving ---

io::Task<Failure> H1Client::read_head(ResponseHead& head, io::Millis timeout) {
  io::EventLoop& loop = socket_->loop();
  head_deadline_ = timeout == io::kNever ? io::kNever : loop.in(timeout);
  if (cancelled_) co_return Failure::kCancelled;
  if (filled_ == 0) {
    const auto ready = co_await socket_->wait_readable(head_deadline_);
    if (ready <= 0) co_return fail(ready);
  }
  if (!head_buffer_) head_buffer_ = loop.head_buffers().take();
  for (int interim = 0; interim < kMaxInterim;) {
    const std::string_view bytes(head_buffer_.data() + parsed_, filled_ - parsed_);
    const Parsed parsed = bytes.empty() ? Parsed{ParseState::kNeedMore, 0, {}}
                                        : parse_response(bytes, limits_, method_, head);
    if (parsed.state == ParseState::kRejected) {
      failed_ = true;
      const bool large =
          parsed.reject == Reject::kHeadTooLarge || parsed.reject == Reject::kTooManyFields;
      co_return large ? Failure::kTooLarge : Failure::kMalformed;
    }
    if (parsed.state == ParseState::kDone) {
      parsed_ += parsed.consumed;
      if (head.status >= 200 || head.status == 101) break;
      ++interim;
      continue;
    }
    if (filled_ == head_buffer_.capacity()) {
      failed_ = true;
      co_return Failure::kTooLarge;
    }
    const auto got = co_await socket_->read(head_buffer_.data() + filled_,
                                            head_buffer_.capacity() - filled_, head_deadline_);
    if (got <= 0) co_return fail(got);
    received_ = true;
    filled_ += static_cast<std::size_t>(got);
  }
  if (head.status < 200 && head.status != 101) {
    failed_ = true;
    co_return Failure::kMalformed;
  }
  tunnel_ = tunnel_ && head.status == 101;
  if (head.status == 101 && !tunnel_) {
    failed_ = true;
    co_return Failure::kMalformed;
  }
  framing_ = head.framing;
  keep_ = head.keep_alive && framing_ != Framing::kUntilClose && !tunnel_;
  body_left_ = framing_ == Framing::kLength ? *head.content_length : 0;
  chunked_.reset();
  if (!tunnel_ && (framing_ == Framing::kNone || (framing_ == Framing::kLength && body_left_ == 0)))
    received_all_ = true;
  co_return Failure::kNone;
}

void H1Client::limit_read(io::Millis timeout) {
  head_deadline_ = timeout == io::kNever ? io::kNever : socket_->loop().in(timeout);
  socket_->move_read_deadline(head_deadline_);
}

Piece H1Client::end_body(Failure failure) {
  if (failure == Failure::kNone) received_all_ = true;
  if (failure != Failure::kNone) failed_ = true;
  return Piece{{}, failure == Failure::kNone, failure};
}

Piece H1Client::take(std::string_view& input) {
  Piece piece;
  if (tunnel_ || framing_ == Framing::kUntilClose) {
    piece.bytes = std::exchange(input, {});
    return piece;
  }
  if (framing_ == Framing::kLength) {
    piece.bytes = input.substr(
        0, static_cast<std::size_t>(std::min<std::uint64_t>(body_left_, input.size())));
    input.remove_prefix(piece.bytes.size());
    body_left_ -= piece.bytes.size();
    piece.last = body_left_ == 0;
  } else {
    const ChunkedDecoder::Step step = chunked_.feed(input);
    input.remove_prefix(step.consumed);
    piece.bytes = step.data;
    piece.last = step.state == ChunkedDecoder::State::kDone;
    if (step.state == ChunkedDecoder::State::kRejected) piece.failure = Failure::kMalformed;
  }
  if (piece.last) received_all_ = true;
  if (piece.failure != Failure::kNone) failed_ = true;
  return piece;
}

std::optional<Piece> H1Client::ready_body() {
  if (received_all_) return Piece{{}, true, Failure::kNone};
  while (true) {
    const bool in_head = parsed_ < filled_;
    if (!in_head && body_rest_.empty()) return std::nullopt;
    Piece piece;
    if (in_head) {
      std::string_view input(head_buffer_.data() + parsed_, filled_ - parsed_);
      piece = take(input);
      parsed_ = filled_ - input.size();
    } else {
      piece = take(body_rest_);
    }
    if (!piece.bytes.empty() || piece.last || piece.failure != Failure::kNone) return piece;
  }
}

io::Task<Piece> H1Client::read_body(io::Millis timeout) {
  io::EventLoop& loop = socket_->loop();
  while (true) {
    if (const auto ready = ready_body()) co_return *ready;
    if (cancelled_) co_return end_body(Failure::kCancelled);
    if (!body_buffer_) body_buffer_ = loop.bulk_buffers().take();
    const io::Millis deadline = timeout == io::kNever ? io::kNever : loop.in(timeout);
    const auto got = co_await socket_->read(body_buffer_.data(), body_buffer_.capacity(), deadline);
    if (got == 0 && (tunnel_ || framing_ == Framing::kUntilClose))
      co_return end_body(Failure::kNone);
    if (got <= 0) co_return end_body(fail(got));
    body_rest_ = {body_buffer_.data(), static_cast<std::size_t>(got)};
  }
}

// --- the end ---

void H1Client::finish() {
  const bool extra = parsed_ < filled_ || !body_rest_.empty();  // nobody asked for these bytes
  const bool reusable =
      keep_ && sent_all_ && received_all_ && !failed_ && !extra && !socket_->is_closed_by_peer();
  head_buffer_.release();
  body_buffer_.release();
  filled_ = parsed_ = 0;
  if (reusable) socket_->set_idle_callback(&H1Client::on_idle_event, this);
  owner_.release(*this, reusable);
}

// May come while no operation is under way: the next one must not wait either.
void H1Client::cancel() {
  failed_ = cancelled_ = true;
  socket_->cancel();
}

void H1Client::on_idle_event(void* self) {
  auto& client = *static_cast<H1Client*>(self);
  client.owner_.on_stale(client);
}

}  // namespace http
