// Requests that two readers could split at different places. Each must be refused, with the
// connection closed, before anything is sent to an upstream (RFC 9112 §6.3, §11.2).

#include <gtest/gtest.h>

#include <string>

#include "http/h1_parser.h"

namespace http {
namespace {

struct Row {
  const char* name;
  std::string fields;
  Reject reject;
};

Reject reason(const std::string& bytes) {
  RequestHead head;
  return parse_request(bytes, Limits(), head).reject;
}

std::string request(std::string_view fields, std::string_view version = "HTTP/1.1") {
  return "POST / " + std::string(version) + "\r\nHost: a.example\r\n" + std::string(fields) +
         "\r\n";
}

TEST(Smuggling, EveryDoubtAboutTheFramingIsRefused) {
  const Row rows[] = {
      {"CL.TE", "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n", Reject::kFramingConflict},
      {"TE.CL", "Transfer-Encoding: chunked\r\nContent-Length: 6\r\n", Reject::kFramingConflict},
      {"length of zero beside chunked", "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n",
       Reject::kFramingConflict},
      {"unknown coding beside a length", "Content-Length: 6\r\nTransfer-Encoding: x\r\n",
       Reject::kFramingConflict},
      {"xchunked", "Transfer-Encoding: xchunked\r\n", Reject::kTransferCodingUnsupported},
      {"chunkedx", "Transfer-Encoding: chunkedx\r\n", Reject::kTransferCodingUnsupported},
      {"chunked twice in one field", "Transfer-Encoding: chunked, chunked\r\n",
       Reject::kTransferCodingUnsupported},
      {"gzip, chunked", "Transfer-Encoding: gzip, chunked\r\n", Reject::kTransferCodingUnsupported},
      {"chunked, identity", "Transfer-Encoding: chunked, identity\r\n",
       Reject::kTransferCodingUnsupported},
      {"identity", "Transfer-Encoding: identity\r\n", Reject::kTransferCodingUnsupported},
      {"trailing comma", "Transfer-Encoding: chunked,\r\n", Reject::kTransferCodingUnsupported},
      {"leading comma", "Transfer-Encoding: ,chunked\r\n", Reject::kTransferCodingUnsupported},
      {"parameter", "Transfer-Encoding: chunked;q=1\r\n", Reject::kTransferCodingUnsupported},
      {"quoted", "Transfer-Encoding: \"chunked\"\r\n", Reject::kTransferCodingUnsupported},
      {"empty coding", "Transfer-Encoding:\r\n", Reject::kTransferCodingUnsupported},
      {"vertical tab",
       "Transfer-Encoding:\x0B"
       "chunked\r\n",
       Reject::kFieldValueMalformed},
      {"form feed", "Transfer-Encoding: chunked\x0C\r\n", Reject::kFieldValueMalformed},
      {"NUL after the coding", std::string("Transfer-Encoding: chunked\0\r\n", 29),
       Reject::kFieldValueMalformed},
      {"non-breaking space",
       "Transfer-Encoding: \xA0"
       "chunked\r\n",
       Reject::kTransferCodingUnsupported},
      {"space before the colon", "Transfer-Encoding : chunked\r\n", Reject::kFieldNameMalformed},
      {"tab before the colon", "Transfer-Encoding\t: chunked\r\n", Reject::kFieldNameMalformed},
      {"control byte in the name", "Transfer\x01-Encoding: chunked\r\n",
       Reject::kFieldNameMalformed},
      {"folded coding", "Transfer-Encoding:\r\n chunked\r\n", Reject::kObsFold},
      {"folded name", "X: y\r\n Transfer-Encoding: chunked\r\n", Reject::kObsFold},
      {"bare CR before the name", "X: y\rTransfer-Encoding: chunked\r\n", Reject::kBareLineBreak},
      {"bare LF before the name", "X: y\nTransfer-Encoding: chunked\r\n", Reject::kBareLineBreak},
      {"underscore", "Transfer_Encoding: chunked\r\n", Reject::kFieldNameMalformed},
      {"underscore in the length", "Content_Length: 6\r\n", Reject::kFieldNameMalformed},
      {"two codings", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
       Reject::kDuplicateField},
      {"two lengths", "Content-Length: 6\r\nContent-Length: 5\r\n", Reject::kDuplicateField},
      {"the same length twice", "Content-Length: 6\r\ncontent-length: 6\r\n",
       Reject::kDuplicateField},
      {"a list of lengths", "Content-Length: 6, 6\r\n", Reject::kContentLengthMalformed},
      {"plus sign", "Content-Length: +6\r\n", Reject::kContentLengthMalformed},
      {"minus sign", "Content-Length: -6\r\n", Reject::kContentLengthMalformed},
      {"minus zero", "Content-Length: -0\r\n", Reject::kContentLengthMalformed},
      {"hexadecimal", "Content-Length: 0x6\r\n", Reject::kContentLengthMalformed},
      {"digits and more", "Content-Length: 6x\r\n", Reject::kContentLengthMalformed},
      {"underscored digits", "Content-Length: 1_0\r\n", Reject::kContentLengthMalformed},
      {"space inside", "Content-Length: 1 0\r\n", Reject::kContentLengthMalformed},
      {"fraction", "Content-Length: 6.0\r\n", Reject::kContentLengthMalformed},
      {"empty length", "Content-Length:\r\n", Reject::kContentLengthMalformed},
      {"full-width digit", "Content-Length: \xEF\xBC\x96\r\n", Reject::kContentLengthMalformed},
      {"2^63", "Content-Length: 9223372036854775808\r\n", Reject::kContentLengthMalformed},
      {"2^64 + 6", "Content-Length: 18446744073709551622\r\n", Reject::kContentLengthMalformed},
      {"length taken away by Connection", "Content-Length: 6\r\nConnection: content-length\r\n",
       Reject::kConnectionField},
      {"coding taken away by Connection",
       "Transfer-Encoding: chunked\r\nConnection: transfer-encoding\r\n", Reject::kConnectionField},
      {"body with an upgrade", "Content-Length: 6\r\nConnection: upgrade\r\nUpgrade: websocket\r\n",
       Reject::kUpgradeMalformed},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(reject_name(reason(request(row.fields))), reject_name(row.reject)) << row.name;
    EXPECT_TRUE(reject_closes(row.reject)) << row.name;
  }
}

TEST(Smuggling, ChunkedIsOnlyKnownToHttp11) {
  EXPECT_EQ(reason(request("Transfer-Encoding: chunked\r\n", "HTTP/1.0")),
            Reject::kFramingConflict);
  EXPECT_EQ(reject_status(Reject::kTransferCodingUnsupported), 501);
}

TEST(Smuggling, WhatIsUnambiguousPasses) {
  RequestHead head;
  const auto framing = [&](std::string_view fields) {
    EXPECT_EQ(parse_request(request(fields), Limits(), head).state, ParseState::kDone) << fields;
    return head.framing;
  };
  EXPECT_EQ(framing(""), Framing::kNone);
  EXPECT_EQ(framing("Transfer-Encoding: chunked\r\n"), Framing::kChunked);
  EXPECT_EQ(framing("transfer-encoding:\t CHUNKED \t\r\n"), Framing::kChunked);
  EXPECT_EQ(framing("Content-Length: 0\r\n"), Framing::kLength);
  EXPECT_EQ(head.content_length, 0u);
  EXPECT_EQ(framing("Content-Length:  007 \r\n"), Framing::kLength);
  EXPECT_EQ(head.content_length, 7u);
  EXPECT_EQ(framing("Content-Length: 9223372036854775807\r\n"), Framing::kLength);
  EXPECT_EQ(head.content_length, 9223372036854775807u);
}

}  // namespace
}  // namespace http
