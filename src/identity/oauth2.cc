#include "identity/oauth2.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "base/encoding.h"
#include "base/log.h"
#include "identity/form.h"

namespace identity {
namespace {

using Fields = std::vector<std::pair<std::string, base::Secret>>;

struct ClientSecret {
  std::string id;
  base::Secret secret;
};

HttpAnswer refuse(int status, std::string_view error, bool challenge_basic = false) {
  HttpAnswer answer;
  answer.status = status;
  answer.body = R"({"error":")" + std::string(error) + R"("})";
  answer.challenge_basic = challenge_basic;
  return answer;
}

// Which of our errors is which of RFC 6749 §5.2.
HttpAnswer refuse(const base::Error& error, bool used_basic) {
  static constexpr struct {
    std::string_view reason;
    int status;
    std::string_view error;
  } kTable[] = {
      {"scope_malformed", 401, "invalid_scope"},
      {"user_unknown", 400, "invalid_client"},
      {"session_rejected", 400, "invalid_client"},
      {"session_locked", 400, "invalid_client"},
      {"user_not_workload", 400, "invalid_request"},
      {"user_disabled", 400, "invalid_request"},
      {"user_locked", 400, "invalid_request"},
      {"session_limit", 400, "invalid_request"},
      {"too_many_failures", 429, "temporarily_unavailable"},
  };
  for (const auto& row : kTable)
    if (row.reason == error.reason) return refuse(row.status, row.error);
  if (error.code == base::Code::kUnauthenticated) return refuse(401, "invalid_client", used_basic);
  spdlog::error("a token request failed: {} ({})", error.message, error.reason);
  return refuse(500, "server_error");
}

bool equal_ignoring_case(std::string_view text, std::string_view lower) {
  return std::ranges::equal(text, lower, [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + 32) : a) == b;
  });
}

bool is_form(std::string_view content_type) {
  std::string_view type = content_type.substr(0, content_type.find(';'));
  while (type.ends_with(' ') || type.ends_with('\t')) type.remove_suffix(1);
  return equal_ignoring_case(type, "application/x-www-form-urlencoded");
}

// The one value of a field; empty when absent. RFC 6749 §3.2: none may be there twice.
std::string_view value_of(const Fields& fields, std::string_view name) {
  const auto it = std::ranges::find(fields, name, &Fields::value_type::first);
  return it == fields.end() ? std::string_view{} : it->second.reveal();
}

bool has_repeated(const Fields& fields) {
  static constexpr std::array<std::string_view, 6> kOurs = {
      "grant_type", "client_id",        "client_secret",
      "scope",      "client_assertion", "client_assertion_type"};
  return std::ranges::any_of(kOurs, [&](std::string_view name) {
    return std::ranges::count(fields, name, &Fields::value_type::first) > 1;
  });
}

bool is_basic(std::string_view authorization) {
  return authorization.size() > 6 && equal_ignoring_case(authorization.substr(0, 6), "basic ");
}

// RFC 6749 §2.3.1: both parts are form-encoded, then joined as RFC 7617 says.
std::optional<ClientSecret> parse_basic(std::string_view authorization) {
  const auto decoded = base::base64_decode(authorization.substr(6));
  if (!decoded) return std::nullopt;
  const base::Secret joined(*decoded);
  const auto colon = joined.reveal().find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  auto id = decode_form_text(joined.reveal().substr(0, colon));
  auto secret = decode_form_text(joined.reveal().substr(colon + 1));
  if (!id || !secret) return std::nullopt;
  return ClientSecret{std::move(*id), base::Secret(std::move(*secret))};
}

// A client shows its secret in one place. Official clients try the field first and the form later,
// never both; the same in both is harmless, different ones are two clients.
bool contradicts(const ClientSecret& basic, std::string_view id, std::string_view secret) {
  return (!id.empty() && !base::equal_constant_time(basic.id, id)) ||
         (!secret.empty() && !base::equal_constant_time(basic.secret.reveal(), secret));
}

}  // namespace

HttpAnswer OAuth2Endpoint::token(const TokenRequest& request) {
  if (request.body.size() > kMaxBodyBytes || !is_form(request.content_type))
    return refuse(400, "invalid_request");
  const auto fields = parse_form(request.body);
  if (!fields || has_repeated(*fields)) return refuse(400, "invalid_request");
  if (value_of(*fields, "grant_type") != "client_credentials")
    return refuse(400, "unsupported_grant_type");

  const std::string_view id = value_of(*fields, "client_id");
  const std::string_view secret = value_of(*fields, "client_secret");
  ClientLogin login{id, secret, value_of(*fields, "scope")};
  std::optional<ClientSecret> basic;
  const bool used_basic = is_basic(request.authorization);
  if (used_basic) {
    basic = parse_basic(request.authorization);
    if (!basic) return refuse(401, "invalid_client", true);
    if (contradicts(*basic, id, secret)) return refuse(400, "invalid_request");
    login.id = basic->id;
    login.secret = basic->secret.reveal();
  }
  if (login.id.empty() || login.secret.empty()) return refuse(401, "invalid_client", used_basic);

  const auto tokens = authenticator_.authenticate_client(login, request.client);
  if (!tokens) return refuse(tokens.error(), used_basic);
  HttpAnswer answer;
  answer.body = R"({"access_token":")" + std::string(tokens->access_token.reveal()) +
                R"(","token_type":"Bearer","expires_in":)" + std::to_string(tokens->expires_in) +
                "}";
  return answer;
}

HttpAnswer OAuth2Endpoint::metadata(std::string_view domain) {
  std::string issuer = "https://";
  base::append_json_escaped(issuer, domain);
  HttpAnswer answer;
  answer.body = R"({"issuer":")" + issuer + R"(","token_endpoint":")" + issuer +
                std::string(kTokenPath) +
                R"(","grant_types_supported":["client_credentials"],)"
                R"("token_endpoint_auth_methods_supported":)"
                R"(["client_secret_post","client_secret_basic"],)"
                R"("response_types_supported":["code"]})";
  return answer;
}

}  // namespace identity
