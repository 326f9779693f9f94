#include "identity/authenticator.h"

#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <thread>

#include "base/encoding.h"
#include "identity/fixture_test.h"

namespace identity {
namespace {

using base::Code;
using corev1::Credential;
using corev1::Session;
using resource::Kind;

class AuthenticatorTest : public IdentityTest {
 protected:
  // "CODE reason" of a failed flow, "OK" of one that worked.
  template <typename T>
  static std::string outcome(const base::Result<T>& result) {
    if (result) return "OK";
    return std::string(base::code_name(result.error().code)) + " " + result.error().reason;
  }
  base::Result<SessionTokens> refresh(const base::Secret& token) {
    return authenticator_->refresh(token.reveal(), kCli);
  }
  void edit_session(const SessionTokens& tokens, const std::function<void(Session&)>& edit) {
    change<Session>(Kind::kSession, tokens.session->metadata().name(), edit);
  }
};

TEST_F(AuthenticatorTest, LoginMakesASessionThatWorksAtOnce) {
  const auto user = add_user("alice");
  add_credential("ci", *user, Credential::Spec::AUTH_TOKEN, [](Credential& c) {
    c.mutable_spec()->mutable_authorization()->add_policies("allow-all");
  });
  const auto tokens = login(secret_of("ci"));
  ASSERT_TRUE(tokens);
  EXPECT_EQ(tokens->expires_in, 14'400);
  EXPECT_EQ(tokens->refresh_expires_in, 1'209'600);
  EXPECT_EQ(status_of(tokens->access_token), TokenStatus::kGood);

  const Session& session = *tokens->session;
  EXPECT_TRUE(session.metadata().name().starts_with("alice-"));
  EXPECT_EQ(session.metadata().name().size(), 12u);
  EXPECT_EQ(session.spec().state(), Session::Spec::ACTIVE);
  EXPECT_EQ(session.spec().expiresat().seconds(), now() + 90 * 86400);
  EXPECT_EQ(session.spec().authorization().policies(0), "allow-all");
  EXPECT_EQ(session.status().type(), Session::Status::CLIENT);
  EXPECT_EQ(session.status().userref().name(), "alice");
  EXPECT_EQ(session.status().credentialref().name(), "ci");
  EXPECT_EQ(session.status().totalauthentications(), 1u);
  const auto& authentication = session.status().authentication();
  EXPECT_EQ(authentication.info().type(), AuthenticationInfo::CREDENTIAL);
  EXPECT_EQ(authentication.info().credential().type(), Credential::Spec::AUTH_TOKEN);
  EXPECT_EQ(authentication.info().downstream().clientversion(), "v0.39.0");
  EXPECT_EQ(authentication.info().downstream().ipaddress(), "") << "not configured";
  EXPECT_EQ(session.status().initialauthentication().tokenid(), authentication.tokenid());
}

TEST_F(AuthenticatorTest, TheCredentialAndElseTheUserAgentDecideTheSessionType) {
  const auto user = add_user("alice");
  const struct {
    const char* name;
    Session::Status::Type configured;
    std::string_view agent;
    Session::Status::Type expected;
  } cases[] = {
      {"aa", Session::Status::TYPE_UNKNOWN, "octelium-cli/v1 x", Session::Status::CLIENT},
      {"bb", Session::Status::TYPE_UNKNOWN, "grpc-python", Session::Status::CLIENTLESS},
      {"cc", Session::Status::CLIENT, "grpc-python", Session::Status::CLIENT},
      {"dd", Session::Status::CLIENTLESS, "octelium-cli/v1", Session::Status::CLIENTLESS},
  };
  for (const auto& c : cases) {
    add_credential(c.name, *user, Credential::Spec::AUTH_TOKEN, [&](Credential& credential) {
      credential.mutable_spec()->set_sessiontype(c.configured);
    });
    const auto tokens = login(secret_of(c.name), {c.agent, "203.0.113.7"});
    ASSERT_TRUE(tokens);
    EXPECT_EQ(tokens->session->status().type(), c.expected) << c.name;
  }
}

TEST_F(AuthenticatorTest, TheAddressIsRecordedOnlyWhenForwardedOnesAreConfigured) {
  corev1::ClusterConfig config;
  config.mutable_metadata()->set_name("default");
  config.mutable_spec()->mutable_ingress()->set_useforwardedforheader(true);
  add(config);
  const auto tokens = login_as("alice");
  EXPECT_EQ(tokens.session->status().authentication().info().downstream().ipaddress(),
            "203.0.113.7");
}

TEST_F(AuthenticatorTest, AnythingWrongWithATokenIsUnauthenticated) {
  const auto user = add_user("alice");
  const auto never = add_credential("never", *user);
  const auto set = [&](const std::string& name, const EditCredential& edit) {
    add_credential(name, *user);
    std::string token = secret_of(name);
    change<Credential>(Kind::kCredential, name, edit);
    return token;
  };
  std::string rotated = set("rotated", [](Credential&) {});
  secret_of("rotated");
  add_credential("oauth", *user, Credential::Spec::OAUTH2);
  const std::string good = set("good", [](Credential&) {});
  std::string flipped = *base::base64url_decode(good);
  flipped.back() ^= 1;
  Token foreign;
  foreign.type = TokenType::kCredential;
  foreign.subject = *parse_uid(never->metadata().uid());
  Token unknown = foreign;
  base::random_bytes(unknown.subject.bytes);
  const auto sign = [&](const Token& t) {
    return std::string(sign_token(t, *keys_->ring())->reveal());
  };
  const auto session = login(good);
  ASSERT_TRUE(session);

  const struct {
    std::string token;
    std::string_view reason;
  } cases[] = {
      {"", "token_malformed"},
      {"nonsense", "token_malformed"},
      {std::string(100'000, 'A'), "token_malformed"},
      {base::base64url_encode(flipped), "token_bad_signature"},
      {std::string(session->access_token.reveal()), "token_wrong_type"},
      {sign(foreign), "credential_token_replaced"},  // a Credential without a token yet
      {sign(unknown), "credential_unknown"},
      {rotated, "credential_token_replaced"},
      {secret_of("oauth"), "credential_type"},
      {set("disabled", [](Credential& c) { c.mutable_spec()->set_isdisabled(true); }),
       "credential_disabled"},
      {set("locked", [](Credential& c) { c.mutable_status()->set_islocked(true); }),
       "credential_locked"},
      {set("expired",
           [&](Credential& c) { c.mutable_spec()->mutable_expiresat()->set_seconds(now()); }),
       "credential_expired"},
      {set("used-up",
           [](Credential& c) {
             c.mutable_spec()->set_maxauthentications(2);
             c.mutable_status()->set_totalauthentications(2);
           }),
       "credential_used_up"},
      {set("pkce",
           [](Credential& c) { c.mutable_status()->mutable_pkce()->set_codechallenge("x"); }),
       "credential_code_verifier"},
  };
  for (const auto& c : cases) {
    const auto result = login(c.token);
    ASSERT_FALSE(result) << c.reason;
    EXPECT_EQ(result.error().code, Code::kUnauthenticated) << c.reason;
    EXPECT_EQ(result.error().message, "Unauthenticated User") << c.reason;
    EXPECT_EQ(result.error().reason, c.reason);
  }
}

TEST_F(AuthenticatorTest, ATokenWithAChallengeNeedsTheVerifier) {
  const auto user = add_user("alice");
  // RFC 7636 appendix B.
  add_credential("pkce", *user, Credential::Spec::AUTH_TOKEN, [](Credential& c) {
    c.mutable_status()->mutable_pkce()->set_codechallenge(
        *base::base64url_decode("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"));
  });
  const std::string token = secret_of("pkce");
  const auto attempt = [&](std::string_view verifier) {
    return outcome(authenticator_->authenticate_with_token({token, {}, verifier}, kCli));
  };
  EXPECT_EQ(attempt("wrong"), "UNAUTHENTICATED credential_code_verifier");
  EXPECT_EQ(attempt("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"), "OK");
}

TEST_F(AuthenticatorTest, DisabledAndLockedUsersAreDeniedWithoutAText) {
  const auto user = add_user("alice");
  add_credential("ci", *user);
  const std::string token = secret_of("ci");
  const auto set = [&](bool disabled, bool locked) {
    change<corev1::User>(Kind::kUser, "alice", [&](corev1::User& u) {
      u.mutable_spec()->set_isdisabled(disabled);
      u.mutable_status()->set_islocked(locked);
    });
  };
  set(true, false);
  const auto result = login(token);
  EXPECT_EQ(outcome(result), "PERMISSION_DENIED user_disabled");
  EXPECT_EQ(result.error().message, "");
  set(false, true);
  EXPECT_EQ(outcome(login(token)), "PERMISSION_DENIED user_locked");
  set(false, false);
  EXPECT_EQ(outcome(login(token)), "OK");
  ASSERT_TRUE(store_.remove(Kind::kUser, user->metadata().uid()));
  add_user("alice");  // of the same name, but somebody else
  EXPECT_EQ(outcome(login(token)), "UNAUTHENTICATED user_unknown");
}

TEST_F(AuthenticatorTest, ScopesAreKeptAndBadOnesRefused) {
  const auto user = add_user("alice");
  add_credential("ci", *user);
  const std::string token = secret_of("ci");
  const auto tokens = login(token, kCli, {"api:core", "service:web"});
  ASSERT_TRUE(tokens);
  EXPECT_EQ(tokens->session->status().scopes_size(), 2);
  EXPECT_EQ(outcome(login(token, kCli, {"api:core", "api:core"})),
            "INVALID_ARGUMENT scope_malformed");
}

TEST_F(AuthenticatorTest, PendingSessionsGetTokens) {
  const auto user = add_user("alice");
  change<corev1::User>(Kind::kUser, "alice", [](corev1::User& u) {
    u.mutable_spec()->mutable_session()->set_defaultstate(Session::Spec::PENDING);
  });
  add_credential("ci", *user);
  const auto tokens = login(secret_of("ci"));
  ASSERT_TRUE(tokens);
  EXPECT_EQ(cache_->identify(tokens->access_token.reveal(), now()).session->state,
            Session::Spec::PENDING);
  EXPECT_EQ(outcome(refresh(tokens->refresh_token)), "OK");
}

TEST_F(AuthenticatorTest, AUserHasNoMoreSessionsThanItMay) {
  const auto user = add_user("alice");
  change<corev1::User>(Kind::kUser, "alice", [](corev1::User& u) {
    u.mutable_spec()->mutable_session()->set_maxperuser(2);
  });
  add_credential("ci", *user);
  const std::string token = secret_of("ci");
  const auto first = login(token);
  EXPECT_EQ(outcome(first), "OK");
  EXPECT_EQ(outcome(login(token)), "OK");
  const auto third = login(token);
  EXPECT_EQ(outcome(third), "PERMISSION_DENIED session_limit");
  EXPECT_EQ(third.error().message, "");
  ASSERT_TRUE(authenticator_->logout(first->refresh_token.reveal(), kCli));
  EXPECT_EQ(outcome(login(token)), "OK");
}

TEST_F(AuthenticatorTest, TheLimitHoldsForManyAtOnce) {
  const auto user = add_user("alice");
  change<corev1::User>(Kind::kUser, "alice", [](corev1::User& u) {
    u.mutable_spec()->mutable_session()->set_maxperuser(5);
  });
  add_credential("ci", *user);
  const std::string token = secret_of("ci");
  std::atomic<int> made{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&] {
      for (int j = 0; j < 3; ++j)
        if (login(token)) ++made;
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(made, 5);
  EXPECT_EQ(table_.count_of_user(user->metadata().uid()), 5u);
}

TEST_F(AuthenticatorTest, AOneTimeTokenWorksOnceEvenForManyAtOnce) {
  const auto user = add_user("alice");
  add_credential("once", *user, Credential::Spec::AUTH_TOKEN,
                 [](Credential& c) { c.mutable_spec()->set_maxauthentications(1); });
  const std::string token = secret_of("once");
  std::atomic<int> worked{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&] {
      if (login(token)) ++worked;
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(worked, 1);
  EXPECT_EQ(outcome(login(token)), "UNAUTHENTICATED credential_used_up");
  EXPECT_TRUE(store_.get(Kind::kCredential, "once"));
}

TEST_F(AuthenticatorTest, AnAutoDeleteCredentialGoesWithItsLastUse) {
  const auto user = add_user("alice");
  add_credential("brief", *user, Credential::Spec::AUTH_TOKEN, [](Credential& c) {
    c.mutable_spec()->set_maxauthentications(2);
    c.mutable_spec()->set_autodelete(true);
  });
  const std::string token = secret_of("brief");
  EXPECT_EQ(outcome(login(token)), "OK");
  EXPECT_TRUE(store_.get(Kind::kCredential, "brief"));
  const auto last = login(token);
  EXPECT_EQ(outcome(last), "OK");
  EXPECT_FALSE(store_.get(Kind::kCredential, "brief"));
  EXPECT_EQ(status_of(last->access_token), TokenStatus::kGood);
  EXPECT_EQ(outcome(login(token)), "UNAUTHENTICATED credential_unknown");
}

TEST_F(AuthenticatorTest, AUseIsNotLostToTheSessionLimit) {
  const auto user = add_user("alice");
  change<corev1::User>(Kind::kUser, "alice", [](corev1::User& u) {
    u.mutable_spec()->mutable_session()->set_maxperuser(1);
  });
  add_credential("ci", *user, Credential::Spec::AUTH_TOKEN,
                 [](Credential& c) { c.mutable_spec()->set_maxauthentications(2); });
  const std::string token = secret_of("ci");
  const auto first = login(token);
  ASSERT_TRUE(first);
  EXPECT_EQ(outcome(login(token)), "PERMISSION_DENIED session_limit");
  ASSERT_TRUE(authenticator_->end_session(first->session->metadata().uid()));
  EXPECT_EQ(outcome(login(token)), "OK");
}

TEST_F(AuthenticatorTest, ALostRaceForTheCredentialIsRunAgain) {
  const auto user = add_user("alice");
  add_credential("ci", *user);
  const std::string token = secret_of("ci");
  store_.before_update = [&] {
    change<Credential>(Kind::kCredential, "ci",
                       [](Credential& c) { c.mutable_metadata()->set_displayname("x"); });
  };
  EXPECT_EQ(outcome(login(token)), "OK");
  const auto after = store_.get(Kind::kCredential, "ci");
  EXPECT_EQ(static_cast<const Credential&>(**after).status().totalauthentications(), 1u);
  EXPECT_EQ(resource::metadata_of(**after).displayname(), "x");
}

TEST_F(AuthenticatorTest, RefreshingEndsBothOldTokens) {
  const auto first = login_as("alice");
  ASSERT_EQ(status_of(first.access_token), TokenStatus::kGood);
  const auto second = refresh(first.refresh_token);
  ASSERT_TRUE(second);
  EXPECT_EQ(status_of(first.access_token), TokenStatus::kReplaced);
  EXPECT_EQ(status_of(second->access_token), TokenStatus::kGood);
  EXPECT_EQ(outcome(refresh(first.refresh_token)), "UNAUTHENTICATED token_replaced");

  const auto& status = second->session->status();
  EXPECT_EQ(status.totalauthentications(), 2u);
  EXPECT_EQ(status.authentication().info().type(), AuthenticationInfo::REFRESH_TOKEN);
  ASSERT_EQ(status.lastauthentications_size(), 1);
  EXPECT_EQ(status.lastauthentications(0).tokenid(),
            first.session->status().authentication().tokenid());
  EXPECT_EQ(second->session->spec().expiresat().seconds(),
            first.session->spec().expiresat().seconds())
      << "the end of a Session does not move";
}

TEST_F(AuthenticatorTest, TheHistoryIsNewestFirstAndBounded) {
  auto tokens = login_as("alice");
  std::vector<std::string> ids{tokens.session->status().authentication().tokenid()};
  for (int i = 0; i < 103; ++i) {
    clock_.advance(std::chrono::hours(2));
    auto next = refresh(tokens.refresh_token);
    ASSERT_TRUE(next) << next.error().reason;
    tokens = std::move(*next);
    ids.push_back(tokens.session->status().authentication().tokenid());
  }
  const auto& last = tokens.session->status().lastauthentications();
  ASSERT_EQ(last.size(), 100);
  EXPECT_EQ(last[0].tokenid(), ids[102]);
  EXPECT_EQ(last[99].tokenid(), ids[3]);
}

TEST_F(AuthenticatorTest, EarlyRefreshesAreFewAnHour) {
  auto tokens = login_as("alice");
  for (int i = 0; i < 5; ++i) {
    auto next = refresh(tokens.refresh_token);
    ASSERT_TRUE(next) << i;
    tokens = std::move(*next);
  }
  EXPECT_EQ(outcome(refresh(tokens.refresh_token)), "ALREADY_EXISTS refresh_throttled");
  EXPECT_EQ(status_of(tokens.access_token), TokenStatus::kGood);
  clock_.advance(std::chrono::hours(2));
  EXPECT_EQ(outcome(refresh(tokens.refresh_token)), "OK");
}

TEST_F(AuthenticatorTest, WhatStopsARefresh) {
  const auto attempt = [&](const std::string& name, const std::function<void(Session&)>& edit) {
    const auto tokens = login_as(name);
    edit_session(tokens, edit);
    return outcome(refresh(tokens.refresh_token));
  };
  EXPECT_EQ(
      attempt("rejected", [](Session& s) { s.mutable_spec()->set_state(Session::Spec::REJECTED); }),
      "UNAUTHENTICATED session_rejected");
  EXPECT_EQ(attempt("locked", [](Session& s) { s.mutable_status()->set_islocked(true); }),
            "UNAUTHENTICATED session_locked");
  EXPECT_EQ(attempt("expired",
                    [&](Session& s) { s.mutable_spec()->mutable_expiresat()->set_seconds(now()); }),
            "UNAUTHENTICATED session_expired");
  EXPECT_EQ(attempt("browser", [](Session& s) { s.mutable_status()->set_isbrowser(true); }),
            "PERMISSION_DENIED session_is_browser");
  EXPECT_EQ(attempt("required",
                    [](Session& s) { s.mutable_status()->mutable_requiredauthenticatorref(); }),
            "PERMISSION_DENIED authenticator_required");

  const auto tokens = login_as("alice");
  EXPECT_EQ(outcome(refresh(tokens.access_token)), "UNAUTHENTICATED token_wrong_type");
  EXPECT_EQ(outcome(refresh(base::Secret())), "UNAUTHENTICATED token_malformed");
  change<Credential>(Kind::kCredential, "alice-cred",
                     [](Credential& c) { c.mutable_spec()->set_isdisabled(true); });
  EXPECT_EQ(outcome(refresh(tokens.refresh_token)), "UNAUTHENTICATED credential_disabled");
  ASSERT_TRUE(
      store_.remove(Kind::kCredential,
                    resource::metadata_of(**store_.get(Kind::kCredential, "alice-cred")).uid()));
  change<corev1::User>(Kind::kUser, "alice",
                       [](corev1::User& u) { u.mutable_spec()->set_isdisabled(true); });
  EXPECT_EQ(outcome(refresh(tokens.refresh_token)), "PERMISSION_DENIED user_disabled");
  clock_.advance(std::chrono::days(14));
  EXPECT_EQ(outcome(refresh(tokens.refresh_token)), "UNAUTHENTICATED refresh_window_over");
  ASSERT_TRUE(authenticator_->end_session(tokens.session->metadata().uid()));
  EXPECT_EQ(outcome(refresh(tokens.refresh_token)), "UNAUTHENTICATED session_unknown");
}

TEST_F(AuthenticatorTest, OfTwoRefreshesWithOneTokenOneWins) {
  const auto tokens = login_as("alice");
  base::Result<SessionTokens> other = base::fail_invalid("", "");
  store_.before_update = [&] { other = refresh(tokens.refresh_token); };
  EXPECT_EQ(outcome(refresh(tokens.refresh_token)), "UNAUTHENTICATED token_replaced");
  EXPECT_EQ(outcome(other), "OK");
}

TEST_F(AuthenticatorTest, LogoutDeletesTheSession) {
  const auto tokens = login_as("alice");
  ASSERT_EQ(status_of(tokens.access_token), TokenStatus::kGood);
  const auto logout = [&](const base::Secret& token) {
    return outcome(authenticator_->logout(token.reveal(), kCli));
  };
  EXPECT_EQ(logout(tokens.access_token), "UNAUTHENTICATED token_wrong_type");
  EXPECT_EQ(logout(tokens.refresh_token), "OK");
  EXPECT_EQ(status_of(tokens.access_token), TokenStatus::kUnknownSession);
  EXPECT_EQ(logout(tokens.refresh_token), "UNAUTHENTICATED session_unknown");
}

TEST_F(AuthenticatorTest, GeneratingATokenEndsTheOneBeforeButNoSession) {
  const auto user = add_user("alice");
  add_credential("ci", *user);
  const std::string first = secret_of("ci");
  const auto tokens = login(first);
  const std::string second = secret_of("ci");
  EXPECT_EQ(outcome(login(first)), "UNAUTHENTICATED credential_token_replaced");
  EXPECT_EQ(outcome(login(second)), "OK");
  EXPECT_EQ(status_of(tokens->access_token), TokenStatus::kGood);
  const auto record = store_.get(Kind::kCredential, "ci");
  const auto& status = static_cast<const Credential&>(**record).status();
  EXPECT_EQ(status.totalrotations(), 2u);
  EXPECT_EQ(status.lastrotationat().seconds(), now());
}

TEST_F(AuthenticatorTest, WhatStopsGenerating) {
  const auto user = add_user("alice");
  const auto attempt = [&](const std::string& name, const EditCredential& edit) {
    add_credential(name, *user, Credential::Spec::AUTH_TOKEN, edit);
    resource::metav1::ObjectReference ref;
    ref.set_name(name);
    return outcome(authenticator_->generate_credential_token(ref, {}));
  };
  EXPECT_EQ(attempt("c1", [](Credential& c) { c.mutable_spec()->set_isdisabled(true); }),
            "INVALID_ARGUMENT credential_disabled");
  EXPECT_EQ(attempt("c2", [](Credential& c) { c.mutable_status()->set_islocked(true); }),
            "INVALID_ARGUMENT credential_locked");
  EXPECT_EQ(
      attempt("c3", [](Credential& c) { c.mutable_spec()->mutable_expiresat()->set_seconds(1); }),
      "INVALID_ARGUMENT credential_expired");
  EXPECT_EQ(attempt("c4",
                    [](Credential& c) {
                      c.mutable_spec()->set_type(Credential::Spec::ACCESS_TOKEN);
                      c.mutable_status()->mutable_userref()->set_uid(base::make_uuid_v4());
                    }),
            "INVALID_ARGUMENT user_disabled");
  EXPECT_EQ(outcome(authenticator_->generate_credential_token({}, {})),
            "INVALID_ARGUMENT credential_reference");
  resource::metav1::ObjectReference nobody;
  nobody.set_uid(base::make_uuid_v4());
  EXPECT_EQ(authenticator_->generate_credential_token(nobody, {}).error().code, Code::kNotFound);
}

TEST_F(AuthenticatorTest, AnAccessTokenCredentialHasOneSession) {
  const auto user = add_user("alice");
  add_credential("at", *user, Credential::Spec::ACCESS_TOKEN);
  const base::Secret first(generate("at").accesstoken().accesstoken());
  const auto live = cache_->identify(first.reveal(), now()).session;
  ASSERT_TRUE(live);
  EXPECT_EQ(live->type, Session::Status::CLIENTLESS);

  const base::Secret second(generate("at").accesstoken().accesstoken());
  EXPECT_EQ(status_of(first), TokenStatus::kReplaced);
  EXPECT_EQ(status_of(second), TokenStatus::kGood);
  EXPECT_EQ(table_.count_of_user(user->metadata().uid()), 1u);

  clock_.advance(std::chrono::days(91));  // over, but not yet swept away
  const base::Secret third(generate("at").accesstoken().accesstoken());
  EXPECT_EQ(status_of(third), TokenStatus::kGood);
  EXPECT_EQ(table_.count_of_user(user->metadata().uid()), 2u);
}

TEST_F(AuthenticatorTest, ManyFailuresFromOneAddressAreSlowedDown) {
  const auto user = add_user("alice");
  add_credential("ci", *user);
  const std::string token = secret_of("ci");
  for (std::uint32_t i = 0; i < FailureThrottle::kBurst; ++i) login("nonsense");
  EXPECT_EQ(outcome(login(token)), "RESOURCE_EXHAUSTED too_many_failures");
  EXPECT_EQ(outcome(login(token, {"x", "198.51.100.1"})), "OK");
  clock_.advance(std::chrono::seconds(1));
  EXPECT_EQ(outcome(login(token)), "OK");
}

TEST_F(AuthenticatorTest, AUserAgentThatIsNotTextIsNotKept) {
  const auto user = add_user("alice");
  add_credential("ci", *user);
  const std::string token = secret_of("ci");
  for (const std::string& agent :
       {std::string("a\xff"), std::string("a\n"), std::string(220, 'a')}) {
    const auto tokens = login(token, {agent, "203.0.113.7"});
    ASSERT_TRUE(tokens);
    EXPECT_EQ(tokens->session->status().authentication().info().downstream().useragent(), "");
  }
}

}  // namespace
}  // namespace identity
