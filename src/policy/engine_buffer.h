#pragma once

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

}  // namespace policy
