#pragma once

#include <cstdint>

#include "http/h1_parser.h"
#include "http/stream.h"
#include "io/task.h"

namespace http {

struct ServerOptions {
  Timeouts timeouts;
  Limits limits;
  std::uint64_t drain_body_bytes =
      256 * 1024;  // of a body nobody read, before the connection is closed instead
  std::uint32_t max_streams = 128;           // HTTP/2, at a time
  std::uint32_t stream_window = 256 * 1024;  // HTTP/2, bytes a client may send ahead of the reader
};

// A client's connection of either protocol, owned by its worker.
class ServerConnection {
 public:
  virtual ~ServerConnection() = default;
  // Runs the connection to its end; the owner destroys it afterwards.
  virtual io::Task<void> serve() = 0;
  // Finishes what is under way and then closes.
  virtual void drain() = 0;
  // Cancels everything that is under way.
  virtual void close() = 0;
};

}  // namespace http
