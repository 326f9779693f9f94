#include "telemetry/log_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <utility>

namespace telemetry {
namespace {

constexpr int kPollMillis = 100;

bool is_regular(int fd) {
  struct stat info{};
  return fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
}

base::Result<int> open_fd(const std::string& path) {
  const int fd = path == "-"
                     ? ::dup(STDOUT_FILENO)
                     : ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
  if (fd >= 0) return fd;
  return base::fail(base::Code::kUnavailable, "access_log_open_failed",
                    fmt::format("cannot open the access log {}: {}", path, std::strerror(errno)));
}

}  // namespace

base::Result<LogFile> LogFile::open(std::string path) {
  BASE_ASSIGN(const int fd, open_fd(path));
  return LogFile(std::move(path), fd);
}

LogFile::LogFile(std::string path, int fd)
    : path_(std::move(path)), fd_(fd), can_block_(!is_regular(fd)) {}

LogFile::LogFile(LogFile&& other) noexcept
    : path_(std::move(other.path_)),
      fd_(std::exchange(other.fd_, -1)),
      can_block_(other.can_block_),
      torn_(other.torn_) {}

LogFile::~LogFile() {
  if (fd_ >= 0) close(fd_);
}

base::Result<void> LogFile::write(std::string_view lines, const std::atomic<bool>& give_up) {
  if (torn_) {
    std::string_view line_break = "\n";
    BASE_TRY(write_some(line_break, give_up));
    torn_ = false;
  }
  const std::string_view all = lines;
  while (!lines.empty()) {
    const auto written = write_some(lines, give_up);
    if (lines.size() < all.size()) torn_ = all[all.size() - lines.size() - 1] != '\n';
    if (!written) return written;
  }
  return {};
}

// Takes what was written off the front of `bytes`.
base::Result<void> LogFile::write_some(std::string_view& bytes, const std::atomic<bool>& give_up) {
  // What poll says has room takes this much without blocking (pipe(7)).
  const std::size_t size =
      can_block_ ? std::min<std::size_t>(bytes.size(), PIPE_BUF) : bytes.size();
  while (can_block_) {
    const bool last_try = give_up.load(std::memory_order_relaxed);
    pollfd wanted{fd_, POLLOUT, 0};
    if (poll(&wanted, 1, last_try ? 0 : kPollMillis) > 0) break;
    if (last_try)
      return base::fail(base::Code::kUnavailable, "access_log_stuck", "its reader does not read");
  }
  const ssize_t written = ::write(fd_, bytes.data(), size);
  if (written >= 0) {
    bytes.remove_prefix(static_cast<std::size_t>(written));
  } else if (errno != EINTR && errno != EAGAIN) {
    return base::fail(base::Code::kUnavailable, "access_log_write_failed", std::strerror(errno));
  }
  return {};
}

base::Result<void> LogFile::reopen() {
  if (path_ == "-") return {};
  BASE_ASSIGN(const int fresh, open_fd(path_));
  close(std::exchange(fd_, fresh));
  can_block_ = !is_regular(fd_);
  torn_ = false;
  return {};
}

}  // namespace telemetry
