#include "http/h2_session.h"

#include <algorithm>
#include <cstring>

namespace http {

// --- FieldArena ---

char* FieldArena::take(std::size_t size) {
  if (blocks_.empty() && used_ + size <= kFirst) {
    char* at = first_ + used_;
    used_ += size;
    return at;
  }
  if (blocks_.empty() || block_used_ + size > block_size_) {
    block_size_ = std::max<std::size_t>(size, 8192);
    blocks_.push_back(std::make_unique_for_overwrite<char[]>(block_size_));
    block_used_ = 0;
  }
  char* at = blocks_.back().get() + block_used_;
  block_used_ += size;
  return at;
}

std::string_view FieldArena::copy(std::string_view text) {
  char* at = take(text.size());
  std::ranges::copy(text, at);
  return {at, text.size()};
}

std::string_view FieldArena::copy_lower(std::string_view text) {
  char* at = take(text.size());
  std::ranges::transform(
      text, at, [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return {at, text.size()};
}

void FieldArena::clear() {
  used_ = 0;
  blocks_.clear();
}

// --- H2Outbox ---

bool H2Outbox::put(std::string_view bytes) {
  if (bytes.size() <= kCopyLimit && pending() + bytes.size() <= 2 * kCopyLimit &&
      borrowed_.empty()) {
    copied_.append(bytes);
    return true;
  }
  borrowed_ = bytes;
  return false;
}

std::size_t H2Outbox::take(char* out, std::size_t capacity) {
  const std::size_t first = std::min(capacity, copied_.size() - copied_pos_);
  std::memcpy(out, copied_.data() + copied_pos_, first);
  copied_pos_ += first;
  if (copied_pos_ == copied_.size()) {
    copied_.clear();
    copied_pos_ = 0;
  }
  const std::size_t second = std::min(capacity - first, borrowed_.size());
  if (second > 0) std::memcpy(out + first, borrowed_.data(), second);
  borrowed_.remove_prefix(second);
  return first + second;
}

void H2Outbox::clear() {
  copied_.clear();
  copied_pos_ = 0;
  borrowed_ = {};
  ended_ = with_trailers = false;
}

// --- H2Session ---

H2Session::H2Session(std::unique_ptr<io::Socket> socket) : socket_(std::move(socket)) {}

H2Session::~H2Session() = default;

void H2Session::mark_dirty() {
  dirty_ = true;
  if (!writing_ && !stopped_) writers_.spawn(write_loop());
}

// One at a time; collects what all streams have to say, sends it, and looks again.
io::Task<void> H2Session::write_loop() {
  writing_ = true;
  co_await loop().batch_end();
  io::Buffer buffer = loop().bulk_buffers().take();
  while (!stopped_) {
    dirty_ = false;
    std::size_t filled = 0;
    while (filled < kBurst) {
      const std::uint8_t* frame = nullptr;
      const auto size = nghttp2_session_mem_send(session_.get(), &frame);
      if (size < 0) stopped_ = true;
      if (size <= 0) break;
      std::memcpy(buffer.data() + filled, frame, static_cast<std::size_t>(size));
      filled += static_cast<std::size_t>(size);
    }
    if (filled == 0) {
      after_send();
      if (dirty_) continue;
      break;
    }
    const auto sent =
        co_await socket_->write(std::string_view(buffer.data(), filled), loop().in(write_timeout_));
    if (sent < 0) {
      stopped_ = true;
      break;
    }
    after_send();
  }
  writing_ = false;
  if (stopped_) {
    socket_->cancel();
  } else if (nghttp2_session_want_read(session_.get()) == 0 &&
             nghttp2_session_want_write(session_.get()) == 0) {
    socket_->cancel_read();  // a GOAWAY was sent or received and nothing is left to do
  }
}

void H2Session::update_deadline() {
  // Only work moves it: pings and heads that never end do not keep an idle connection.
  if (is_idle()) idle_deadline_ = loop().in(idle_timeout_);
  socket_->move_read_deadline(is_idle() ? idle_deadline_ : io::kNever);
}

io::Task<Failure> H2Session::read_loop(io::Millis idle_timeout, io::Millis write_timeout) {
  idle_timeout_ = idle_timeout;
  idle_deadline_ = loop().in(idle_timeout);
  write_timeout_ = write_timeout;
  Failure failure = Failure::kNone;
  while (!stopped_) {
    // Idle connections hold no buffer.
    const auto ready = co_await socket_->wait_readable(is_idle() ? idle_deadline_ : io::kNever);
    if (ready <= 0) {
      failure = ready == -ETIMEDOUT ? Failure::kTimeout : Failure::kCancelled;
      break;
    }
    io::Buffer buffer = loop().bulk_buffers().take();
    const auto got =
        co_await socket_->read(buffer.data(), buffer.capacity(), loop().in(idle_timeout));
    if (got <= 0) {
      failure = got == -ETIMEDOUT ? Failure::kTimeout : Failure::kPeerClosed;
      break;
    }
    const auto used = nghttp2_session_mem_recv(session_.get(),
                                               reinterpret_cast<const std::uint8_t*>(buffer.data()),
                                               static_cast<std::size_t>(got));
    buffer.release();
    if (used < 0) {
      failure = Failure::kMalformed;
      mark_dirty();  // nghttp2 has queued the GOAWAY
      break;
    }
    after_receive();
    // A peer that makes us answer and does not read the answers would have us queue them without
    // end.
    if (nghttp2_session_get_outbound_queue_size(session_.get()) > kMaxQueuedFrames) {
      failure = Failure::kTooLarge;
      break;
    }
    mark_dirty();
    if (nghttp2_session_want_read(session_.get()) == 0 &&
        nghttp2_session_want_write(session_.get()) == 0) {
      break;
    }
  }
  co_return failure;
}

}  // namespace http
