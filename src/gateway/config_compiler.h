#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "gateway/computed_config.h"

namespace gateway {

// The thread that compiles computed configs for all workers: TLS contexts read files, and what a
// stranger's request can cause must not stop a worker's loop. Owned by the DataPlane; outlives the
// workers.
class ConfigCompiler {
 public:
  struct Job {
    std::shared_ptr<const ConfigBasis> basis;
    std::string json;
    std::function<void(ComputedConfig)> done;  // called on the thread of the compiler
  };

  ConfigCompiler();
  ~ConfigCompiler();  // what waits is done first

  // From any thread, in order. Callers bound what they have waiting.
  void submit(Job job);

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Job> jobs_;   // guarded by mutex_
  bool stopping_ = false;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace gateway
