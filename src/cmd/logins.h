#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "gateway/request.h"
#include "identity/authenticator.h"

namespace cmd {

// Runs logins of the data plane's own endpoints, which wait for the disk, on a few threads of their
// own. Bounded: what does not fit is told to come back.
class Logins final : public gateway::SlowPath {
 public:
  Logins(identity::Authenticator& authenticator, std::string domain);
  ~Logins() override;

  io::Task<Answer> oauth2_token(io::EventLoop& loop, TokenCall call) override;
  Answer oauth2_metadata() override;

 private:
  static constexpr int kThreads = 4;
  static constexpr std::size_t kQueued = 1024;

  class Waiting;
  bool submit(std::function<void()> work);
  void run();

  identity::Authenticator& authenticator_;
  std::string domain_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> queue_;  // guarded by mutex_
  bool stopping_ = false;                    // guarded by mutex_
  std::vector<std::thread> threads_;
};

}  // namespace cmd
