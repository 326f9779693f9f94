#include <gtest/gtest.h>

#include <array>

#include "base/encoding.h"
#include "base/random.h"
#include "base/secret.h"
#include "base/suggest.h"

namespace base {
namespace {

TEST(Encoding, Base64RoundTripsEveryLength) {
  std::string bytes;
  for (int i = 0; i < 40; ++i) {
    EXPECT_EQ(base64_decode(base64_encode(bytes)), bytes);
    EXPECT_EQ(base64url_decode(base64url_encode(bytes)), bytes);
    bytes.push_back(static_cast<char>(i * 37));
  }
}

TEST(Encoding, Base64RefusesASecondSpellingOfTheSameBytes) {
  EXPECT_TRUE(base64_decode("QQ=="));
  for (const char* text : {"QQ", "QQ=", "QR==", "QQ==\n", "Q Q=", "QQ===", "Q", "====", "_w=="}) {
    EXPECT_FALSE(base64_decode(text)) << text;
  }
  for (const char* text : {"QQ==", "QR", "Q", "+w"}) EXPECT_FALSE(base64url_decode(text)) << text;
}

TEST(Encoding, JsonStringsStayValidWhateverTheBytes) {
  std::string out;
  append_json_escaped(out, std::string_view("a\"\\\n\x01\xC3\xA4\xC3z\xED\xA0\x80", 12));
  EXPECT_EQ(out, "a\\\"\\\\\\n\\u0001\xC3\xA4\\ufffdz\\ufffd\\ufffd\\ufffd");
}

TEST(Random, UuidsHaveTheirVersion) {
  EXPECT_TRUE(is_uuid_v4(make_uuid_v4()));
  const std::string v7 = make_uuid_v7(FakeClock().now());
  EXPECT_EQ(v7[14], '7');
  EXPECT_FALSE(is_uuid_v4(v7));
}

TEST(Random, NamesBeginWithALetter) {
  for (int i = 0; i < 200; ++i) {
    const std::string name = random_name(6);
    EXPECT_EQ(name.size(), 6u);
    EXPECT_TRUE(name[0] >= 'a' && name[0] <= 'z') << name;
  }
}

TEST(Suggest, FindsATypingMistakeAndNothingFarAway) {
  constexpr std::array<std::string_view, 3> kFields = {"rateLimit", "jsonSchema", "direct"};
  EXPECT_EQ(nearest("ratelimt", kFields), "rateLimit");
  EXPECT_EQ(nearest("dierct", kFields), "direct");
  EXPECT_EQ(nearest("lua", kFields), "");
}

TEST(Secret, ComparesInConstantTimeByContent) {
  EXPECT_TRUE(equal_constant_time("abc", "abc"));
  EXPECT_FALSE(equal_constant_time("abc", "abd"));
  EXPECT_FALSE(equal_constant_time("abc", "abcd"));
}

}  // namespace
}  // namespace base
