#include "identity/token.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/encoding.h"
#include "base/random.h"

namespace identity {
namespace {

std::shared_ptr<const KeyRing> ring_of(std::initializer_list<unsigned char> ids) {
  std::vector<KeyRing::Key> keys;
  for (const unsigned char id : ids) {
    KeyRing::Key key;
    key.id.fill(id);
    key.seed = base::Secret(std::string(32, static_cast<char>(id)));
    keys.push_back(std::move(key));
  }
  return *KeyRing::make(keys);
}

Token example() {
  return {TokenType::kAccess, *parse_uid("0a1b2c3d-0001-4002-8003-000000000004"),
          *parse_uid("ffffffff-ffff-4fff-bfff-ffffffffffff"), 1'700'000'000};
}

TEST(Uid, SurvivesItsTextForm) {
  for (int i = 0; i < 100; ++i) {
    const std::string text = base::make_uuid_v4();
    const auto uid = parse_uid(text);
    ASSERT_TRUE(uid);
    EXPECT_EQ(format_uid(*uid), text);
  }
  for (const char* text :
       {"", "0a1b2c3d", "0A1B2C3D-0001-4002-8003-000000000004",
        "0a1b2c3d-0001-4002-8003-00000000000", "0a1b2c3d00001-4002-8003-000000000004",
        "0a1b2c3d-0001-4002-8003-00000000000g"})
    EXPECT_FALSE(parse_uid(text)) << text;
}

TEST(Token, SaysAfterReadingWhatItSaidBefore) {
  const auto ring = ring_of({1});
  for (const TokenType type : {TokenType::kAccess, TokenType::kRefresh, TokenType::kCredential}) {
    Token token = example();
    token.type = type;
    const auto text = sign_token(token, *ring);
    ASSERT_TRUE(text);
    EXPECT_EQ(text->size(), kTokenChars);
    EXPECT_EQ(read_token(text->reveal(), type, *ring), token);
  }
}

TEST(Token, FitsHeadersCookiesAndUrls) {
  const auto text = sign_token(example(), *ring_of({1}));
  EXPECT_EQ(text->reveal().find_first_not_of("abcdefghijklmnopqrstuvwxyz"
                                             "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"),
            std::string_view::npos);
}

TEST(Token, IsRefusedAfterAnyChangeOfOneCharacter) {
  const auto ring = ring_of({1});
  const auto text = sign_token(example(), *ring);
  for (std::size_t i = 0; i < text->size(); ++i) {
    for (const char c : {'A', 'B', 'Q', '-', '_', '=', '+', '/', ' ', '\0', '\x80'}) {
      std::string changed(text->reveal());
      if (changed[i] == c) continue;
      changed[i] = c;
      EXPECT_FALSE(read_token(changed, TokenType::kAccess, *ring)) << i << c;
    }
  }
}

TEST(Token, IsRefusedInAnyOtherLength) {
  const auto ring = ring_of({1});
  const std::string text(sign_token(example(), *ring)->reveal());
  for (std::size_t size = 0; size < text.size(); ++size)
    EXPECT_FALSE(decode_token(text.substr(0, size)));
  for (const char* tail : {"A", "AA", "AAAA", "=", "==", " ", "\n"})
    EXPECT_FALSE(decode_token(text + tail)) << tail;
}

TEST(Token, IsRefusedWithAnUnknownVersionOrTypeOrANegativeExpiry) {
  const std::string bytes = *base::base64url_decode(sign_token(example(), *ring_of({1}))->reveal());
  const struct {
    const char* name;
    std::size_t at;
    char value;
  } cases[] = {{"version 0", 0, 0}, {"version 2", 0, 2},     {"type 0", 1, 0},
               {"type 4", 1, 4},    {"type 255", 1, '\xff'}, {"negative", 42, '\x80'}};
  for (const auto& c : cases) {
    std::string changed = bytes;
    changed[c.at] = c.value;
    EXPECT_FALSE(decode_token(base::base64url_encode(changed))) << c.name;
  }
}

TEST(Token, ReasonsTellTheKindsOfBadTokensApart) {
  const auto ring = ring_of({1});
  const auto reason = [&](std::string_view text, TokenType expected) {
    return read_token(text, expected, *ring).error().reason;
  };
  const auto good = sign_token(example(), *ring);
  const auto foreign = sign_token(example(), *ring_of({2}));
  EXPECT_EQ(reason("", TokenType::kAccess), "token_malformed");
  EXPECT_EQ(reason(std::string(kTokenChars, 'x'), TokenType::kAccess), "token_malformed");
  EXPECT_EQ(reason(foreign->reveal(), TokenType::kAccess), "token_bad_signature");
  EXPECT_EQ(reason(good->reveal(), TokenType::kRefresh), "token_wrong_type");
}

TEST(KeyRing, SignsWithTheNewestKeyAndVerifiesWithAll) {
  const auto old_ring = ring_of({1});
  const auto both = ring_of({1, 2});
  const auto old_token = sign_token(example(), *old_ring);
  const auto new_token = sign_token(example(), *both);
  EXPECT_TRUE(read_token(old_token->reveal(), TokenType::kAccess, *both));
  EXPECT_TRUE(read_token(new_token->reveal(), TokenType::kAccess, *ring_of({2})));
  EXPECT_FALSE(read_token(new_token->reveal(), TokenType::kAccess, *old_ring));
}

TEST(KeyRing, RefusesDamagedKeys) {
  KeyRing::Key key;
  key.seed = base::Secret(std::string(31, 'k'));
  EXPECT_FALSE(KeyRing::make({}));
  EXPECT_FALSE(KeyRing::make({&key, 1}));
  key.seed = base::Secret(std::string(32, 'k'));
  const std::vector<KeyRing::Key> twice{key, key};
  EXPECT_FALSE(KeyRing::make(twice));
}

}  // namespace
}  // namespace identity
