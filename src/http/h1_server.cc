#include "http/h1_server.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/encoding.h"
#include "http/field.h"
#include "http/h1_writer.h"
#include "http/reject.h"

namespace http {
namespace {

constexpr std::size_t kMaxChunkedRead =
    16 * 1024;  // so that what follows a chunked body fits the head buffer

constexpr std::size_t kInlineBody =
    2 * 1024;  // copied behind the head instead of being sent beside it

}  // namespace

H1Server::H1Server(std::unique_ptr<io::Socket> socket, Downstream downstream,
                   const ServerOptions& options, RequestHandler& handler)
    : socket_(std::move(socket)),
      downstream_(std::move(downstream)),
      peer_text_(downstream_.peer.ip()),
      server_name_(base::to_lower(downstream_.server_name)),
      options_(options),
      handler_(handler) {
  downstream_.peer_ip = peer_text_;
  downstream_.server_name = server_name_;
  socket_->set_idle_callback(&H1Server::on_idle_event, this);
}

H1Server::~H1Server() {
  if (destroyed_ != nullptr) *destroyed_ = true;
}

io::Task<void> H1Server::serve() {
  while (!broken_ && !close_after_) {
    Reject reject{};
    if (!co_await read_request(reject)) break;
    if (reject != Reject{}) {
      close_after_ = close_after_ || reject_closes(reject);
      body_ = BodyState::kFailed;  // where the body would end is in doubt or not worth finding out
      co_await handler_.handle_rejected(*this, reject);
    } else {
      begin_request();
      co_await handler_.handle(*this);
    }
    canceller_ = nullptr;
    if (!co_await finish_request()) break;
  }
  if (broken_) co_return;
  socket_->shutdown_write();
  if (head_buffer_) co_await linger();
}

// Closing a socket with bytes in it that were not read resets the connection, and the client may
// never see the answer that was written last (RFC 9112 §9.6). So they are read away for a while.
io::Task<void> H1Server::linger() {
  const bool in_doubt = body_ != BodyState::kDone || parsed_ < filled_ || draining_;
  if (!in_doubt) co_return;
  const io::Millis deadline = socket_->loop().in(options_.timeouts.linger);
  std::uint64_t left = options_.drain_body_bytes;
  while (left > 0 && !broken_) {
    const auto got = co_await socket_->read(head_buffer_.data(), head_buffer_.capacity(), deadline);
    if (got <= 0) co_return;
    left -= std::min<std::uint64_t>(left, static_cast<std::uint64_t>(got));
  }
}

// Waits for a request head and parses it. False: no request, the connection ends. `reject` is set
// when there was one that must be refused.
io::Task<bool> H1Server::read_request(Reject& reject) {
  io::EventLoop& loop = socket_->loop();
  head_sent_ = message_done_ = continue_sent_ = read_cancelled_ = false;
  body_received_ = body_sent_ = 0;
  body_timeout_ = options_.timeouts.body_idle;
  parsed_ = 0;
  if (filled_ == 0) {
    if (draining_) co_return false;
    head_buffer_.release();
    waiting_ = true;
    const auto ready = co_await socket_->wait_readable(loop.in(options_.timeouts.keep_alive));
    waiting_ = false;
    if (ready <= 0) co_return false;
  }
  if (!head_buffer_) head_buffer_ = loop.head_buffers().take();
  const io::Millis deadline = loop.in(options_.timeouts.head);
  bool fresh = filled_ > 0;  // bytes that were not looked at yet
  while (true) {
    if (fresh) {
      const Parsed parsed = parse_request({head_buffer_.data(), filled_}, options_.limits, head_);
      if (parsed.state == ParseState::kDone) {
        parsed_ = parsed.consumed;
        co_return true;
      }
      if (parsed.state == ParseState::kRejected) {
        reject = parsed.reject;
        co_return true;
      }
      if (filled_ == head_buffer_.capacity()) {
        reject = Reject::kHeadTooLarge;
        co_return true;
      }
    }
    const auto got = co_await socket_->read(head_buffer_.data() + filled_,
                                            head_buffer_.capacity() - filled_, deadline);
    if (got <= 0) {
      if (got == -ETIMEDOUT && filled_ > 0) {
        head_ = RequestHead();
        reject = Reject::kHeadTimeout;
        co_return true;
      }
      broken_ = got < 0;
      co_return false;
    }
    filled_ += static_cast<std::size_t>(got);
    fresh = true;
  }
}

void H1Server::begin_request() {
  close_after_ = close_after_ || !head_.keep_alive;
  body_left_ = head_.framing == Framing::kLength ? *head_.content_length : 0;
  const bool has_body =
      head_.framing == Framing::kChunked || (head_.framing == Framing::kLength && body_left_ > 0);
  body_ = has_body ? BodyState::kReading : BodyState::kDone;
  chunked_.reset();
}

// Leaves the connection at the start of the next request, or says that there can be none.
io::Task<bool> H1Server::finish_request() {
  if (!message_done_) broken_ = true;
  if (broken_ || tunnel_) co_return false;
  read_cancelled_ = false;
  if (body_ == BodyState::kReading && !co_await drain_body()) close_after_ = true;
  if (body_ == BodyState::kFailed || close_after_) co_return false;
  // What follows the body in the body buffer is the beginning of the next request.
  const std::size_t rest = filled_ - parsed_;
  std::memmove(head_buffer_.data(), head_buffer_.data() + parsed_, rest);
  std::ranges::copy(body_rest_, head_buffer_.data() + rest);
  filled_ = rest + body_rest_.size();
  body_rest_ = {};
  body_buffer_.release();
  co_return true;
}

// Reads away the rest of a body that the handler did not want, if it is short and quick (RFC 9112
// §9.3).
io::Task<bool> H1Server::drain_body() {
  if (head_.expect_continue && !continue_sent_ && body_received_ == 0) co_return false;
  if (head_.framing == Framing::kLength && body_left_ > options_.drain_body_bytes) co_return false;
  std::uint64_t drained = 0;
  while (body_ == BodyState::kReading) {
    continue_sent_ = true;
    const Piece piece = co_await read_body();
    if (piece.failure != Failure::kNone) co_return false;
    drained += piece.bytes.size();
    if (drained > options_.drain_body_bytes) co_return false;
  }
  co_return true;
}

// --- the request's body ---

// Takes a piece of the body off the front of `input`.
Piece H1Server::decode(std::string_view& input) {
  Piece piece;
  if (head_.framing == Framing::kLength) {
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
  body_received_ += piece.bytes.size();
  if (piece.last) body_ = BodyState::kDone;
  if (piece.failure != Failure::kNone) body_ = BodyState::kFailed;
  return piece;
}

Piece H1Server::take_buffered() {
  if (parsed_ < filled_) {
    std::string_view input(head_buffer_.data() + parsed_, filled_ - parsed_);
    const Piece piece = decode(input);
    parsed_ = filled_ - input.size();
    return piece;
  }
  return decode(body_rest_);
}

std::optional<std::string_view> H1Server::whole_body() {
  if (body_ == BodyState::kDone) return std::string_view();
  if (head_.framing != Framing::kLength || body_left_ > filled_ - parsed_) return std::nullopt;
  return take_buffered().bytes;
}

io::Task<Piece> H1Server::read_body() {
  if (read_cancelled_) co_return Piece{{}, false, Failure::kCancelled};
  if (tunnel_ && parsed_ < filled_) {
    const std::string_view rest(head_buffer_.data() + parsed_, filled_ - parsed_);
    parsed_ = filled_;
    co_return Piece{rest, false, Failure::kNone};
  }
  if (!tunnel_ && body_ != BodyState::kReading)
    co_return Piece{{}, true, body_ == BodyState::kFailed ? Failure::kMalformed : Failure::kNone};
  if (head_.expect_continue && !continue_sent_ && !head_sent_) {
    continue_sent_ = true;
    if (!co_await write("HTTP/1.1 100 Continue\r\n\r\n", {}))
      co_return Piece{{}, false, Failure::kPeerClosed};
  }
  io::EventLoop& loop = socket_->loop();
  while (true) {
    if (!tunnel_ && (parsed_ < filled_ || !body_rest_.empty())) {
      const Piece piece = take_buffered();
      if (!piece.bytes.empty() || piece.last || piece.failure != Failure::kNone) co_return piece;
    }
    if (!body_buffer_) body_buffer_ = loop.bulk_buffers().take();
    std::size_t want = body_buffer_.capacity();
    if (!tunnel_ && head_.framing == Framing::kLength)
      want = static_cast<std::size_t>(std::min<std::uint64_t>(want, body_left_));
    if (!tunnel_ && head_.framing == Framing::kChunked) want = std::min(want, kMaxChunkedRead);
    const io::Millis wait = tunnel_ ? options_.timeouts.tunnel_idle : body_timeout_;
    const auto got = co_await socket_->read(body_buffer_.data(), want, loop.in(wait));
    if (got <= 0) {
      // What was cancelled only stopped: the rest may still be read away.
      if (got != -ECANCELED) body_ = BodyState::kFailed;
      if (tunnel_ && got == 0) co_return Piece{{}, true, Failure::kNone};
      if (got == -ETIMEDOUT) co_return Piece{{}, false, Failure::kTimeout};
      co_return Piece{{}, false, got == -ECANCELED ? Failure::kCancelled : Failure::kPeerClosed};
    }
    const std::string_view bytes(body_buffer_.data(), static_cast<std::size_t>(got));
    if (tunnel_) {
      body_received_ += bytes.size();
      co_return Piece{bytes, false, Failure::kNone};
    }
    body_rest_ = bytes;
  }
}

void H1Server::cancel_read() {
  read_cancelled_ = true;
  socket_->cancel_read();
}

// --- the response ---

io::Task<bool> H1Server::write(std::string_view head, std::string_view body) {
  io::Socket::WriteOp op = socket_->write(head, body, socket_->loop().in(options_.timeouts.write));
  std::string kept;
  if (!op.await_ready()) {
    op.keep_first(kept);  // `head` stands in memory that the next connection will use
    const auto written = co_await op;
    if (written < 0) broken_ = true;
    co_return written >= 0;
  }
  if (op.await_resume() < 0) broken_ = true;
  co_return !broken_;
}

io::Task<bool> H1Server::send_head(const ResponseOut& head, std::string_view body, bool last) {
  if (broken_ || head_sent_) co_return false;
  head_sent_ = true;
  no_body_out_ = head.no_body && !head.upgrade_websocket;
  if (no_body_out_) body = {};
  if (head.upgrade_websocket) {
    tunnel_ = true;
    chunked_out_ = false;
  } else if (!head.no_body && !head.content_length && !last) {
    chunked_out_ = head_.version == Version::kHttp11;
    if (!chunked_out_) close_after_ = true;
  } else {
    chunked_out_ = false;
  }
  first_chunk_ = true;
  // A client that was not asked to continue, or whose body we will not read to its end, cannot send
  // another request.
  const bool body_open = body_ == BodyState::kReading;
  if (body_open && last && head_.framing == Framing::kLength &&
      body_left_ > options_.drain_body_bytes)
    close_after_ = true;
  if (body_open && last && head_.expect_continue && !continue_sent_) close_after_ = true;
  if (body_ == BodyState::kFailed || draining_) close_after_ = true;

  std::string& out = socket_->loop().head_scratch();
  out.clear();
  H1ResponseStyle style;
  style.close = close_after_;
  style.http10 = head_.version == Version::kHttp10;
  style.chunked = chunked_out_;
  style.complete_length = last && !head.no_body && !head.content_length
                              ? std::optional<std::uint64_t>(body.size())
                              : head.content_length;
  append_response_head(out, head, style);
  body_out_left_ = no_body_out_ || tunnel_ ? std::nullopt : style.complete_length;
  message_done_ = last;
  if (!count_out(body.size(), last)) co_return false;
  if (chunked_out_ && !body.empty()) {
    append_chunk_header(out, body.size());
    first_chunk_ = false;
  }
  if (body.size() <= kInlineBody) {  // one piece costs the kernel less than two
    out += body;
    body = {};
  }
  co_return co_await write(out, body);
}

// A body of another length than was announced would make the client take the next answer for a
// part of this one, or the other way around.
bool H1Server::count_out(std::size_t bytes, bool last) {
  body_sent_ += bytes;
  if (!body_out_left_) return true;
  if (bytes > *body_out_left_ || (last && bytes < *body_out_left_)) {
    broken_ = true;
    return false;
  }
  *body_out_left_ -= bytes;
  return true;
}

io::Task<bool> H1Server::send_body(std::string_view bytes, bool last) {
  if (broken_ || message_done_) co_return false;
  if (no_body_out_) bytes = {};
  message_done_ = last;
  if (!count_out(bytes.size(), last)) co_return false;
  if (!chunked_out_) {
    if (bytes.empty()) co_return true;
    co_return co_await write({}, bytes);
  }
  std::string& out = socket_->loop().head_scratch();
  out.clear();
  if (!bytes.empty()) {
    if (!first_chunk_) out += "\r\n";
    append_chunk_header(out, bytes.size());
    first_chunk_ = false;
    if (!co_await write(out, bytes)) co_return false;
    if (!last) co_return true;
    out.clear();
  }
  if (!last) co_return true;
  out.clear();
  out += first_chunk_ ? "0\r\n\r\n" : "\r\n0\r\n\r\n";
  co_return co_await write(out, {});
}

io::Task<bool> H1Server::send_trailers(const FieldList& trailers) {
  if (broken_ || message_done_) co_return false;
  message_done_ = true;
  if (!count_out(0, true)) co_return false;
  if (!chunked_out_) co_return true;  // there is no place for them
  std::string& out = socket_->loop().head_scratch();
  out.clear();
  out += first_chunk_ ? "0\r\n" : "\r\n0\r\n";
  append_fields(out, trailers);
  out += "\r\n";
  co_return co_await write(out, {});
}

// --- the other end ---

void H1Server::set_canceller(Canceller* canceller) {
  canceller_ = canceller;
  if (canceller != nullptr && (broken_ || socket_->is_closed_by_peer())) canceller->cancel();
}

void H1Server::on_idle_event(void* self) {
  auto& connection = *static_cast<H1Server*>(self);
  if (!connection.socket_->is_closed_by_peer()) return;  // bytes of a further request can wait
  connection.broken_ = true;
  if (Canceller* canceller = std::exchange(connection.canceller_, nullptr)) canceller->cancel();
}

void H1Server::drain() {
  draining_ = true;
  if (waiting_ && filled_ == 0) socket_->cancel();
}

void H1Server::close() {
  broken_ = true;
  if (Canceller* canceller = std::exchange(canceller_, nullptr)) {
    bool destroyed = false;
    destroyed_ = &destroyed;
    canceller->cancel();  // may end the request, and with it the connection
    if (destroyed) return;
    destroyed_ = nullptr;
  }
  socket_->cancel();
}

}  // namespace http
