#pragma once

// Counts what goes through operator new. One file of a program may include this: it defines the
// operators of the whole program.
#include <cstddef>
#include <cstdlib>
#include <new>

// The sanitizers bring operators of their own, so there nothing is counted.
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define COUNTS_ALLOCATIONS 0
#else
#define COUNTS_ALLOCATIONS 1
#endif

namespace {

// Of this thread, so that others do not count.
thread_local std::size_t allocations = 0;

}  // namespace

#if COUNTS_ALLOCATIONS
void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
#endif
