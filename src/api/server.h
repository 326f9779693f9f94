#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "api/explain_service.h"
#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"
#include "identity/authenticator.h"
#include "store/store.h"

namespace api {

// Everything that is referred to outlives the server.
struct Options {
  std::filesystem::path socket;  // made with mode 0600; an older one of that name is replaced
  store::Store& store;
  identity::Authenticator& authenticator;
  const base::Clock& clock;
  std::string domain;
  // Every call must carry it as `x-octelium-gateway`: whatever else reaches the socket, such as a
  // Service whose upstream is this path, is refused. Not empty.
  base::Secret gateway_secret;
  // Returns once this node's data plane holds the write, so that whoever was answered sees it.
  std::function<void(store::Sequence)> wait_applied;
  // Of decisions that were made; empty: none are kept.
  FindExplanation find_explanation;
  int threads = 16;  // each write occupies one until its answer
};

// The gRPC server: core.v1, user.v1 and auth.v1 MainService and ext.v1 ExplainService on a Unix
// socket that only the gateway opens.
//
// The gateway has authenticated, authorised and logged a call before it arrives here, and says who
// calls in the metadata `x-octelium-session-uid` (absent for auth.v1) and
// `x-octelium-client-address`; both are believed without question. Methods that this gateway does
// not have answer UNIMPLEMENTED.
//
// `x-octelium-dry-run: 1` on a Create, Update or Delete of core.v1 makes all checks and answers as
// if it had been done, but writes nothing.
class Server {
 public:
  static base::Result<std::unique_ptr<Server>> start(Options options);
  ~Server();  // stops at once

  // No new calls; those that run may finish within `drain`, then they are cancelled.
  void stop(std::chrono::milliseconds drain);

 private:
  struct State;
  explicit Server(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace api
