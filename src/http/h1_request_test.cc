#include <gtest/gtest.h>

#include <string>

#include "http/h1_parser.h"

namespace http {
namespace {

constexpr Limits kLimits;

// A request head whose first line and Host are good.
std::string with(std::string_view fields) {
  return "GET / HTTP/1.1\r\nHost: a.example\r\n" + std::string(fields) + "\r\n";
}

struct Outcome {
  ParseState state;
  Reject reject;
  RequestHead head;
};

Outcome parse(std::string_view bytes) {
  Outcome out{};
  const Parsed parsed = parse_request(bytes, kLimits, out.head);
  out.state = parsed.state;
  out.reject = parsed.reject;
  if (parsed.state == ParseState::kDone) EXPECT_EQ(parsed.consumed, bytes.size());
  return out;
}

Reject reason(std::string_view bytes) {
  const Outcome out = parse(bytes);
  EXPECT_EQ(out.state == ParseState::kRejected, out.reject != Reject::kNone);
  EXPECT_NE(out.state, ParseState::kNeedMore) << bytes;
  return out.reject;
}

struct Row {
  const char* name;
  std::string bytes;
  Reject reject;
};

void expect_all(std::initializer_list<Row> rows) {
  for (const Row& row : rows)
    EXPECT_EQ(reject_name(reason(row.bytes)), reject_name(row.reject)) << row.name;
}

TEST(H1Request, AnOrdinaryRequestComesApart) {
  const std::string bytes =
      "POST /a/b?c=d HTTP/1.1\r\nHost: a.example:8443\r\nContent-Length: "
      "12\r\nX-Empty:\r\nX-Space: \t v w \t\r\n\r\n";
  const Outcome out = parse(bytes);
  ASSERT_EQ(out.state, ParseState::kDone);
  EXPECT_EQ(out.head.method, "POST");
  EXPECT_EQ(out.head.target, "/a/b?c=d");
  EXPECT_EQ(out.head.authority, "a.example:8443");
  EXPECT_EQ(out.head.version, Version::kHttp11);
  EXPECT_EQ(out.head.framing, Framing::kLength);
  EXPECT_EQ(out.head.content_length, 12u);
  EXPECT_TRUE(out.head.keep_alive);
  ASSERT_EQ(out.head.fields.size(), 4u);
  EXPECT_EQ(out.head.fields[2].value, "");
  EXPECT_EQ(out.head.fields[3].value, "v w");
  EXPECT_EQ(out.head.fields.find(FieldId::kContentLength)->value, "12");
}

TEST(H1Request, EveryPrefixWantsMore) {
  const std::string bytes = with("Accept: */*\r\nConnection: close\r\n");
  RequestHead head;
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(parse_request(std::string_view(bytes).substr(0, size), kLimits, head).state,
              ParseState::kNeedMore)
        << size;
  }
}

TEST(H1Request, WhatFollowsTheHeadIsLeft) {
  const std::string head_bytes = with("");
  RequestHead head;
  const Parsed parsed = parse_request(head_bytes + "GET /next", kLimits, head);
  EXPECT_EQ(parsed.state, ParseState::kDone);
  EXPECT_EQ(parsed.consumed, head_bytes.size());
}

TEST(H1Request, OneEmptyLineBeforeIsForgivenAndNoMore) {
  EXPECT_EQ(parse("\r\n" + with("")).state, ParseState::kDone);
  EXPECT_EQ(reason("\r\n\r\n" + with("")), Reject::kRequestLineMalformed);
  EXPECT_EQ(reason("\n" + with("")), Reject::kBareLineBreak);
}

TEST(H1Request, TheRequestLineIsTakenLiterally) {
  const std::string rest = "\r\nHost: a.example\r\n\r\n";
  expect_all({
      {"two spaces after the method", "GET  / HTTP/1.1" + rest, Reject::kRequestLineMalformed},
      {"two spaces before the version", "GET /  HTTP/1.1" + rest, Reject::kRequestLineMalformed},
      {"tab for space", "GET\t/ HTTP/1.1" + rest, Reject::kRequestLineMalformed},
      {"tab in the target", "GET /a\tb HTTP/1.1" + rest, Reject::kRequestLineMalformed},
      {"leading space", " GET / HTTP/1.1" + rest, Reject::kMethodMalformed},
      {"trailing space", "GET / HTTP/1.1 " + rest, Reject::kRequestLineMalformed},
      {"space in the target", "GET /a b HTTP/1.1" + rest, Reject::kRequestLineMalformed},
      {"no version (HTTP/0.9)", "GET /" + rest, Reject::kRequestLineMalformed},
      {"nothing but a method", "GET" + rest, Reject::kRequestLineMalformed},
      {"empty target", "GET  HTTP/1.1" + rest, Reject::kRequestLineMalformed},
      {"method no token", "G(T / HTTP/1.1" + rest, Reject::kMethodMalformed},
      {"empty method", " / HTTP/1.1" + rest, Reject::kMethodMalformed},
      {"HTTP/1.2", "GET / HTTP/1.2" + rest, Reject::kVersionUnsupported},
      {"HTTP/2.0", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Reject::kVersionUnsupported},
      {"HTTP/1.10", "GET / HTTP/1.10" + rest, Reject::kRequestLineMalformed},
      {"lower-case protocol", "GET / http/1.1" + rest, Reject::kRequestLineMalformed},
      {"another protocol", "GET / ICAP/1.1" + rest, Reject::kRequestLineMalformed},
      {"CONNECT", "CONNECT a.example:443 HTTP/1.1" + rest, Reject::kMethodNotAllowed},
      {"TRACE", "TRACE / HTTP/1.1" + rest, Reject::kMethodNotAllowed},
      {"NUL", std::string("GET /\0 HTTP/1.1", 15) + rest, Reject::kRequestLineMalformed},
      {"DEL", "GET /\x7F HTTP/1.1" + rest, Reject::kRequestLineMalformed},
      {"a TLS handshake", std::string("\x16\x03\x01\x02\x00\x01", 6),
       Reject::kRequestLineMalformed},
      {"bare LF", "GET / HTTP/1.1\nHost: a.example\r\n\r\n", Reject::kBareLineBreak},
      {"bare CR", "GET / HTTP/1.1\rHost: a.example\r\n\r\n", Reject::kBareLineBreak},
  });
  EXPECT_EQ(reject_status(Reject::kVersionUnsupported), 505);
  EXPECT_EQ(reject_status(Reject::kMethodNotAllowed), 405);
}

TEST(H1Request, MethodsKeepTheirCase) {
  const Outcome out = parse("gEt / HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_EQ(out.state, ParseState::kDone);
  EXPECT_EQ(out.head.method, "gEt");
  EXPECT_EQ(parse("trace / HTTP/1.1\r\nHost: a\r\n\r\n").state, ParseState::kDone);
}

TEST(H1Request, FieldLinesHaveOneForm) {
  expect_all({
      {"space before the colon", with("X-A : b\r\n"), Reject::kFieldNameMalformed},
      {"tab before the colon", with("X-A\t: b\r\n"), Reject::kFieldNameMalformed},
      {"no colon", with("X-A\r\n"), Reject::kFieldNameMalformed},
      {"empty name", with(": b\r\n"), Reject::kFieldNameMalformed},
      {"parenthesis in the name", with("X(A): b\r\n"), Reject::kFieldNameMalformed},
      {"non-ASCII name", with("X-\xC3\xA4: b\r\n"), Reject::kFieldNameMalformed},
      {"NUL in the name", with(std::string("X\0A: b\r\n", 8)), Reject::kFieldNameMalformed},
      {"obs-fold with a space", with("X-A: b\r\n c\r\n"), Reject::kObsFold},
      {"obs-fold with a tab", with("X-A: b\r\n\tc\r\n"), Reject::kObsFold},
      {"space before the first field", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", Reject::kObsFold},
      {"bare LF after a field", with("X-A: b\n"), Reject::kBareLineBreak},
      {"bare CR in a value", with("X-A: b\rc\r\n"), Reject::kBareLineBreak},
      {"CR CR LF", with("X-A: b\r\r\n"), Reject::kBareLineBreak},
      {"LF for the end", "GET / HTTP/1.1\r\nHost: a\r\n\n", Reject::kBareLineBreak},
      {"CR and something for the end", "GET / HTTP/1.1\r\nHost: a\r\n\rX", Reject::kBareLineBreak},
      {"LF in place of a colon", with("X-A\n"), Reject::kBareLineBreak},
      {"NUL in a value", with(std::string("X-A: b\0c\r\n", 10)), Reject::kFieldValueMalformed},
      {"DEL in a value", with("X-A: b\x7F\r\n"), Reject::kFieldValueMalformed},
      {"control byte late in a long value", with("X-A: " + std::string(40, 'v') + "\x01\r\n"),
       Reject::kFieldValueMalformed},
  });
  EXPECT_EQ(parse(with("X-A: \xC3\xA4\t\xFF\r\n")).state, ParseState::kDone);
}

TEST(H1Request, ASingleFieldStandsOnce) {
  expect_all({
      {"Host", with("Host: a.example\r\n"), Reject::kDuplicateField},
      {"Host in another case", with("hOST: b.example\r\n"), Reject::kDuplicateField},
      {"Content-Length, same value", with("Content-Length: 5\r\nContent-Length: 5\r\n"),
       Reject::kDuplicateField},
      {"Content-Length, another value", with("Content-Length: 5\r\nContent-Length: 6\r\n"),
       Reject::kDuplicateField},
      {"Transfer-Encoding", with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
       Reject::kDuplicateField},
      {"Authorization", with("Authorization: Bearer a\r\nauthorization: Bearer b\r\n"),
       Reject::kDuplicateField},
      {"Content-Type", with("Content-Type: text/plain\r\nContent-Type: text/html\r\n"),
       Reject::kDuplicateField},
      {"Host with underscore spelling of a length", with("Content_Length: 5\r\n"),
       Reject::kFieldNameMalformed},
      {"Transfer_Encoding", with("Transfer_Encoding: chunked\r\n"), Reject::kFieldNameMalformed},
  });
  EXPECT_EQ(parse(with("Accept: a\r\nAccept: b\r\nCookie: a=b\r\nCookie: c=d\r\n")).state,
            ParseState::kDone);
}

TEST(H1Request, HostMustBeThereInEveryVersion) {
  EXPECT_EQ(reason("GET / HTTP/1.1\r\nAccept: a\r\n\r\n"), Reject::kHostMissing);
  EXPECT_EQ(reason("GET / HTTP/1.0\r\n\r\n"), Reject::kHostMissing);
  EXPECT_EQ(parse("GET / HTTP/1.0\r\nHost: a\r\n\r\n").state, ParseState::kDone);
}

TEST(H1Request, KeepAliveFollowsVersionAndConnection) {
  const struct {
    const char* bytes;
    bool keep_alive;
  } cases[] = {
      {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", true},
      {"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", false},
      {"GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Close\r\n\r\n", false},
      {"GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\nConnection: close\r\n\r\n", false},
      {"GET / HTTP/1.0\r\nHost: a\r\n\r\n", false},
      {"GET / HTTP/1.0\r\nHost: a\r\nConnection: Keep-Alive\r\n\r\n", true},
      {"GET / HTTP/1.0\r\nHost: a\r\nConnection: Keep-Alive, close\r\n\r\n", false},
  };
  for (const auto& c : cases) EXPECT_EQ(parse(c.bytes).head.keep_alive, c.keep_alive) << c.bytes;
}

TEST(H1Request, HopByHopFieldsAreMarked) {
  const std::string bytes = with(
      "Connection: X-Mine, , upgrade, TE\r\nKeep-Alive: 5\r\nProxy-Connection: a\r\nTE: "
      "trailers\r\nTrailer: X\r\n"
      "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\nProxy-Authorization: Basic a\r\nx-mine: "
      "1\r\nX-Theirs: 2\r\n");
  const Outcome out = parse(bytes);
  ASSERT_EQ(out.state, ParseState::kDone);
  for (const Field& field : out.head.fields)
    EXPECT_EQ(field.hop_by_hop, field.name != "Host" && field.name != "X-Theirs") << field.name;
  EXPECT_FALSE(out.head.upgrade_websocket);
  EXPECT_TRUE(out.head.te_trailers);
}

TEST(H1Request, ConnectionCannotTakeOurFieldsAway) {
  for (const std::string_view name :
       {"Host", "Content-Length", "Content-Type", "Authorization", "Cookie", "Transfer-Encoding",
        "X-Octelium-Auth", "x_octelium_auth", "X-Forwarded-For", "Forwarded", "X-Real-IP",
        "X-Octelium-Session-Uid"}) {
    EXPECT_EQ(reason(with("Connection: close, " + std::string(name) + "\r\n")),
              Reject::kConnectionField)
        << name;
  }
  EXPECT_EQ(reason(with("Connection: a b\r\n")), Reject::kFieldValueMalformed);
}

TEST(H1Request, ConnectionOptionsAreBounded) {
  std::string options = "a";
  for (int i = 1; i < 16; ++i) options += ",a";
  EXPECT_EQ(parse(with("Connection: " + options + "\r\n")).state, ParseState::kDone);
  EXPECT_EQ(reason(with("Connection: " + options + ",a\r\n")), Reject::kConnectionField);
  EXPECT_EQ(reason(with("Connection: " + options + "\r\nConnection: a\r\n")),
            Reject::kConnectionField);
  EXPECT_EQ(reason(with("Connection: ,,,,,,,,,,,,,,,,\r\n")), Reject::kConnectionField);
}

TEST(H1Request, OnlyWebSocketIsAnUpgrade) {
  const auto upgrades = [](std::string_view fields) {
    const Outcome out = parse(with(fields));
    EXPECT_EQ(out.state, ParseState::kDone) << fields;
    return out.head.upgrade_websocket;
  };
  EXPECT_TRUE(upgrades("Connection: Upgrade\r\nUpgrade: WebSocket\r\n"));
  EXPECT_TRUE(
      upgrades("Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nContent-Length: 0\r\n"));
  EXPECT_FALSE(upgrades("Upgrade: websocket\r\n"));
  EXPECT_FALSE(upgrades("Connection: Upgrade\r\nUpgrade: h2c\r\n"));
  EXPECT_FALSE(upgrades("Connection: Upgrade\r\nUpgrade: websocket, h2c\r\n"));
  EXPECT_EQ(reason(with("Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 1\r\n")),
            Reject::kUpgradeMalformed);
  EXPECT_EQ(
      reason(with("Connection: Upgrade\r\nUpgrade: websocket\r\nTransfer-Encoding: chunked\r\n")),
      Reject::kUpgradeMalformed);
  EXPECT_EQ(
      reason("POST / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"),
      Reject::kUpgradeMalformed);
  EXPECT_FALSE(
      parse("GET / HTTP/1.0\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
          .head.upgrade_websocket);
}

TEST(H1Request, ExpectIsAnsweredByUs) {
  const Outcome out = parse(with("Expect: 100-Continue\r\nContent-Length: 5\r\n"));
  EXPECT_TRUE(out.head.expect_continue);
  EXPECT_TRUE(out.head.fields.find(FieldId::kExpect)->hop_by_hop);
  EXPECT_FALSE(parse(with("Expect: 100-continue\r\n")).head.expect_continue);
  EXPECT_EQ(reason(with("Expect: a-miracle\r\n")), Reject::kExpectationUnsupported);
  EXPECT_EQ(reject_status(Reject::kExpectationUnsupported), 417);
  EXPECT_EQ(parse("POST / HTTP/1.0\r\nHost: a\r\nExpect: x\r\n\r\n").state, ParseState::kDone);
}

TEST(H1Request, TrailersAreWantedOnlyWhenConnectionSaysSo) {
  EXPECT_TRUE(parse(with("TE: trailers\r\nConnection: TE\r\n")).head.te_trailers);
  EXPECT_FALSE(parse(with("TE: trailers\r\n")).head.te_trailers);
  EXPECT_FALSE(parse(with("TE: gzip\r\nConnection: TE\r\n")).head.te_trailers);
}

TEST(H1Request, LimitsHoldExactly) {
  Limits limits;
  limits.max_head_bytes = 1000;
  limits.max_fields = 3;
  limits.max_name = 8;
  limits.max_value = 20;
  limits.max_target = 10;
  RequestHead head;
  const auto reject = [&](const std::string& bytes) {
    return parse_request(bytes, limits, head).reject;
  };
  const auto state = [&](const std::string& bytes) {
    return parse_request(bytes, limits, head).state;
  };

  EXPECT_EQ(state("GET /123456789 HTTP/1.1\r\nHost: a\r\n\r\n"), ParseState::kDone);
  EXPECT_EQ(reject("GET /1234567890 HTTP/1.1\r\nHost: a\r\n\r\n"), Reject::kTargetTooLong);
  EXPECT_EQ(state(with("12345678: a\r\n")), ParseState::kDone);
  EXPECT_EQ(reject(with("123456789: a\r\n")), Reject::kHeadTooLarge);
  EXPECT_EQ(reject("GET / HTTP/1.1\r\n123456789"), Reject::kHeadTooLarge)
      << "known before the line ends";
  EXPECT_EQ(state(with("a: " + std::string(20, 'v') + "\r\n")), ParseState::kDone);
  EXPECT_EQ(reject(with("a: " + std::string(21, 'v') + "\r\n")), Reject::kHeadTooLarge);
  EXPECT_EQ(state(with("a: 1\r\nb: 2\r\n")), ParseState::kDone);
  EXPECT_EQ(reject(with("a: 1\r\nb: 2\r\nc: 3\r\n")), Reject::kTooManyFields);
  EXPECT_EQ(reject_status(Reject::kTooManyFields), 431);
  EXPECT_EQ(reject_status(Reject::kHeadTooLarge), 431);

  const std::string exact = with("");
  limits.max_head_bytes = exact.size();
  EXPECT_EQ(state(exact), ParseState::kDone);
  EXPECT_EQ(state(exact + "body"), ParseState::kDone);
  limits.max_head_bytes = exact.size() - 1;
  EXPECT_EQ(reject(exact), Reject::kHeadTooLarge);
  EXPECT_EQ(reject(exact.substr(0, exact.size() - 1)), Reject::kHeadTooLarge);
  EXPECT_EQ(state(exact.substr(0, exact.size() - 2)), ParseState::kNeedMore);
}

TEST(H1Request, AFieldBeyondTheLimitIsNotThere) {
  std::string bytes = "GET / HTTP/1.1\r\n";
  for (std::size_t i = 0; i < kLimits.max_fields; ++i) bytes += "X: y\r\n";
  const Outcome out = parse(bytes + "Host: a.example\r\n\r\n");
  EXPECT_EQ(out.reject, Reject::kTooManyFields);
  EXPECT_EQ(out.head.authority, "");
}

TEST(H1Request, NothingOfAnEarlierRequestShowsThrough) {
  RequestHead head;
  const std::string first =
      "POST /secret HTTP/1.0\r\nHost: a\r\nContent-Length: 9\r\nConnection: keep-alive\r\n\r\n";
  ASSERT_EQ(parse_request(first, kLimits, head).state, ParseState::kDone);
  ASSERT_EQ(parse_request("\x01", kLimits, head).state, ParseState::kRejected);
  EXPECT_EQ(head.method, "");
  EXPECT_EQ(head.target, "");
  EXPECT_EQ(head.authority, "");
  EXPECT_EQ(head.framing, Framing::kNone);
  EXPECT_EQ(head.content_length, std::nullopt);
  EXPECT_TRUE(head.fields.empty());
  EXPECT_FALSE(head.keep_alive);
}

TEST(H1Request, ARefusedHeadKeepsWhatWasUnderstood) {
  RequestHead head;
  const std::string bytes = "POST /x HTTP/1.1\r\nHost: a.example\r\nX A: b\r\n\r\n";
  ASSERT_EQ(parse_request(bytes, kLimits, head).state, ParseState::kRejected);
  EXPECT_EQ(head.method, "POST");
  EXPECT_EQ(head.target, "/x");
  EXPECT_EQ(head.authority, "a.example");
}

}  // namespace
}  // namespace http
