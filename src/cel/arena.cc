#include "cel/arena.h"

#include <algorithm>

namespace cel {
namespace {

constexpr std::size_t kHeaderBytes = 16;  // keeps what follows the link aligned
constexpr std::size_t kSmallestBlock = 8192;

}  // namespace

void* Arena::allocate_block(std::size_t bytes) noexcept {
  const std::size_t left = limit_ - std::min(limit_, allocated_);
  if (bytes > left) {
    ++refusals_;
    return nullptr;
  }
  // Doubling keeps the number of blocks small; the limit is still exact to a block's header.
  const std::size_t size =
      std::min(left, std::max({bytes, kSmallestBlock, std::min(allocated_, left / 2)}));
  void* memory = ::operator new(kHeaderBytes + size, std::nothrow);
  if (memory == nullptr) {
    ++refusals_;
    return nullptr;
  }
  blocks_ = new (memory) Block{blocks_};
  block_ = static_cast<std::byte*>(memory) + kHeaderBytes;
  capacity_ = size;
  offset_ = bytes;
  allocated_ += size;
  return block_;
}

void Arena::free_blocks() noexcept {
  while (blocks_ != nullptr) {
    Block* previous = blocks_->previous;
    ::operator delete(blocks_);
    blocks_ = previous;
  }
}

void Arena::reset() noexcept {
  free_blocks();
  block_ = inline_;
  offset_ = 0;
  capacity_ = kInlineBytes;
  allocated_ = 0;
}

}  // namespace cel
