#include "gateway/config_compiler.h"

#include <pthread.h>

namespace gateway {

ConfigCompiler::ConfigCompiler() : thread_([this] { run(); }) {}

ConfigCompiler::~ConfigCompiler() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void ConfigCompiler::submit(Job job) {
  {
    const std::lock_guard lock(mutex_);
    jobs_.push_back(std::move(job));
  }
  wake_.notify_one();
}

void ConfigCompiler::run() {
  pthread_setname_np(pthread_self(), "configs");
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
    if (jobs_.empty()) return;
    {
      const Job job = std::move(jobs_.front());
      jobs_.pop_front();
      lock.unlock();
      job.done(compile_computed_config(*job.basis, job.json));
    }
    lock.lock();
  }
}

}  // namespace gateway
