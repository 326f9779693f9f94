#pragma once

#include <cstddef>
#include <memory>
#include <vector>

namespace io {

class BufferPool;

// A borrowed piece of memory that goes back to its pool; empty when default-made or released.
class Buffer {
 public:
  Buffer() = default;
  Buffer(Buffer&& other) noexcept;
  Buffer& operator=(Buffer&& other) noexcept;
  ~Buffer() { release(); }

  char* data() const { return data_; }
  std::size_t capacity() const { return capacity_; }
  explicit operator bool() const { return data_ != nullptr; }
  void release();

 private:
  friend class BufferPool;
  Buffer(BufferPool* pool, char* data, std::size_t capacity)
      : pool_(pool), data_(data), capacity_(capacity) {}

  BufferPool* pool_ = nullptr;
  char* data_ = nullptr;
  std::size_t capacity_ = 0;
};

// Last-in-first-out pool of buffers of one size, for one thread: the buffer that was used last is
// the one in the processor's cache. Keeps at most `keep` of them when idle. Must outlive its
// buffers.
class BufferPool {
 public:
  BufferPool(std::size_t buffer_bytes, std::size_t keep) : bytes_(buffer_bytes), keep_(keep) {}
  ~BufferPool();
  BufferPool(const BufferPool&) = delete;
  BufferPool& operator=(const BufferPool&) = delete;

  Buffer take();
  std::size_t buffer_bytes() const { return bytes_; }

 private:
  friend class Buffer;
  void give(char* data);

  std::size_t bytes_;
  std::size_t keep_;
  std::vector<char*> free_;
};

}  // namespace io
