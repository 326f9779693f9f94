#include "io/work_pool.h"

#include <pthread.h>

namespace io {

WorkPool::WorkPool(const char* name, int threads, std::size_t queued, Sharing sharing)
    : queue_(queued, threads, sharing) {
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

bool WorkPool::submit(std::function<void()> work, const Claim& claim) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_ || queue_.waiting() >= claim.waiting) return false;
    if (!queue_.push(claim.who, std::move(work))) return false;
  }
  wake_.notify_one();
  return true;
}

void WorkPool::serve(const char* name) {
  pthread_setname_np(pthread_self(), name);
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return stopping_ || queue_.has_next(); });
    // At the end, what may not run yet is left to the threads that it waits for.
    if (!queue_.has_next()) return;
    FairQueue::Next next = queue_.take();
    lock.unlock();
    next.work();
    next.work = nullptr;  // what it holds may be large, and goes before others wait for the lock
    lock.lock();
    queue_.end(next);
  }
}

}  // namespace io
