#include "http/field.h"

#include <gtest/gtest.h>

namespace http {
namespace {

TEST(Field, KnownNamesAreFoundInAnyCase) {
  const struct {
    std::string_view name;
    FieldId id;
  } cases[] = {
      {"Accept", FieldId::kAccept},
      {"AUTHORIZATION", FieldId::kAuthorization},
      {"connection", FieldId::kConnection},
      {"Content-Length", FieldId::kContentLength},
      {"Content-type", FieldId::kContentType},
      {"Cookie", FieldId::kCookie},
      {"Date", FieldId::kDate},
      {"Expect", FieldId::kExpect},
      {"Forwarded", FieldId::kForwarded},
      {"grpc-status", FieldId::kGrpcStatus},
      {"hOST", FieldId::kHost},
      {"HTTP2-Settings", FieldId::kHttp2Settings},
      {"Keep-Alive", FieldId::kKeepAlive},
      {"Origin", FieldId::kOrigin},
      {"Proxy-Authenticate", FieldId::kProxyAuthenticate},
      {"Proxy-Authorization", FieldId::kProxyAuthorization},
      {"Proxy-Connection", FieldId::kProxyConnection},
      {"Referer", FieldId::kReferer},
      {"Server", FieldId::kServer},
      {"TE", FieldId::kTe},
      {"Trailer", FieldId::kTrailer},
      {"Transfer-Encoding", FieldId::kTransferEncoding},
      {"Upgrade", FieldId::kUpgrade},
      {"User-Agent", FieldId::kUserAgent},
      {"Via", FieldId::kVia},
      {"X-Octelium-Auth", FieldId::kXOctelium},
      {"x-octelium-anything", FieldId::kXOctelium},
      {"X-Forwarded-For", FieldId::kXForwarded},
      {"X-Real-IP", FieldId::kXForwarded},
      {"x-envoy-original-path", FieldId::kXForwarded},
      {"X-Request-Id", FieldId::kXRequestId},
  };
  for (const auto& c : cases) EXPECT_EQ(classify(c.name), c.id) << c.name;
}

TEST(Field, OtherNamesAreOther) {
  for (const std::string_view name :
       {"", "x", "t", "tee", "hosts", "ho", "hosu", "content-lengthx", "ontent-length",
        "x-octelium", "x-forwardedfor", "transfer-encoding2", "a-very-long-name-that-nobody-knows",
        "proxy-authorizatioN2"}) {
    EXPECT_EQ(classify(name), FieldId::kOther) << name;
  }
}

TEST(Field, UnderscoresHideNothing) {
  EXPECT_EQ(classify("X_Octelium_Auth"), FieldId::kXOctelium);
  EXPECT_EQ(classify("x-octelium_auth"), FieldId::kXOctelium);
  EXPECT_EQ(classify("X_Forwarded_For"), FieldId::kXForwarded);
  EXPECT_EQ(classify("X_REAL_IP"), FieldId::kXForwarded);
  EXPECT_EQ(classify("content_length"), FieldId::kContentLength);
  EXPECT_EQ(classify("Transfer_Encoding"), FieldId::kTransferEncoding);
}

TEST(Field, TokensAndValues) {
  EXPECT_TRUE(is_token("!#$%&'*+-.^_`|~09azAZ"));
  for (const std::string_view bad :
       {"", "a b", "a:", "a\t", "a\"", "(a)", "a/b", "a@", "[", "{", "\x7F", "\xC3"})
    EXPECT_FALSE(is_token(bad)) << bad;
  EXPECT_TRUE(is_field_value(""));
  EXPECT_TRUE(is_field_value("a\tb \xC3\xA4\xFF"));
  for (const std::string_view bad : {"a\r", "a\n", "\r\nX: y", "\x01", "\x7F", "\x1F"})
    EXPECT_FALSE(is_field_value(bad));
  EXPECT_FALSE(is_field_value(std::string_view("a\0b", 3)));
}

TEST(Field, ListsComeApartWithoutTheirWhitespace) {
  std::string_view list = "a ,\tb,, c";
  std::string_view element;
  std::vector<std::string_view> elements;
  while (next_element(list, element)) elements.push_back(element);
  EXPECT_EQ(elements, (std::vector<std::string_view>{"a", "b", "", "c"}));
}

TEST(FieldList, FindsTheFirstByIdAndByName) {
  FieldList list;
  list.push(Field{"X-A", "1", FieldId::kOther, false});
  list.push(Field{"x-a", "2", FieldId::kOther, false});
  list.push(Field{"Host", "h", FieldId::kHost, false});
  EXPECT_EQ(list.find("x-A")->value, "1");
  EXPECT_EQ(list.find(FieldId::kHost)->value, "h");
  EXPECT_EQ(list.find("x-b"), nullptr);
  EXPECT_EQ(list.find(FieldId::kCookie), nullptr);
}

TEST(FieldList, CopiesHoldWhatTheOriginalHeld) {
  FieldList list;
  for (std::size_t i = 0; i < FieldList::kCapacity; ++i)
    ASSERT_TRUE(list.push(Field{"n", "v", FieldId::kOther, false}));
  EXPECT_FALSE(list.push(Field{}));
  FieldList copy(list);
  EXPECT_EQ(copy.size(), FieldList::kCapacity);
  copy.clear();
  copy.push(Field{"a", "b", FieldId::kOther, true});
  list = copy;
  ASSERT_EQ(list.size(), 1u);
  EXPECT_EQ(list[0].name, "a");
  EXPECT_TRUE(list[0].hop_by_hop);
}

}  // namespace
}  // namespace http
