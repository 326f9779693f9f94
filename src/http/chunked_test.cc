#include "http/chunked.h"

#include <gtest/gtest.h>

#include <string>

namespace http {
namespace {

using State = ChunkedDecoder::State;

struct Outcome {
  State state = State::kMore;
  std::string data;
  std::size_t consumed = 0;
};

// Feeds `bytes` in pieces of `size`.
Outcome decode(ChunkedDecoder& decoder, std::string_view bytes, std::size_t size) {
  Outcome out;
  while (out.consumed < bytes.size() && out.state == State::kMore) {
    std::string_view piece = bytes.substr(out.consumed, size);
    while (!piece.empty() && out.state == State::kMore) {
      const ChunkedDecoder::Step step = decoder.feed(piece);
      EXPECT_GT(step.consumed, 0u);
      out.data += step.data;
      out.state = step.state;
      out.consumed += step.consumed;
      piece.remove_prefix(step.consumed);
    }
  }
  return out;
}

// The same whatever the pieces.
Outcome decode(std::string_view bytes) {
  Outcome whole;
  for (const std::size_t size : {bytes.size(), std::size_t{1}, std::size_t{3}}) {
    ChunkedDecoder decoder;
    const Outcome out = decode(decoder, bytes, std::max<std::size_t>(size, 1));
    if (size == bytes.size()) {
      whole = out;
    } else {
      EXPECT_EQ(out.state, whole.state) << bytes;
      if (out.state != State::kRejected) {
        EXPECT_EQ(out.data, whole.data) << bytes;
        EXPECT_EQ(out.consumed, whole.consumed) << bytes;
      }
    }
  }
  return whole;
}

TEST(Chunked, DataComesOutWithoutItsFraming) {
  const Outcome out = decode("5\r\nhello\r\n6;x=\"y\"\r\n world\r\n0\r\n\r\n");
  EXPECT_EQ(out.state, State::kDone);
  EXPECT_EQ(out.data, "hello world");
}

TEST(Chunked, WhatFollowsTheEndIsLeft) {
  const Outcome out = decode("0\r\n\r\nGET / HTTP/1.1\r\n");
  EXPECT_EQ(out.state, State::kDone);
  EXPECT_EQ(out.consumed, 5u);
}

TEST(Chunked, SizesAreHexadecimalInEitherCase) {
  const std::string body(0xAB, 'x');
  EXPECT_EQ(decode("aB\r\n" + body + "\r\n0\r\n\r\n").data, body);
  EXPECT_EQ(decode("00000000000000ab\r\n" + body + "\r\n0000\r\n\r\n").data, body);
}

TEST(Chunked, AnythingElseIsRefused) {
  const struct {
    const char* name;
    std::string bytes;
  } cases[] = {
      {"no size", "\r\nabc"},
      {"0x", "0x5\r\nhello\r\n"},
      {"plus", "+5\r\nhello\r\n"},
      {"minus", "-5\r\nhello\r\n"},
      {"leading space", " 5\r\nhello\r\n"},
      {"trailing space", "5 \r\nhello\r\n"},
      {"space before the extension", "5 ;a\r\nhello\r\n"},
      {"not a digit", "5g\r\nhello\r\n"},
      {"17 digits", "00000000000000005\r\nhello\r\n"},
      {"2^63", "8000000000000000\r\n"},
      {"2^64 - 1", "ffffffffffffffff\r\n"},
      {"bare LF after the size", "5\nhello\r\n"},
      {"bare CR after the size", "5\rhello\r\n"},
      {"CR CR LF after the size", "5\r\r\nhello\r\n"},
      {"bare LF in an extension", "5;a\nhello\r\n"},
      {"NUL in an extension", std::string("5;a\0b\r\nhello\r\n", 15)},
      {"data too long", "5\r\nhello!\r\n"},
      {"data too short", "5\r\nhell\r\n0\r\n\r\n"},
      {"bare LF after data", "5\r\nhello\n0\r\n\r\n"},
      {"bare CR after data", "5\r\nhello\r0\r\n\r\n"},
      {"bare LF at the end", "0\r\n\n\r\n\r\n"},
      {"folded trailer", "0\r\nX: a\r\n b\r\n\r\n"},
      {"trailer without colon", "0\r\nX\r\n\r\n"},
      {"trailer with a space before the colon", "0\r\nX : a\r\n\r\n"},
      {"trailer with a bare LF", "0\r\nX: a\nY: b\r\n\r\n"},
      {"trailer with a bare CR", "0\r\nX: a\rb\r\n\r\n"},
      {"trailer about framing", "0\r\nContent-Length: 5\r\n\r\n"},
      {"trailer about framing", "0\r\ntransfer-encoding: chunked\r\n\r\n"},
      {"trailer about routing", "0\r\nHost: b.example\r\n\r\n"},
      {"trailer about identity", "0\r\nX_Octelium_Auth: t\r\n\r\n"},
      {"trailer about identity", "0\r\nAuthorization: Bearer t\r\n\r\n"},
      {"trailer about forwarding", "0\r\nX-Forwarded-For: 10.0.0.1\r\n\r\n"},
      {"trailer about the content", "0\r\nContent-Encoding: gzip\r\n\r\n"},
      {"trailer that sets a cookie", "0\r\nSet-Cookie: a=b\r\n\r\n"},
  };
  for (const auto& c : cases) EXPECT_EQ(decode(c.bytes).state, State::kRejected) << c.name;
}

TEST(Chunked, TheLargestSizeIsNotAnOverflow) {
  const Outcome out = decode("7fffffffffffffff\r\nabc");
  EXPECT_EQ(out.state, State::kMore);
  EXPECT_EQ(out.data, "abc");
}

TEST(Chunked, ExtensionsAreBounded) {
  const std::string longest(ChunkedDecoder::kMaxExtension, 'e');
  EXPECT_EQ(decode("1;" + longest + "\r\nx\r\n0\r\n\r\n").data, "x");
  EXPECT_EQ(decode("1;" + longest + "e\r\nx\r\n0\r\n\r\n").state, State::kRejected);
  std::string bytes;
  const std::size_t chunks = ChunkedDecoder::kMaxExtensions / ChunkedDecoder::kMaxExtension;
  for (std::size_t i = 0; i < chunks; ++i) bytes += "1;" + longest + "\r\nx\r\n";
  EXPECT_EQ(decode(bytes + "0\r\n\r\n").state, State::kDone);
  EXPECT_EQ(decode(bytes + "0;e\r\n\r\n").state, State::kRejected);
}

TEST(Chunked, TrailersAreKept) {
  ChunkedDecoder decoder;
  const Outcome out = decode(decoder, "1\r\nx\r\n0\r\nX-Sum:  abc \r\nGrpc-Status: 0\r\n\r\n", 7);
  ASSERT_EQ(out.state, State::kDone);
  ASSERT_EQ(decoder.trailers().size(), 2u);
  EXPECT_EQ(decoder.trailers()[0].name, "X-Sum");
  EXPECT_EQ(decoder.trailers()[0].value, "abc");
  EXPECT_EQ(decoder.trailers()[1].id, FieldId::kGrpcStatus);
}

TEST(Chunked, TrailersAreBounded) {
  const std::string start = "0\r\n";
  std::string trailer = "X: " + std::string(ChunkedDecoder::kMaxTrailers - 7, 'v') + "\r\n\r\n";
  ASSERT_EQ(trailer.size(), ChunkedDecoder::kMaxTrailers);
  EXPECT_EQ(decode(start + trailer).state, State::kDone);
  trailer.insert(3, "v");
  EXPECT_EQ(decode(start + trailer).state, State::kRejected);
  std::string many = start;
  for (std::size_t i = 0; i <= FieldList::kCapacity; ++i) many += "X: v\r\n";
  EXPECT_EQ(decode(many + "\r\n").state, State::kRejected);
}

TEST(Chunked, ADecoderCanBeUsedAgain) {
  ChunkedDecoder decoder;
  EXPECT_EQ(decode(decoder, "1;e\r\nx\r\n0\r\nA: b\r\n\r\n", 100).state, State::kDone);
  decoder.reset();
  EXPECT_TRUE(decoder.trailers().empty());
  EXPECT_EQ(decode(decoder, "1\r\ny\r\n0\r\n\r\n", 100).data, "y");
}

}  // namespace
}  // namespace http
