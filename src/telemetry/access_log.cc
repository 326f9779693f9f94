#include "telemetry/access_log.h"

#include <utility>

#include "base/log.h"

namespace telemetry {
namespace {

constexpr std::size_t kSpareBuffers = 16;
constexpr std::size_t kRoom =
    AccessLogBuffer::kFullBytes + 8 * 1024;  // a full buffer and its last line
constexpr std::chrono::seconds kBetweenReports{10};

}  // namespace

base::Result<std::unique_ptr<AccessLog>> AccessLog::open(const std::string& path) {
  if (path.empty()) return std::unique_ptr<AccessLog>(new AccessLog(std::nullopt));
  BASE_ASSIGN(LogFile file, LogFile::open(path));
  return std::unique_ptr<AccessLog>(new AccessLog(std::move(file)));
}

AccessLog::AccessLog(std::optional<LogFile> file) : file_(std::move(file)) {
  if (file_) writer_ = std::thread([this] { run(); });
}

AccessLog::~AccessLog() {
  if (!writer_.joinable()) return;
  {
    std::unique_lock lock(mutex_);
    stopping_ = true;
    wake_.notify_one();
    if (!done_.wait_for(lock, kEndMillis, [this] { return finished_; })) give_up_ = true;
  }
  writer_.join();
}

void AccessLog::submit(std::string& lines, std::uint64_t count) {
  if (!file_) {
    lines.clear();
    return;
  }
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    if (queue_.size() >= kQueuedBuffers) {
      dropped_.fetch_add(count, std::memory_order_relaxed);
      lines.clear();
      return;
    }
    first = queue_.empty();
    queue_.push_back({std::move(lines), count});
    lines = std::string();
    if (!spare_.empty()) {
      lines = std::move(spare_.back());
      spare_.pop_back();
    }
  }
  if (first) wake_.notify_one();
}

void AccessLog::reopen() {
  {
    const std::lock_guard lock(mutex_);
    reopen_ = true;
  }
  wake_.notify_one();
}

void AccessLog::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return stopping_ || reopen_ || !queue_.empty(); });
    const bool reopening = std::exchange(reopen_, false);
    if (!reopening && queue_.empty()) break;
    Batch batch;
    if (!queue_.empty()) {
      batch = std::move(queue_.front());
      queue_.pop_front();
    }
    lock.unlock();
    if (reopening) reopen_file();
    if (batch.count > 0) write(batch);
    batch.lines.clear();
    lock.lock();
    if (batch.count > 0 && spare_.size() < kSpareBuffers) spare_.push_back(std::move(batch.lines));
  }
  finished_ = true;
  done_.notify_one();
  lock.unlock();
  if (dropped_lines() == reported_) return;
  next_report_ = {};
  report("the program ends");
}

void AccessLog::reopen_file() {
  if (const auto opened = file_->reopen(); !opened) spdlog::error("{}", opened.error().message);
}

void AccessLog::write(const Batch& batch) {
  if (const auto written = file_->write(batch.lines, give_up_); !written) {
    dropped_.fetch_add(batch.count, std::memory_order_relaxed);
    report(written.error().message);
  } else if (dropped_lines() != reported_) {
    report("it cannot be written as fast as requests come");
  }
}

// Now and then, so that a full disk does not fill the other log too.
void AccessLog::report(std::string_view why) {
  const auto now = std::chrono::steady_clock::now();
  if (now < next_report_) return;
  next_report_ = now + kBetweenReports;
  reported_ = dropped_lines();
  spdlog::error("the access log has lost {} lines since the start: {}", reported_, why);
}

AccessLogBuffer::AccessLogBuffer(AccessLog& log) : log_(log) {
  if (log.is_enabled()) text_.reserve(kRoom);
}

void AccessLogBuffer::appended(std::int64_t now_millis) {
  if (lines_++ == 0) oldest_millis_ = now_millis;
  if (text_.size() >= kFullBytes) flush();
}

void AccessLogBuffer::flush_if_due(std::int64_t now_millis) {
  if (lines_ > 0 && now_millis - oldest_millis_ >= kMaxWaitMillis) flush();
}

void AccessLogBuffer::flush() {
  if (lines_ == 0) return;
  log_.submit(text_, std::exchange(lines_, 0));
  if (text_.capacity() < kRoom) text_.reserve(kRoom);
}

}  // namespace telemetry
