#include "identity/token_cache.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <set>

#include "base/counted_new_test.h"
#include "base/encoding.h"
#include "identity/fixture_test.h"

namespace identity {
namespace {

using resource::Kind;

class TokenCacheTest : public IdentityTest {
 protected:
  std::string forged(const base::Secret& token, std::size_t at, unsigned char xor_with) {
    std::string bytes = *base::base64url_decode(token.reveal());
    bytes[at] = static_cast<char>(static_cast<unsigned char>(bytes[at]) ^ xor_with);
    return base::base64url_encode(bytes);
  }
  TokenStatus status(std::string_view text) { return cache_->identify(text, now()).status; }
  base::Secret sign(const Token& token) { return *sign_token(token, *keys_->ring()); }
  Token claims_of(const base::Secret& token) { return decode_token(token.reveal())->token; }
};

TEST_F(TokenCacheTest, FindsTheSessionOfAToken) {
  const auto tokens = login_as("alice");
  const auto result = cache_->identify(tokens.access_token.reveal(), now());
  ASSERT_EQ(result.status, TokenStatus::kGood);
  EXPECT_EQ(result.session->user->metadata().name(), "alice");
  EXPECT_EQ(result.session->session->metadata().uid(), tokens.session->metadata().uid());
}

TEST_F(TokenCacheTest, TheCountOfAllocationsCounts) {
  const auto before = allocations;
  const auto made = std::make_unique<std::string>(100, 'x');
  EXPECT_EQ(allocations, before + (COUNTS_ALLOCATIONS ? 2 : 0));
}

TEST_F(TokenCacheTest, AHitAllocatesNothingAndVerifiesNothing) {
  const auto tokens = login_as("alice");
  ASSERT_EQ(status_of(tokens.access_token), TokenStatus::kGood);
  const auto verified = cache_->counters().verified;
  const auto before = allocations;
  for (int i = 0; i < 1000; ++i) {
    const auto result = cache_->identify(tokens.access_token.reveal(), now());
    if (result.status != TokenStatus::kGood) FAIL();
  }
  EXPECT_EQ(allocations, before);
  EXPECT_EQ(cache_->counters().verified, verified);
  EXPECT_EQ(cache_->counters().hits, 1000u);
}

TEST_F(TokenCacheTest, ARefusalAllocatesNothing) {
  const auto tokens = login_as("alice");
  const std::string text = forged(tokens.access_token, 12, 1);  // another Session's uid
  for (int i = 0; i < 300; ++i) status(text);                   // beyond what is verified
  const auto before = allocations;
  EXPECT_EQ(status(text), TokenStatus::kUnverified);
  EXPECT_EQ(status("nonsense"), TokenStatus::kMalformed);
  EXPECT_EQ(allocations, before);
}

TEST_F(TokenCacheTest, EveryKindOfBadTokenHasItsReason) {
  const auto tokens = login_as("alice");
  const Token good = claims_of(tokens.access_token);
  Token expired = good;
  expired.expires_at = now();
  Token unknown = good;
  unknown.subject.bytes[3] ^= 1;
  Token replaced = good;
  replaced.token_id.bytes[3] ^= 1;
  Token endless = good;
  endless.expires_at = 0;
  const struct {
    std::string text;
    TokenStatus status;
    std::string_view reason;
  } cases[] = {
      {std::string(tokens.access_token.reveal()), TokenStatus::kGood, ""},
      {"", TokenStatus::kMalformed, "token_malformed"},
      {"Bearer x", TokenStatus::kMalformed, "token_malformed"},
      {std::string(tokens.access_token.reveal()) + "A", TokenStatus::kMalformed, "token_malformed"},
      {std::string(kTokenChars, '*'), TokenStatus::kMalformed, "token_malformed"},
      {std::string(100'000, 'A'), TokenStatus::kMalformed, "token_malformed"},
      {forged(tokens.access_token, 113, 1), TokenStatus::kBadSignature, "token_bad_signature"},
      {forged(tokens.access_token, 3, 1), TokenStatus::kBadSignature, "token_bad_signature"},
      {forged(tokens.access_token, 49, 1), TokenStatus::kBadSignature, "token_bad_signature"},
      {forged(tokens.access_token, 12, 1), TokenStatus::kBadSignature, "token_bad_signature"},
      {std::string(tokens.refresh_token.reveal()), TokenStatus::kWrongType, "token_wrong_type"},
      {secret_of("alice-cred"), TokenStatus::kWrongType, "token_wrong_type"},
      {std::string(sign(expired).reveal()), TokenStatus::kExpired, "token_expired"},
      {std::string(sign(endless).reveal()), TokenStatus::kExpired, "token_expired"},
      {std::string(sign(unknown).reveal()), TokenStatus::kUnknownSession, "session_unknown"},
      {std::string(sign(replaced).reveal()), TokenStatus::kReplaced, "token_replaced"},
  };
  for (const auto& c : cases) {
    const TokenStatus got = status(c.text);
    EXPECT_EQ(got, c.status) << c.reason << " " << c.text.substr(0, 16);
    EXPECT_EQ(reason_of(got), c.reason);
  }
}

TEST_F(TokenCacheTest, ADeletedSessionIsRefusedAtOnce) {
  const auto tokens = login_as("alice");
  ASSERT_EQ(status_of(tokens.access_token), TokenStatus::kGood);
  ASSERT_TRUE(authenticator_->end_session(tokens.session->metadata().uid()));
  EXPECT_EQ(status_of(tokens.access_token), TokenStatus::kUnknownSession);
  EXPECT_EQ(status_of(tokens.access_token), TokenStatus::kUnknownSession);
}

TEST_F(TokenCacheTest, AChangeOfTheSessionIsSeenWithoutVerifyingAgain) {
  const auto tokens = login_as("alice");
  ASSERT_EQ(status_of(tokens.access_token), TokenStatus::kGood);
  const auto verified = cache_->counters().verified;
  change<corev1::Session>(
      Kind::kSession, tokens.session->metadata().name(),
      [](corev1::Session& s) { s.mutable_spec()->set_state(corev1::Session::Spec::REJECTED); });
  const auto result = cache_->identify(tokens.access_token.reveal(), now());
  ASSERT_EQ(result.status, TokenStatus::kGood) << "what a state means is for the fixed checks";
  EXPECT_EQ(result.session->state, corev1::Session::Spec::REJECTED);
  change<corev1::User>(Kind::kUser, "alice",
                       [](corev1::User& u) { u.mutable_spec()->set_isdisabled(true); });
  EXPECT_TRUE(cache_->identify(tokens.access_token.reveal(), now()).session->is_user_disabled);
  EXPECT_EQ(cache_->counters().verified, verified);
  EXPECT_EQ(cache_->counters().refreshed, 2u);
}

TEST_F(TokenCacheTest, ADisabledCredentialSuspendsItsSessions) {
  const auto tokens = login_as("alice");
  ASSERT_EQ(status_of(tokens.access_token), TokenStatus::kGood);
  const auto set_disabled = [&](bool disabled) {
    change<corev1::Credential>(Kind::kCredential, "alice-cred", [&](corev1::Credential& c) {
      c.mutable_spec()->set_isdisabled(disabled);
    });
  };
  set_disabled(true);
  EXPECT_EQ(status_of(tokens.access_token), TokenStatus::kCredentialDisabled);
  set_disabled(false);
  EXPECT_EQ(status_of(tokens.access_token), TokenStatus::kGood);
  ASSERT_TRUE(
      store_.remove(Kind::kCredential,
                    resource::metadata_of(**store_.get(Kind::kCredential, "alice-cred")).uid()));
  catch_up();
  EXPECT_EQ(status_of(tokens.access_token), TokenStatus::kGood) << "Sessions outlive Credentials";
}

TEST_F(TokenCacheTest, TimeEndsTokensAndSessionsThatAreInTheCache) {
  const auto tokens = login_as("alice");
  ASSERT_EQ(status_of(tokens.access_token), TokenStatus::kGood);
  change<corev1::Session>(
      Kind::kSession, tokens.session->metadata().name(),
      [&](corev1::Session& s) { s.mutable_spec()->mutable_expiresat()->set_seconds(now() + 60); });
  clock_.advance(std::chrono::seconds(59));
  EXPECT_EQ(status_of(tokens.access_token), TokenStatus::kGood);
  clock_.advance(std::chrono::seconds(1));
  EXPECT_EQ(status_of(tokens.access_token), TokenStatus::kSessionExpired);
  clock_.advance(std::chrono::hours(4));
  EXPECT_EQ(status_of(tokens.access_token), TokenStatus::kExpired);
}

TEST_F(TokenCacheTest, StaysWithinItsSizeAndKeepsTheBusyOne) {
  cache_ = std::make_unique<TokenCache>(table_, *keys_, 4);
  const auto busy = login_as("busy");
  std::vector<base::Secret> others;
  for (int i = 0; i < 40; ++i) others.push_back(login_as("user-" + std::to_string(i)).access_token);
  ASSERT_EQ(status_of(busy.access_token), TokenStatus::kGood);
  const auto misses = cache_->counters().misses;
  for (const auto& token : others) {
    ASSERT_EQ(status_of(token), TokenStatus::kGood);
    ASSERT_EQ(status_of(busy.access_token), TokenStatus::kGood);
  }
  EXPECT_EQ(cache_->counters().misses, misses + others.size());
}

TEST_F(TokenCacheTest, HopelessTokensCostABoundedNumberOfVerifications) {
  const auto tokens = login_as("alice");
  for (int i = 0; i < 10'000; ++i) {
    Token random = claims_of(tokens.access_token);
    base::random_bytes(random.subject.bytes);
    std::string text = forged(tokens.access_token, 10 + static_cast<std::size_t>(i) % 16, 0x55);
    const TokenStatus got = status(text);
    ASSERT_TRUE(got == TokenStatus::kBadSignature || got == TokenStatus::kUnverified);
  }
  EXPECT_EQ(cache_->counters().verified, TokenCache::kHopelessPerSecond);
  EXPECT_EQ(status_of(tokens.access_token), TokenStatus::kGood) << "a good one always gets in";
  clock_.advance(std::chrono::seconds(1));
  EXPECT_EQ(status(forged(tokens.access_token, 12, 1)), TokenStatus::kBadSignature);
}

TEST_F(TokenCacheTest, LearnsNewKeys) {
  const auto before = login_as("alice");
  ASSERT_EQ(status_of(before.access_token), TokenStatus::kGood);
  clock_.advance(std::chrono::days(31));
  ASSERT_TRUE(keys_->tick());
  const auto after = login_as("bob");
  EXPECT_EQ(status_of(after.access_token), TokenStatus::kGood);
}

TEST_F(TokenCacheTest, WhatItGaveMayOutliveIt) {
  const auto tokens = login_as("alice");
  auto session = cache_->identify(tokens.access_token.reveal(), now()).session;
  ASSERT_TRUE(session);
  cache_.reset();
  ASSERT_TRUE(authenticator_->end_session(tokens.session->metadata().uid()));
  EXPECT_EQ(session->user->metadata().name(), "alice");
  EXPECT_FALSE(session->is_current());
}

}  // namespace
}  // namespace identity
