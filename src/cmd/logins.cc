#include "cmd/logins.h"

#include "identity/oauth2.h"

namespace cmd {

Logins::Logins(identity::Authenticator& authenticator, std::string domain)
    : authenticator_(authenticator), domain_(std::move(domain)) {}

io::Task<gateway::SlowPath::Answer> Logins::oauth2_token(io::EventLoop& loop, TokenCall call) {
  Answer answer;
  const bool taken = co_await threads_.run(loop, [&] {
    identity::OAuth2Endpoint endpoint(authenticator_);
    identity::TokenRequest request;
    request.content_type = call.content_type;
    request.authorization = call.authorization;
    request.body = call.body;
    request.client = {call.user_agent, call.client_address};
    const identity::HttpAnswer made = endpoint.token(request);
    answer = {made.status, "application/json", made.body, made.challenge_basic};
  });
  if (!taken) answer = {503, "application/json", R"({"error":"temporarily_unavailable"})", false};
  co_return answer;
}

gateway::SlowPath::Answer Logins::oauth2_metadata() {
  const identity::HttpAnswer made = identity::OAuth2Endpoint::metadata(domain_);
  return {made.status, "application/json", made.body, false};
}

}  // namespace cmd
