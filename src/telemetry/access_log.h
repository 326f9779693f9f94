#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"
#include "telemetry/log_file.h"

namespace telemetry {

// The access log, written by one thread of its own. Workers hand it whole buffers and never wait:
// when the disk does not keep up, buffers are dropped and counted, and the operator is told.
class AccessLog {
 public:
  static constexpr std::size_t kQueuedBuffers = 256;
  static constexpr std::chrono::milliseconds kEndMillis{2000};  // for what is queued at the end

  // `path`: a file, appended to and made with mode 0640; `-` is standard output; empty is nowhere.
  static base::Result<std::unique_ptr<AccessLog>> open(const std::string& path);
  ~AccessLog();  // writes what is queued, if the reader lets it
  AccessLog(const AccessLog&) = delete;
  AccessLog& operator=(const AccessLog&) = delete;

  // Any thread. Takes the text and leaves an empty buffer, possibly with memory of an earlier one.
  void submit(std::string& lines, std::uint64_t count);
  // After a log rotation moved the file away. Any thread.
  void reopen();

  bool is_enabled() const { return file_.has_value(); }
  // Lines that were not written, for want of room in the queue or because writing failed.
  std::uint64_t dropped_lines() const { return dropped_.load(std::memory_order_relaxed); }

 private:
  struct Batch {
    std::string lines;
    std::uint64_t count = 0;
  };

  explicit AccessLog(std::optional<LogFile> file);
  void run();
  void write(const Batch& batch);
  void report(std::string_view why);
  void reopen_file();

  std::optional<LogFile> file_;  // the writer's, once it runs
  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable done_;
  std::deque<Batch> queue_;         // guarded by mutex_
  std::vector<std::string> spare_;  // guarded by mutex_
  bool stopping_ = false;           // guarded by mutex_
  bool reopen_ = false;             // guarded by mutex_
  bool finished_ = false;           // guarded by mutex_
  std::atomic<bool> give_up_{false};
  std::atomic<std::uint64_t> dropped_{0};
  std::uint64_t reported_ = 0;
  std::chrono::steady_clock::time_point next_report_;
  std::thread writer_;
};

// A worker's lines on their way to the log: handed over at 64 KiB or when the oldest has waited
// 100 ms.
class AccessLogBuffer {
 public:
  static constexpr std::size_t kFullBytes = 64 * 1024;
  static constexpr std::int64_t kMaxWaitMillis = 100;

  explicit AccessLogBuffer(AccessLog& log);
  ~AccessLogBuffer() { flush(); }
  AccessLogBuffer(const AccessLogBuffer&) = delete;
  AccessLogBuffer& operator=(const AccessLogBuffer&) = delete;

  bool is_enabled() const { return log_.is_enabled(); }
  // Where the next entry is to be appended; call `appended` afterwards.
  std::string& text() { return text_; }
  void appended(std::int64_t now_millis);
  // Once per batch of events.
  void flush_if_due(std::int64_t now_millis);
  void flush();

 private:
  AccessLog& log_;
  std::string text_;
  std::uint64_t lines_ = 0;
  std::int64_t oldest_millis_ = 0;
};

}  // namespace telemetry
