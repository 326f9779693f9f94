#pragma once

#include <cstddef>
#include <cstring>
#include <new>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

namespace cel {

// Memory of one evaluation: strings, lists and map entries that an expression makes. Freed all at
// once; nothing in it is destroyed, so only trivially destructible types live here.
//
// The first block is part of the object, so a typical rule never calls the allocator. The limit
// bounds what a hostile expression can take: past it every allocation fails and the evaluation
// ends with ErrorCode::kMemoryLimit. One thread at a time.
class Arena {
 public:
  static constexpr std::size_t kInlineBytes = 2048;
  static constexpr std::size_t kDefaultLimit = std::size_t{8} << 20;

  explicit Arena(std::size_t limit = kDefaultLimit) noexcept : limit_(limit) {}
  ~Arena() { free_blocks(); }
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // Null when the limit is reached. `align` is a power of two up to 16.
  void* allocate(std::size_t bytes, std::size_t align) noexcept {
    const std::size_t start = (offset_ + align - 1) & ~(align - 1);
    if (start <= capacity_ && bytes <= capacity_ - start) [[likely]] {
      offset_ = start + bytes;
      return block_ + start;
    }
    return allocate_block(bytes);
  }

  // Null when the limit is reached.
  template <typename T, typename... Args>
  T* make(Args&&... args) noexcept {
    static_assert(std::is_trivially_destructible_v<T>);
    void* memory = allocate(sizeof(T), alignof(T));
    return memory == nullptr ? nullptr : new (memory) T(std::forward<Args>(args)...);
  }

  // Uninitialised room for `count` objects; null when the limit is reached.
  template <typename T>
  T* array(std::size_t count) noexcept {
    static_assert(std::is_trivially_destructible_v<T> && std::is_trivially_copyable_v<T>);
    if (count > limit_ / sizeof(T)) {
      ++refusals_;
      return nullptr;
    }
    return static_cast<T*>(allocate(count * sizeof(T), alignof(T)));
  }

  // A copy of `text` that lives as long as the arena; its data() is null when the limit is reached.
  std::string_view copy(std::string_view text) noexcept {
    char* memory = static_cast<char*>(allocate(text.size() + 1, 1));
    if (memory == nullptr) return {};
    if (!text.empty()) std::memcpy(memory, text.data(), text.size());
    memory[text.size()] = '\0';
    return {memory, text.size()};
  }

  // Forgets everything handed out; keeps only the inline block.
  void reset() noexcept;

  // Bytes taken from the allocator so far.
  std::size_t allocated() const { return allocated_; }
  // How often there was no room.
  std::size_t refusals() const { return refusals_; }

 private:
  struct Block {
    Block* previous;
  };

  void* allocate_block(std::size_t bytes) noexcept;
  void free_blocks() noexcept;

  std::byte* block_ = inline_;
  std::size_t offset_ = 0;
  std::size_t capacity_ = kInlineBytes;
  std::size_t allocated_ = 0;
  std::size_t refusals_ = 0;
  std::size_t limit_;
  Block* blocks_ = nullptr;
  alignas(16) std::byte inline_[kInlineBytes];
};

}  // namespace cel
