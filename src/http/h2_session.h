#pragma once

#include <nghttp2/nghttp2.h>

#include <memory>
#include <string>
#include <vector>

#include "http/stream.h"
#include "io/socket.h"

namespace http {

// Memory for the fields of one HTTP/2 stream. Views stay valid until `clear`.
class FieldArena {
 public:
  std::string_view copy(std::string_view text);
  std::string_view copy_lower(std::string_view text);
  void clear();

 private:
  char* take(std::size_t size);

  static constexpr std::size_t kFirst = 1536;
  std::size_t used_ = 0;
  char first_[kFirst];
  std::size_t block_used_ = 0;
  std::size_t block_size_ = 0;
  std::vector<std::unique_ptr<char[]>> blocks_;
};

// The bytes of a message that wait to be framed. Small pieces are copied so that their sender can
// go on; a large one is borrowed until it was framed.
class H2Outbox {
 public:
  static constexpr std::size_t kCopyLimit = 16 * 1024;

  bool idle() const { return pending() == 0; }
  std::size_t pending() const { return copied_.size() - copied_pos_ + borrowed_.size(); }
  // True: taken. False: borrowed; wait for `drained`.
  bool put(std::string_view bytes);
  std::size_t take(char* out, std::size_t capacity);
  void end() { ended_ = true; }
  bool ended() const { return ended_; }
  void clear();

  bool with_trailers = false;  // the end of the data is not the end of the stream

 private:
  std::string copied_;
  std::size_t copied_pos_ = 0;
  std::string_view borrowed_;
  bool ended_ = false;
};

// Ends a wait for a signal when its time is up.
class SignalDeadline final : public io::Timer {
 public:
  explicit SignalDeadline(io::Signal& signal) : signal_(signal) {}
  bool passed() const { return passed_; }

 private:
  void on_deadline() override {
    passed_ = true;
    signal_.set();
  }

  io::Signal& signal_;
  bool passed_ = false;
};

// What client and server sessions share: the socket, nghttp2's session, and a writer that gathers
// the frames of all streams at the end of an event batch into one record and one send
// (docs/performance.md).
class H2Session {
 public:
  explicit H2Session(std::unique_ptr<io::Socket> socket);
  virtual ~H2Session();
  H2Session(const H2Session&) = delete;
  H2Session& operator=(const H2Session&) = delete;

  io::EventLoop& loop() { return socket_->loop(); }

 protected:
  struct SessionDeleter {
    void operator()(nghttp2_session* session) const { nghttp2_session_del(session); }
  };

  // Reads until the end of the connection; returns why it ended.
  io::Task<Failure> read_loop(io::Millis idle_timeout, io::Millis write_timeout);
  // `is_idle` changed: the read that is under way gets the deadline that goes with it.
  void update_deadline();
  // Something is to be sent: it will be, at the end of this batch.
  void mark_dirty();
  // After the bytes of a batch went through nghttp2: start what the callbacks asked for.
  virtual void after_receive() = 0;
  // With nothing at work on it the connection may stay for the idle timeout only.
  virtual bool is_idle() const = 0;
  // The frames that were due are framed: whoever waits for room may go on.
  virtual void after_send() = 0;
  void stop() {
    stopped_ = true;
    socket_->cancel();
  }

  std::unique_ptr<io::Socket> socket_;
  std::unique_ptr<nghttp2_session, SessionDeleter> session_;
  io::Scope writers_;
  bool stopped_ = false;

 private:
  io::Task<void> write_loop();

  static constexpr std::size_t kMaxQueuedFrames = 2'000;
  static constexpr std::size_t kBurst = 32 * 1024;

  io::Millis idle_timeout_ = 75'000;
  io::Millis idle_deadline_ = io::kNever;
  io::Millis write_timeout_ = 60'000;
  bool writing_ = false;
  bool dirty_ = false;
};

}  // namespace http
