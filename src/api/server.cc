#include "api/server.h"

#include "api/auth_service.h"
#include "api/core_service.h"
#include "api/listener.h"
#include "api/router.h"
#include "api/user_service.h"

namespace api {

struct Server::State {
  explicit State(const Options& options)
      : core(options.store, options.authenticator, options.clock, options.wait_applied) {
    core.add_methods(router);
    add_user_methods(router, options.store, options.domain);
    add_auth_methods(router, options.authenticator);
    add_explain_methods(router, options.store, options.clock, options.find_explanation);
  }

  CoreService core;
  Router router;
  std::unique_ptr<Listener> listener;
};

Server::Server(std::unique_ptr<State> state) : state_(std::move(state)) {}
Server::~Server() = default;

base::Result<std::unique_ptr<Server>> Server::start(Options options) {
  if (!options.wait_applied) options.wait_applied = [](store::Sequence) {};
  if (!options.find_explanation) {
    options.find_explanation = [](std::string_view) {
      return base::fail(base::Code::kNotFound, "explanation_not_kept",
                        "this gateway keeps no decisions");
    };
  }
  auto state = std::make_unique<State>(options);
  BASE_ASSIGN(state->listener, Listener::open(options.socket, state->router, options.threads,
                                              options.gateway_secret));
  return std::unique_ptr<Server>(new Server(std::move(state)));
}

void Server::stop(std::chrono::milliseconds drain) { state_->listener->stop(drain); }

}  // namespace api
