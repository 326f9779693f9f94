#pragma once

#include <algorithm>
#include <string_view>

#include "engines.h"

namespace policy {

// Owns what the engines library allocated.
class EngineBuffer {
 public:
  EngineBuffer() = default;
  explicit EngineBuffer(engines_buffer buffer) : buffer_(buffer) {}
  ~EngineBuffer() { engines_buffer_free(&buffer_); }
  EngineBuffer(const EngineBuffer&) = delete;
  EngineBuffer& operator=(const EngineBuffer&) = delete;

  engines_buffer* get() { return &buffer_; }
  std::string_view text() const {
    return {reinterpret_cast<const char*>(buffer_.data), buffer_.size};
  }

 private:
  engines_buffer buffer_{};
};

// The engines write lists as lines, and lines as fields with tabs between: what stands in front of
// the next `end` in `text`, which is moved behind it.
inline std::string_view take_until(std::string_view& text, char end) {
  const std::size_t size = std::min(text.find(end), text.size());
  const std::string_view taken = text.substr(0, size);
  text.remove_prefix(std::min(size + 1, text.size()));
  return taken;
}

}  // namespace policy
