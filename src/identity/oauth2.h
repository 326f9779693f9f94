#pragma once

#include <string>
#include <string_view>

#include "identity/authenticator.h"

namespace identity {

// The answer to an HTTP request; always application/json.
struct HttpAnswer {
  int status = 200;
  std::string body;
  // RFC 6749 §5.2: a client that tried the Authorization field is told the scheme,
  // `WWW-Authenticate: Basic realm="octelium"`.
  bool challenge_basic = false;
};

struct TokenRequest {
  std::string_view content_type;  // values of the fields; empty when absent
  std::string_view authorization;
  std::string_view body;
  Client client;
};

// RFC 6749 for clients that are programs: the token endpoint with the client credentials grant, and
// the metadata document of RFC 8414. Stateless; safe to call where an Authenticator may be called.
// The caller adds `Cache-Control: no-store` to token answers.
class OAuth2Endpoint {
 public:
  static constexpr std::size_t kMaxBodyBytes = 100 * 1024;
  static constexpr std::string_view kTokenPath = "/oauth2/token";
  static constexpr std::string_view kMetadataPath = "/.well-known/oauth-authorization-server";

  explicit OAuth2Endpoint(Authenticator& authenticator) : authenticator_(authenticator) {}

  // The answer to POST kTokenPath. Errors in the body are those of RFC 6749 §5.2; which of our
  // reasons becomes which is one table in oauth2.cc.
  HttpAnswer token(const TokenRequest& request);

  // The answer to GET kMetadataPath.
  static HttpAnswer metadata(std::string_view domain);

 private:
  Authenticator& authenticator_;
};

}  // namespace identity
