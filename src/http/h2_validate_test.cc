#include "http/h2_validate.h"

#include <gtest/gtest.h>

namespace http {
namespace {

RequestHead request(std::initializer_list<std::pair<std::string_view, std::string_view>> fields) {
  RequestHead head;
  head.method = "POST";
  head.target = "/";
  head.authority = "a.example";
  head.scheme = "https";
  head.version = Version::kHttp2;
  head.framing = Framing::kStream;
  for (const auto& [name, value] : fields)
    head.fields.push(Field{name, value, FieldId::kOther, false});
  return head;
}

TEST(H2Request, IdsAndFlagsAreFilledIn) {
  RequestHead head = request({{"content-length", "5"},
                              {"te", "trailers"},
                              {"expect", "100-continue"},
                              {"trailer", "x"},
                              {"proxy-authorization", "Basic a"},
                              {"x-octelium-auth", "t"},
                              {"host", "A.example"}});
  ASSERT_EQ(validate_h2_request(head), Reject::kNone);
  EXPECT_EQ(head.content_length, 5u);
  EXPECT_TRUE(head.te_trailers);
  EXPECT_TRUE(head.expect_continue);
  EXPECT_EQ(head.fields.find(FieldId::kXOctelium)->value, "t");
  for (const Field& field : head.fields) {
    const bool here = field.name == "te" || field.name == "expect" || field.name == "trailer" ||
                      field.name == "proxy-authorization";
    EXPECT_EQ(field.hop_by_hop, here) << field.name;
  }
}

TEST(H2Request, TheHeaderRulesOfHttp1HoldHereToo) {
  const struct {
    const char* name;
    RequestHead head;
    Reject reject;
  } cases[] = {
      {"connection", request({{"connection", "close"}}), Reject::kConnectionField},
      {"keep-alive", request({{"keep-alive", "5"}}), Reject::kConnectionField},
      {"proxy-connection", request({{"proxy-connection", "close"}}), Reject::kConnectionField},
      {"transfer-encoding", request({{"transfer-encoding", "chunked"}}), Reject::kConnectionField},
      {"transfer_encoding", request({{"transfer_encoding", "chunked"}}), Reject::kConnectionField},
      {"upgrade", request({{"upgrade", "websocket"}}), Reject::kConnectionField},
      {"two lengths", request({{"content-length", "5"}, {"content-length", "5"}}),
       Reject::kDuplicateField},
      {"bad length", request({{"content-length", "+5"}}), Reject::kContentLengthMalformed},
      {"content_length", request({{"content_length", "5"}}), Reject::kFieldNameMalformed},
      {"two authorizations", request({{"authorization", "a"}, {"authorization", "a"}}),
       Reject::kDuplicateField},
      {"two content types", request({{"content-type", "a"}, {"content-type", "b"}}),
       Reject::kDuplicateField},
      {"two hosts", request({{"host", "a.example"}, {"host", "a.example"}}),
       Reject::kDuplicateField},
      {"another host", request({{"host", "b.example"}}), Reject::kAuthorityConflict},
      {"te: gzip", request({{"te", "gzip"}}), Reject::kTeMalformed},
      {"name with a space", request({{"a b", "c"}}), Reject::kFieldNameMalformed},
      {"value with a line break", request({{"a", "b\r\nc: d"}}), Reject::kFieldValueMalformed},
      {"unknown expectation", request({{"expect", "x"}}), Reject::kExpectationUnsupported},
  };
  for (const auto& c : cases) {
    RequestHead head = c.head;
    EXPECT_EQ(reject_name(validate_h2_request(head)), reject_name(c.reject)) << c.name;
  }
}

TEST(H2Request, PseudoHeadersAreChecked) {
  const auto reason = [](auto change) {
    RequestHead head = request({});
    change(head);
    return validate_h2_request(head);
  };
  EXPECT_EQ(reason([](RequestHead& h) { h.method = "CONNECT"; }), Reject::kMethodNotAllowed);
  EXPECT_EQ(reason([](RequestHead& h) { h.method = "TRACE"; }), Reject::kMethodNotAllowed);
  EXPECT_EQ(reason([](RequestHead& h) { h.method = "A B"; }), Reject::kMethodMalformed);
  EXPECT_EQ(reason([](RequestHead& h) { h.method = ""; }), Reject::kMethodMalformed);
  EXPECT_EQ(reason([](RequestHead& h) { h.scheme = "ftp"; }), Reject::kSchemeMalformed);
  EXPECT_EQ(reason([](RequestHead& h) { h.authority = ""; }), Reject::kHostMissing);
}

TEST(H2Request, HostStandsInForAMissingAuthority) {
  RequestHead head = request({{"host", "b.example"}});
  head.authority = "";
  ASSERT_EQ(validate_h2_request(head), Reject::kNone);
  EXPECT_EQ(head.authority, "b.example");
}

TEST(H2Request, AnEndedRequestHasNoLength) {
  RequestHead head = request({{"content-length", "5"}, {"expect", "100-continue"}});
  head.framing = Framing::kNone;
  EXPECT_EQ(validate_h2_request(head), Reject::kFramingConflict);
  head = request({{"content-length", "0"}, {"expect", "100-continue"}});
  head.framing = Framing::kNone;
  EXPECT_EQ(validate_h2_request(head), Reject::kNone);
  EXPECT_FALSE(head.expect_continue);
}

TEST(Trailers, WhatMayNotBeOneIsMarked) {
  FieldList list;
  list.push(Field{"grpc-status", "0", FieldId::kOther, false});
  list.push(Field{"x-custom", "1", FieldId::kOther, false});
  EXPECT_TRUE(validate_trailers(list));
  for (const std::string_view name : {"host",
                                      "content-length",
                                      "transfer-encoding",
                                      "authorization",
                                      "cookie",
                                      "x-octelium-auth",
                                      "X_Octelium_Auth",
                                      "x-forwarded-for",
                                      "forwarded",
                                      "te",
                                      "trailer",
                                      "connection",
                                      "upgrade",
                                      "content-type",
                                      "content-encoding",
                                      "Set-Cookie",
                                      "proxy-authorization",
                                      "if-match",
                                      "cache-control",
                                      "expect"}) {
    FieldList bad = list;
    bad.push(Field{name, "v", FieldId::kOther, false});
    EXPECT_FALSE(validate_trailers(bad)) << name;
    EXPECT_FALSE(bad[0].hop_by_hop);
    EXPECT_FALSE(bad[1].hop_by_hop);
    EXPECT_TRUE(bad[2].hop_by_hop) << name;
  }
}

}  // namespace
}  // namespace http
