#include "telemetry/access_log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/log.h"

namespace telemetry {
namespace {

int open_file(const std::string& path) {
  return ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
}

}  // namespace

base::Result<std::unique_ptr<AccessLog>> AccessLog::open(const std::string& path) {
  int fd = -1;
  if (path == "-") {
    fd = ::dup(STDOUT_FILENO);
  } else if (!path.empty()) {
    fd = open_file(path);
  }
  if (fd < 0 && !path.empty()) {
    return base::fail(base::Code::kUnavailable, "access_log_open_failed",
                      fmt::format("cannot open the access log {}: {}", path, std::strerror(errno)));
  }
  return std::unique_ptr<AccessLog>(new AccessLog(path, fd));
}

AccessLog::AccessLog(std::string path, int fd) : path_(std::move(path)), fd_(fd) {
  if (fd_ >= 0) writer_ = std::thread([this] { run(); });
}

AccessLog::~AccessLog() {
  if (writer_.joinable()) {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_one();
    writer_.join();
  }
  if (fd_ >= 0) close(fd_);
}

void AccessLog::submit(std::string& lines, std::uint64_t count) {
  if (fd_ < 0) {
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
    queue_.push_back(std::move(lines));
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
    reopen_ = path_ != "-" && fd_ >= 0;
  }
  wake_.notify_one();
}

void AccessLog::write_all(const std::string& bytes) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t written = ::write(fd_, bytes.data() + done, bytes.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      spdlog::error("the access log cannot be written: {}", std::strerror(errno));
      return;
    }
    done += static_cast<std::size_t>(written);
  }
}

void AccessLog::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return stopping_ || reopen_ || !queue_.empty(); });
    if (std::exchange(reopen_, false)) {
      const int fresh = open_file(path_);
      if (fresh >= 0) close(std::exchange(fd_, fresh));
    }
    if (queue_.empty()) {
      if (stopping_) return;
      continue;
    }
    std::string buffer = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    write_all(buffer);
    if (const auto dropped = dropped_lines(); dropped != reported_) {
      spdlog::warn("the access log is behind: {} lines dropped since the start", dropped);
      reported_ = dropped;
    }
    buffer.clear();
    lock.lock();
    if (spare_.size() < 16) spare_.push_back(std::move(buffer));
  }
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
  log_.submit(text_, lines_);
  lines_ = 0;
}

}  // namespace telemetry
