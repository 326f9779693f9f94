#include "identity/signing_keys.h"

#include <gtest/gtest.h>

#include "identity/fake_store_test.h"
#include "identity/token.h"

namespace identity {
namespace {

using std::chrono::days;

TEST(SigningKeys, ARestartKeepsTheKey) {
  base::FakeClock clock;
  FakeStore store(clock);
  const auto first = SigningKeys::open(store, clock);
  ASSERT_TRUE(first);
  const auto token = sign_token({}, *(*first)->ring());
  const auto second = SigningKeys::open(store, clock);
  ASSERT_TRUE(second);
  EXPECT_EQ((*second)->ring()->size(), 1u);
  EXPECT_TRUE(read_token(token->reveal(), TokenType::kAccess, *(*second)->ring()));
}

TEST(SigningKeys, RotateMonthlyAndForgetAfterAYear) {
  base::FakeClock clock;
  FakeStore store(clock);
  const auto keys = SigningKeys::open(store, clock);
  const auto first_token = sign_token({}, *(*keys)->ring());
  const auto version = (*keys)->version();

  clock.advance(days(29));
  ASSERT_TRUE((*keys)->tick());
  EXPECT_EQ((*keys)->version(), version);

  clock.advance(days(1));
  ASSERT_TRUE((*keys)->tick());
  EXPECT_NE((*keys)->version(), version);
  EXPECT_EQ((*keys)->ring()->size(), 2u);
  EXPECT_TRUE(read_token(first_token->reveal(), TokenType::kAccess, *(*keys)->ring()));

  clock.advance(days(330));
  ASSERT_TRUE((*keys)->tick());
  EXPECT_FALSE(read_token(first_token->reveal(), TokenType::kAccess, *(*keys)->ring()));
  EXPECT_TRUE(sign_token({}, *(*keys)->ring()));
}

TEST(SigningKeys, TakeInWhatAnotherNodeDrew) {
  base::FakeClock clock;
  FakeStore store(clock);
  const auto here = SigningKeys::open(store, clock);
  clock.advance(days(31));
  const auto there = SigningKeys::open(store, clock);
  const auto token = sign_token({}, *(*there)->ring());
  EXPECT_FALSE(read_token(token->reveal(), TokenType::kAccess, *(*here)->ring()));
  ASSERT_TRUE((*here)->tick());
  EXPECT_TRUE(read_token(token->reveal(), TokenType::kAccess, *(*here)->ring()));
  EXPECT_EQ((*here)->ring()->size(), 2u);
}

TEST(SigningKeys, ADamagedKeyIsReported) {
  base::FakeClock clock;
  FakeStore store(clock);
  ASSERT_TRUE(store.put_key({"!", "token-signing", clock.now(), base::Secret("short")}));
  const auto keys = SigningKeys::open(store, clock);
  ASSERT_FALSE(keys);
  EXPECT_EQ(keys.error().reason, "signing_key_damaged");
}

}  // namespace
}  // namespace identity
