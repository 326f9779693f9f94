#include "identity/token_source.h"

#include <gtest/gtest.h>

#include <vector>

namespace identity {
namespace {

using http::FieldId;

http::FieldList fields_of(const std::vector<http::Field>& fields) {
  http::FieldList list;
  for (const auto& field : fields) list.push(field);
  return list;
}

const http::Field kHeader{"X-Octelium-Auth", "h", FieldId::kXOctelium};
const http::Field kCookie{"cookie", "a=b; octelium_auth=c; octelium_rt=r", FieldId::kCookie};
const http::Field kBearer{"authorization", "Bearer b", FieldId::kAuthorization};

TEST(FindToken, TheFirstSourcePresentDecides) {
  const auto found = [](const std::vector<http::Field>& fields) {
    return find_token(fields_of(fields));
  };
  EXPECT_EQ(found({kBearer, kCookie, kHeader}).token, "h");
  EXPECT_EQ(found({kBearer, kCookie}).token, "c");
  EXPECT_EQ(found({kBearer}).token, "b");
  EXPECT_EQ(found({}).source, TokenSource::kNone);

  const auto empty = found({{"x-octelium-auth", "", FieldId::kXOctelium}, kBearer});
  EXPECT_EQ(empty.source, TokenSource::kHeader);
  EXPECT_EQ(empty.token, "");
}

TEST(FindToken, OtherFieldsSayNothing) {
  EXPECT_EQ(find_token(fields_of({{"x-octelium-refresh-token", "r", FieldId::kXOctelium},
                                  {"cookie", "octelium_authx=1; xoctelium_auth=2; octelium_auth",
                                   FieldId::kCookie},
                                  {"authorization", "Basic Og==", FieldId::kAuthorization},
                                  {"authorization", "bearer b", FieldId::kAuthorization},
                                  {"authorization", "Bearer", FieldId::kAuthorization}}))
                .source,
            TokenSource::kNone);
}

TEST(FindToken, CookiesMayBeSplitOverFields) {
  EXPECT_EQ(find_token(fields_of({{"cookie", "a=1", FieldId::kCookie},
                                  {"cookie", "octelium_auth=t", FieldId::kCookie}}))
                .token,
            "t");
}

TEST(FindToken, ASourceThatContradictsItselfSaysNothing) {
  const auto twice = [](std::string_view first, std::string_view second) {
    return find_token(fields_of({{"x-octelium-auth", first, FieldId::kXOctelium},
                                 {"X-Octelium-Auth", second, FieldId::kXOctelium},
                                 kBearer}));
  };
  EXPECT_EQ(twice("a", "a").token, "a");
  EXPECT_EQ(twice("a", "b").token, "");
  EXPECT_EQ(twice("a", "b").source, TokenSource::kHeader);
  EXPECT_EQ(
      find_token(fields_of({{"cookie", "octelium_auth=a; octelium_auth=b;;=; ", FieldId::kCookie}}))
          .token,
      "");
}

TEST(FindRefreshToken, ReadsItsOwnFieldAndCookie) {
  EXPECT_EQ(find_refresh_token(fields_of({kHeader, kBearer, kCookie})).token, "r");
  EXPECT_EQ(find_refresh_token(
                fields_of({kCookie, {"x-octelium-refresh-token", "x", FieldId::kXOctelium}}))
                .token,
            "x");
  EXPECT_EQ(find_refresh_token(fields_of({kHeader, kBearer})).source, TokenSource::kNone);
}

}  // namespace
}  // namespace identity
