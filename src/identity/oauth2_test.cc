#include "identity/oauth2.h"

#include <gtest/gtest.h>

#include <map>

#include "base/encoding.h"
#include "identity/fixture_test.h"
#include "identity/form.h"

namespace identity {
namespace {

using corev1::Credential;
using corev1::Session;
using resource::Kind;

constexpr std::string_view kForm = "application/x-www-form-urlencoded";

class OAuth2Test : public IdentityTest {
 protected:
  OAuth2Test() {
    user_ = add_user("ci");
    add_credential("oa", *user_, Credential::Spec::OAUTH2);
    secret_ = secret_of("oa");
  }

  HttpAnswer post(const std::string& body, const std::string& authorization = {},
                  std::string_view type = kForm) {
    OAuth2Endpoint endpoint(*authenticator_);
    return endpoint.token({type, authorization, body, {"Go-http-client/2.0", "203.0.113.7"}});
  }
  std::string good() const { return good("ab12-cd34", secret_); }
  static std::string good(const std::string& id, const std::string& secret) {
    return "grant_type=client_credentials&client_id=" + id + "&client_secret=" + secret;
  }
  static std::string basic(const std::string& id, const std::string& secret) {
    return "Basic " + base::base64_encode(id + ":" + secret);
  }
  // "401 invalid_client"
  static std::string outcome(const HttpAnswer& answer) {
    std::string_view error = answer.body;
    if (!error.starts_with(R"({"error":")")) return std::to_string(answer.status);
    error.remove_prefix(10);
    error.remove_suffix(2);
    return std::to_string(answer.status) + " " + std::string(error);
  }
  static base::Secret token_in(const HttpAnswer& answer) {
    constexpr std::string_view kBefore = R"({"access_token":")";
    return base::Secret(answer.body.substr(kBefore.size(), kTokenChars));
  }

  std::shared_ptr<const corev1::User> user_;
  std::string secret_;
};

TEST_F(OAuth2Test, TheFormGetsAToken) {
  const auto answer = post(good() + "&scope=service%3Aweb+api:core");
  EXPECT_EQ(answer.status, 200);
  const auto token = token_in(answer);
  EXPECT_EQ(answer.body, R"({"access_token":")" + std::string(token.reveal()) +
                             R"(","token_type":"Bearer","expires_in":14400})");
  const auto session = cache_->identify(token.reveal(), now()).session;
  ASSERT_TRUE(session);
  EXPECT_EQ(session->type, Session::Status::CLIENTLESS);
  EXPECT_EQ(session->session->status().scopes_size(), 2);
}

TEST_F(OAuth2Test, BasicGetsATokenToo) {
  const auto answer = post("grant_type=client_credentials", basic("ab12%2Dcd34", secret_));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(status_of(token_in(answer)), TokenStatus::kGood);
  EXPECT_EQ(post(good(), basic("ab12-cd34", secret_)).status, 200) << "the same in both";
}

TEST_F(OAuth2Test, ASecondTokenEndsTheFirst) {
  const auto first = token_in(post(good()));
  ASSERT_EQ(status_of(first), TokenStatus::kGood);
  const auto second = token_in(post(good()));
  EXPECT_EQ(status_of(first), TokenStatus::kReplaced);
  EXPECT_EQ(status_of(second), TokenStatus::kGood);
  EXPECT_EQ(table_.count_of_user(user_->metadata().uid()), 1u);
  for (int i = 0; i < 20; ++i)
    EXPECT_EQ(post(good()).status, 200) << "not throttled as refreshes are";
}

TEST_F(OAuth2Test, EachRequestCountsAsAUse) {
  change<Credential>(Kind::kCredential, "oa",
                     [](Credential& c) { c.mutable_spec()->set_maxauthentications(2); });
  EXPECT_EQ(outcome(post(good())), "200");
  EXPECT_EQ(outcome(post(good())), "200");
  EXPECT_EQ(outcome(post(good())), "401 invalid_client");
}

TEST_F(OAuth2Test, BadRequests) {
  const std::string grant = "grant_type=client_credentials";
  const struct {
    std::string body;
    std::string authorization;
    std::string_view type;
    std::string_view expected;
  } cases[] = {
      {good(), "", "application/json", "400 invalid_request"},
      {good(), "", "", "400 invalid_request"},
      {good(), "", "Application/X-WWW-Form-Urlencoded ; charset=utf-8", "200"},
      {good() + "&x=%zz", "", kForm, "400 invalid_request"},
      {good() + "&x=%4", "", kForm, "400 invalid_request"},
      {good() + "&client_id=ab12-cd34", "", kForm, "400 invalid_request"},
      {good() + "&pad=" + std::string(100 * 1024, 'x'), "", kForm, "400 invalid_request"},
      {std::string(100 * 1024, '&'), "", kForm, "400 unsupported_grant_type"},
      {"", "", kForm, "400 unsupported_grant_type"},
      {"grant_type=password&client_id=x", "", kForm, "400 unsupported_grant_type"},
      {grant, "", kForm, "401 invalid_client"},
      {grant + "&client_id=ab12-cd34", "", kForm, "401 invalid_client"},
      {grant + "&client_assertion=x&client_assertion_type=y", "", kForm, "401 invalid_client"},
      {good("zz99-zz99", secret_), "", kForm, "401 invalid_client"},
      {good("ab12-cd34", "nonsense"), "", kForm, "401 invalid_client"},
      {good() + "&scope=nonsense", "", kForm, "401 invalid_scope"},
      {good() + "&scope=api:*+api:*", "", kForm, "401 invalid_scope"},
      {grant, "Basic !!!", kForm, "401 invalid_client"},
      {grant, "Basic " + base::base64_encode("no colon"), kForm, "401 invalid_client"},
      {grant, basic("ab12-cd34", "wrong"), kForm, "401 invalid_client"},
      {grant, "Bearer " + secret_, kForm, "401 invalid_client"},
      {good("ab12-cd34", "other"), basic("ab12-cd34", secret_), kForm, "400 invalid_request"},
      {grant + "&client_id=other", basic("ab12-cd34", secret_), kForm, "400 invalid_request"},
  };
  for (const auto& c : cases) {
    const auto answer = post(c.body, c.authorization, c.type);
    EXPECT_EQ(outcome(answer), c.expected) << c.body.substr(0, 100) << " " << c.authorization;
    EXPECT_EQ(answer.challenge_basic,
              c.expected == "401 invalid_client" && c.authorization.starts_with("Basic "));
  }
}

