#include "api/auth_service.h"

#include <vector>

#include "authv1.pb.h"

namespace api {
namespace {

namespace authv1 = octelium::api::main::auth::v1;

identity::Client client_of(const Call& call) {
  return {.user_agent = call.user_agent, .address = call.client_address};
}

Answer answer_tokens(base::Result<identity::SessionTokens> tokens) {
  if (!tokens) return std::unexpected(std::move(tokens).error());
  auto out = std::make_unique<authv1::SessionToken>();
  out->set_accesstoken(std::string(tokens->access_token.reveal()));
  out->set_refreshtoken(std::string(tokens->refresh_token.reveal()));
  out->set_expiresin(tokens->expires_in);
  out->set_refreshtokenexpiresin(tokens->refresh_expires_in);
  return out;
}

Answer login(identity::Authenticator& authenticator, const Call& call, const Message& message) {
  const auto& request =
      static_cast<const authv1::AuthenticateWithAuthenticationTokenRequest&>(message);
  const std::vector<std::string> scopes(request.scopes().begin(), request.scopes().end());
  return answer_tokens(
      authenticator.authenticate_with_token({.token = request.authenticationtoken(),
                                             .scopes = scopes,
                                             .code_verifier = request.codeverifier()},
                                            client_of(call)));
}

}  // namespace

void add_auth_methods(Router& router, identity::Authenticator& authenticator) {
  const auto& service = service_beside<authv1::SessionToken>();
  router.add(service, "AuthenticateWithAuthenticationToken",
             [&authenticator](const Call& call, const Message& request) {
               return login(authenticator, call, request);
             });
  router.add(service, "AuthenticateWithRefreshToken",
             [&authenticator](const Call& call, const Message&) {
               return answer_tokens(authenticator.refresh(call.refresh_token, client_of(call)));
             });
  router.add(service, "Logout", [&authenticator](const Call& call, const Message&) -> Answer {
    BASE_TRY(authenticator.logout(call.refresh_token, client_of(call)));
    return std::make_unique<authv1::LogoutResponse>();
  });
  // Nobody has an authenticator here; clients ask before each refresh.
  router.add(service, "GetAvailableAuthenticator", [](const Call&, const Message&) -> Answer {
    return std::make_unique<authv1::GetAvailableAuthenticatorResponse>();
  });
}

}  // namespace api
