#include "io/buffer_pool.h"

#include <utility>

namespace io {

Buffer::Buffer(Buffer&& other) noexcept
    : pool_(other.pool_),
      data_(std::exchange(other.data_, nullptr)),
      capacity_(std::exchange(other.capacity_, 0)) {}

Buffer& Buffer::operator=(Buffer&& other) noexcept {
  if (this != &other) {
    release();
    pool_ = other.pool_;
    data_ = std::exchange(other.data_, nullptr);
    capacity_ = std::exchange(other.capacity_, 0);
  }
  return *this;
}

void Buffer::release() {
  if (data_ == nullptr) return;
  pool_->give(std::exchange(data_, nullptr));
  capacity_ = 0;
}

BufferPool::~BufferPool() {
  for (char* data : free_) delete[] data;
}

Buffer BufferPool::take() {
  char* data = nullptr;
  if (free_.empty()) {
    data = new char[bytes_];
  } else {
    data = free_.back();
    free_.pop_back();
  }
  return Buffer(this, data, bytes_);
}

void BufferPool::give(char* data) {
  if (free_.size() < keep_) {
    free_.push_back(data);
  } else {
    delete[] data;
  }
}

}  // namespace io