TEST_F(OAuth2Test, WhatIsWrongBehindTheSecret) {
  ASSERT_EQ(outcome(post(good())), "200");
  const auto edit_user = [&](const std::function<void(corev1::User&)>& edit) {
    change<corev1::User>(Kind::kUser, "ci", edit);
  };
  edit_user([](corev1::User& u) { u.mutable_spec()->set_isdisabled(true); });
  EXPECT_EQ(outcome(post(good())), "400 invalid_request");
  edit_user([](corev1::User& u) {
    u.mutable_spec()->set_isdisabled(false);
    u.mutable_spec()->set_type(corev1::User::Spec::HUMAN);
  });
  EXPECT_EQ(outcome(post(good())), "400 invalid_request");
  edit_user([](corev1::User& u) { u.mutable_spec()->set_type(corev1::User::Spec::WORKLOAD); });
  const auto session = token_in(post(good()));
  const auto live = cache_->identify(session.reveal(), now()).session;
  change<Session>(Kind::kSession, live->session->metadata().name(),
                  [](Session& s) { s.mutable_spec()->set_state(Session::Spec::REJECTED); });
  EXPECT_EQ(outcome(post(good())), "400 invalid_client");
  change<Credential>(Kind::kCredential, "oa",
                     [](Credential& c) { c.mutable_spec()->set_isdisabled(true); });
  EXPECT_EQ(outcome(post(good())), "401 invalid_client");
}

TEST_F(OAuth2Test, TheSessionLimitIsABadRequestAndAMissingUserABadClient) {
  change<corev1::User>(Kind::kUser, "ci", [](corev1::User& u) {
    u.mutable_spec()->mutable_session()->set_maxperuser(1);
  });
  add_credential("auth", *user_);
  ASSERT_TRUE(login(secret_of("auth")));
  EXPECT_EQ(outcome(post(good())), "400 invalid_request");
  ASSERT_TRUE(store_.remove(Kind::kUser, user_->metadata().uid()));
  EXPECT_EQ(outcome(post(good())), "400 invalid_client");
}

TEST_F(OAuth2Test, AnAuthenticationTokenIsNoClientSecret) {
  add_credential("auth", *user_);
  EXPECT_EQ(outcome(post(good("ab12-cd34", secret_of("auth")))), "401 invalid_client");
}

TEST_F(OAuth2Test, TooManyFailuresAreToldSo) {
  for (std::uint32_t i = 0; i < FailureThrottle::kBurst; ++i) post(good("ab12-cd34", "x"));
  EXPECT_EQ(outcome(post(good())), "429 temporarily_unavailable");
}

TEST(OAuth2Metadata, NamesTheEndpoint) {
  EXPECT_EQ(
      OAuth2Endpoint::metadata("example.com").body,
      R"({"issuer":"https://example.com",)"
      R"("token_endpoint":"https://example.com/oauth2/token",)"
      R"("grant_types_supported":["client_credentials"],)"
      R"("token_endpoint_auth_methods_supported":["client_secret_post","client_secret_basic"],)"
      R"("response_types_supported":["code"]})");
}

TEST(Form, IsDecodedStrictly) {
  const auto fields = parse_form("a=1&b=x+y%2b%00&&c&=d&e=f=g");
  ASSERT_TRUE(fields);
  std::map<std::string, std::string> map;
  for (const auto& [name, value] : *fields) map[name] = std::string(value.reveal());
  EXPECT_EQ(map["a"], "1");
  EXPECT_EQ(map["b"], std::string("x y+\0", 5));
  EXPECT_EQ(map["c"], "");
  EXPECT_EQ(map[""], "d");
  EXPECT_EQ(map["e"], "f=g");
  for (const char* broken : {"%", "a=%", "a=%4", "a=%g0", "%0g=a"})
    EXPECT_FALSE(parse_form(broken));
  std::string many;
  for (int i = 0; i < 65; ++i) many += "a=b&";
  EXPECT_FALSE(parse_form(many));
}

}  // namespace
}  // namespace identity
