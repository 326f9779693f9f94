#pragma once

#include <atomic>
#include <string>
#include <string_view>

#include "base/result.h"

namespace telemetry {

// The end of the log's way: a file, or standard output. Belongs to the thread that writes.
class LogFile {
 public:
  // A file is appended to, and made with mode 0640; `-` is standard output.
  static base::Result<LogFile> open(std::string path);
  LogFile(LogFile&& other) noexcept;
  LogFile& operator=(LogFile&&) = delete;
  ~LogFile();

  // Whole lines. Where a reader does not keep up (a pipe, a terminal) this waits, until `give_up`
  // is set. After a failure the next line starts on a line of its own, so that a cut one spoils
  // nothing but itself.
  base::Result<void> write(std::string_view lines, const std::atomic<bool>& give_up);
  // The file of that name now; the old one is kept if there is none.
  base::Result<void> reopen();

 private:
  LogFile(std::string path, int fd);
  base::Result<void> write_some(std::string_view& bytes, const std::atomic<bool>& give_up);

  std::string path_;
  int fd_;
  bool can_block_;     // not a regular file
  bool torn_ = false;  // the last byte written was not a line break
};

}  // namespace telemetry
