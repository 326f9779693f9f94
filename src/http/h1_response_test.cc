#include <gtest/gtest.h>

#include <string>

#include "http/h1_parser.h"

namespace http {
namespace {

struct Outcome {
  Parsed parsed;
  ResponseHead head;
};

Outcome parse(std::string_view bytes, std::string_view method = "GET") {
  Outcome out;
  out.parsed = parse_response(bytes, Limits(), method, out.head);
  return out;
}

Framing framing(std::string_view bytes, std::string_view method = "GET") {
  const Outcome out = parse(bytes, method);
  EXPECT_EQ(out.parsed.state, ParseState::kDone) << bytes;
  return out.head.framing;
}

Reject reason(std::string_view bytes, std::string_view method = "GET") {
  return parse(bytes, method).parsed.reject;
}

TEST(H1Response, AnOrdinaryResponseComesApart) {
  const Outcome out = parse("HTTP/1.1 200 All is well\r\nContent-Length: 3\r\nX-A: b\r\n\r\nabc");
  ASSERT_EQ(out.parsed.state, ParseState::kDone);
  EXPECT_EQ(out.parsed.consumed, 55u);
  EXPECT_EQ(out.head.status, 200);
  EXPECT_EQ(out.head.framing, Framing::kLength);
  EXPECT_EQ(out.head.content_length, 3u);
  EXPECT_TRUE(out.head.keep_alive);
  EXPECT_EQ(out.head.fields.size(), 2u);
}

TEST(H1Response, TheEndOfTheBodyFollowsRfc9112) {
  EXPECT_EQ(framing("HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n"), Framing::kChunked);
  EXPECT_EQ(framing("HTTP/1.1 200 OK\r\n\r\n"), Framing::kUntilClose);
  EXPECT_FALSE(parse("HTTP/1.1 200 OK\r\n\r\n").head.keep_alive);
  EXPECT_EQ(framing("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), Framing::kLength);
  for (const char* status : {"100", "103", "204", "304"})
    EXPECT_EQ(framing("HTTP/1.1 " + std::string(status) + " X\r\n\r\n"), Framing::kNone) << status;
  EXPECT_EQ(framing("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "HEAD"), Framing::kNone);
  EXPECT_EQ(framing("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "HEAD"),
            Framing::kNone);
  EXPECT_EQ(parse("HTTP/1.1 304 X\r\nContent-Length: 5\r\n\r\n").head.content_length, 5u);
  EXPECT_EQ(framing("HTTP/1.0 200 OK\r\n\r\n"), Framing::kUntilClose);
  EXPECT_FALSE(parse("HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n").head.keep_alive);
  EXPECT_TRUE(parse("HTTP/1.0 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\n")
                  .head.keep_alive);
}

TEST(H1Response, TheReasonPhraseMayBeMissing) {
  EXPECT_EQ(parse("HTTP/1.1 404 \r\nContent-Length: 0\r\n\r\n").head.status, 404);
  EXPECT_EQ(parse("HTTP/1.1 404\r\nContent-Length: 0\r\n\r\n").head.status, 404);
}

TEST(H1Response, ASwitchOfProtocolsIsToWebSocket) {
  EXPECT_TRUE(parse("HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
                  .head.upgrade_websocket);
  EXPECT_EQ(reason("HTTP/1.1 101 X\r\n\r\n"), Reject::kUpgradeMalformed);
  EXPECT_EQ(reason("HTTP/1.1 101 X\r\nUpgrade: websocket\r\n\r\n"), Reject::kUpgradeMalformed);
  EXPECT_EQ(reason("HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"),
            Reject::kUpgradeMalformed);
}

TEST(H1Response, WhatIsAmbiguousIsRefused) {
  const struct {
    const char* name;
    std::string bytes;
    Reject reject;
  } cases[] = {
      {"length and chunked",
       "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
       Reject::kFramingConflict},
      {"length and chunked, no body",
       "HTTP/1.1 304 X\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
       Reject::kFramingConflict},
      {"two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n",
       Reject::kDuplicateField},
      {"bad length where there is no body", "HTTP/1.1 204 X\r\nContent-Length: x\r\n\r\n",
       Reject::kContentLengthMalformed},
      {"unknown coding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
       Reject::kTransferCodingUnsupported},
      {"unknown coding where there is no body", "HTTP/1.1 304 X\r\nTransfer-Encoding: gzip\r\n\r\n",
       Reject::kTransferCodingUnsupported},
      {"chunked 204", "HTTP/1.1 204 X\r\nTransfer-Encoding: chunked\r\n\r\n",
       Reject::kFramingConflict},
      {"chunked 100", "HTTP/1.1 100 X\r\nTransfer-Encoding: chunked\r\n\r\n",
       Reject::kFramingConflict},
      {"chunked 1.0", "HTTP/1.0 200 X\r\nTransfer-Encoding: chunked\r\n\r\n",
       Reject::kFramingConflict},
      {"status 99", "HTTP/1.1 099 X\r\n\r\n", Reject::kRequestLineMalformed},
      {"status 600", "HTTP/1.1 600 X\r\n\r\n", Reject::kRequestLineMalformed},
      {"status 2000", "HTTP/1.1 2000 X\r\n\r\n", Reject::kRequestLineMalformed},
      {"no number", "HTTP/1.1 2x0 X\r\n\r\n", Reject::kRequestLineMalformed},
      {"two spaces", "HTTP/1.1  200 X\r\n\r\n", Reject::kRequestLineMalformed},
      {"short", "HTTP/1.1 20\r\n\r\n", Reject::kRequestLineMalformed},
      {"HTTP/2", "HTTP/2.0 200 X\r\n\r\n", Reject::kRequestLineMalformed},
      {"lower case", "http/1.1 200 X\r\n\r\n", Reject::kRequestLineMalformed},
      {"something else", "SSH-2.0-OpenSSH_9.2\r\n", Reject::kRequestLineMalformed},
      {"empty line first", "\r\nHTTP/1.1 200 X\r\n\r\n", Reject::kRequestLineMalformed},
      {"bare LF", "HTTP/1.1 200 X\n\n", Reject::kBareLineBreak},
      {"folding", "HTTP/1.1 200 X\r\nX-A: b\r\n c\r\n\r\n", Reject::kObsFold},
      {"space before the colon", "HTTP/1.1 200 X\r\nContent-Length : 5\r\n\r\n",
       Reject::kFieldNameMalformed},
  };
  for (const auto& c : cases)
    EXPECT_EQ(reject_name(reason(c.bytes)), reject_name(c.reject)) << c.name;
}

TEST(H1Response, LimitsHold) {
  Limits limits;
  limits.max_head_bytes = 64;
  ResponseHead head;
  const std::string start = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX: ";
  std::string bytes = start + std::string(64 - start.size() - 4, 'x') + "\r\n\r\n";
  EXPECT_EQ(parse_response(bytes, limits, "GET", head).state, ParseState::kDone);
  bytes.insert(start.size(), "x");
  EXPECT_EQ(parse_response(bytes, limits, "GET", head).reject, Reject::kHeadTooLarge);
}

}  // namespace
}  // namespace http
