#include "io/work_pool.h"

#include <pthread.h>

#include <algorithm>

namespace io {

WorkPool::WorkPool(const char* name, int threads, std::size_t queued) : queued_(queued) {
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this, name] { serve(name); });
}

WorkPool::~WorkPool() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

bool WorkPool::submit(std::function<void()> work, std::size_t waiting) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_ || queue_.size() >= std::min(queued_, waiting)) return false;
    queue_.push_back(std::move(work));
  }
  wake_.notify_one();
  return true;
}

void WorkPool::serve(const char* name) {
  pthread_setname_np(pthread_self(), name);
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (queue_.empty()) return;
    {
      const auto work = std::move(queue_.front());
      queue_.pop_front();
      lock.unlock();
      work();
    }
    lock.lock();
  }
}

}  // namespace io
