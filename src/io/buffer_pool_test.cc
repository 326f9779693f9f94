#include "io/buffer_pool.h"

#include <gtest/gtest.h>

#include <vector>

namespace io {
namespace {

TEST(BufferPool, TheBufferUsedLastIsTheNextOne) {
  BufferPool pool(64, 4);
  Buffer a = pool.take();
  Buffer b = pool.take();
  char* const last = b.data();
  a.release();
  b.release();
  EXPECT_EQ(pool.take().data(), last);
}

TEST(BufferPool, KeepsNoMoreThanItWasTold) {
  BufferPool pool(64, 1);
  std::vector<Buffer> out;
  for (int i = 0; i < 8; ++i) out.push_back(pool.take());
  out.clear();  // seven go back to the system: a leak would show under the sanitizer
  EXPECT_TRUE(pool.take());
}

TEST(Buffer, ReleasesOnceHoweverItIsMoved) {
  BufferPool pool(64, 4);
  Buffer a = pool.take();
  char* const memory = a.data();
  Buffer b = std::move(a);
  EXPECT_FALSE(a);  // NOLINT(bugprone-use-after-move): what a move leaves is part of the contract
  EXPECT_EQ(b.data(), memory);
  EXPECT_EQ(b.capacity(), 64u);
  b.release();
  b.release();
  EXPECT_FALSE(b);
  EXPECT_EQ(b.capacity(), 0u);
  Buffer c = pool.take();
  Buffer d = pool.take();
  EXPECT_NE(c.data(), d.data());
  c = std::move(d);
  EXPECT_NE(pool.take().data(), c.data());
}

}  // namespace
}  // namespace io
