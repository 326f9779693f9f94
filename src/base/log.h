#pragma once

#include <spdlog/spdlog.h>

#include <string_view>

namespace base {

// The program's own log (not the access log): one line per event on stderr, through spdlog.
// Use `spdlog::info("...", ...)` and its siblings after this was called once by main.
// `level`: debug, info, warn, error. Returns false when the word is none of these.
bool start_logging(std::string_view level);

}  // namespace base
