#include "io/frame_pool.h"

#include <array>
#include <new>
#include <vector>

namespace io {
namespace {

constexpr std::size_t kClassBytes = 512;
constexpr std::size_t kClasses = 64;  // larger frames are not kept
constexpr std::size_t kKeptPerClass = 256;

struct Pool {
  std::array<std::vector<void*>, kClasses> free;
  ~Pool() {
    for (auto& list : free)
      for (void* frame : list) ::operator delete(frame);
  }
};

thread_local Pool pool;

// The sanitizer finds uses of a freed frame only when it really is freed.
#if __has_feature(address_sanitizer)
constexpr bool kPooled = false;
#else
constexpr bool kPooled = true;
#endif

std::size_t class_of(std::size_t size) { return (size + kClassBytes - 1) / kClassBytes; }

}  // namespace

void* take_frame(std::size_t size) {
  const std::size_t index = class_of(size);
  if (!kPooled || index >= kClasses) return ::operator new(size);
  auto& list = pool.free[index];
  if (list.empty()) return ::operator new(index * kClassBytes);
  void* frame = list.back();
  list.pop_back();
  return frame;
}

void give_frame(void* frame, std::size_t size) {
  const std::size_t index = class_of(size);
  if (kPooled && index < kClasses && pool.free[index].size() < kKeptPerClass) {
    pool.free[index].push_back(frame);
    return;
  }
  ::operator delete(frame);
}

}  // namespace io
