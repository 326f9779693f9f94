#pragma once

#include <string>

#include "gateway/request.h"
#include "identity/authenticator.h"
#include "io/work_pool.h"

namespace cmd {

// Runs logins of the data plane's own endpoints, which wait for the disk, on a few threads of their
// own. Bounded: what does not fit is told to come back.
class Logins final : public gateway::SlowPath {
 public:
  Logins(identity::Authenticator& authenticator, std::string domain);

  io::Task<Answer> oauth2_token(io::EventLoop& loop, TokenCall call) override;
  Answer oauth2_metadata() override;

 private:
  static constexpr int kThreads = 4;
  static constexpr std::size_t kQueued = 1024;

  identity::Authenticator& authenticator_;
  std::string domain_;
  io::WorkPool threads_{"logins", kThreads, kQueued};
};

}  // namespace cmd
