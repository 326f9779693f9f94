#include "http/uri.h"

#include <gtest/gtest.h>

#include <string>

namespace http {
namespace {

std::string path_of(std::string_view raw) {
  std::string storage;
  std::string_view out;
  if (const Reject r = canonicalise_path(raw, storage, out); r != Reject::kNone)
    return "(" + std::string(reject_name(r)) + ")";
  // Fixed point: what came out goes in again and stays, without a copy.
  std::string again_storage;
  std::string_view again;
  const std::string first(out);
  EXPECT_EQ(canonicalise_path(first, again_storage, again), Reject::kNone) << raw;
  EXPECT_EQ(again, first) << raw;
  EXPECT_EQ(again.data(), first.data()) << raw;
  return first;
}

TEST(Path, OneSpellingForEachMeaning) {
  const struct {
    const char* raw;
    const char* canonical;
  } cases[] = {
      {"/", "/"},
      {"/a", "/a"},
      {"/a/", "/a/"},
      {"/a/b.c/d-e_f~g", "/a/b.c/d-e_f~g"},
      {"/%61%2D%7e", "/a-~"},
      {"/%41%5A%30", "/AZ0"},
      {"/caf%c3%a9", "/caf%C3%A9"},
      {"/a%20b", "/a%20b"},
      {"/%2520", "/%2520"},
      {"/%252e%252E", "/%252e%252E"},
      {"/%25%36%31", "/%2561"},
      {"/a!$&'()*+,=:@", "/a!$&'()*+,=:@"},
      {"/%21%3a", "/%21%3A"},
      {"/[a]|{b}^`\"<>", "/[a]|{b}^`\"<>"},
      {"//", "/"},
      {"//a///b//", "/a/b/"},
      {"/.", "/"},
      {"/..", "/"},
      {"/./a/.", "/a/"},
      {"/a/./b", "/a/b"},
      {"/a/..", "/"},
      {"/a/../b", "/b"},
      {"/a/b/..", "/a/"},
      {"/a/b/../..", "/"},
      {"/../../a", "/a"},
      {"/a/../../..", "/"},
      {"/a/%2e%2E/b", "/b"},
      {"/a/.%2e/b", "/b"},
      {"/%2e/a", "/a"},
      {"/a//../b", "/b"},
      {"/...", "/..."},
      {"/..a/.b", "/..a/.b"},
      {"/a..", "/a.."},
      {"/a;b=c/d", "/a;b=c/d"},
      {"/a%3bb", "/a%3Bb"},
      {"/.a;b", "/.a;b"},
      {"/..a;b", "/..a;b"},
  };
  for (const auto& c : cases) EXPECT_EQ(path_of(c.raw), c.canonical) << c.raw;
}

TEST(Path, WhatTwoReadersCouldTakeDifferentlyIsRefused) {
  const struct {
    std::string raw;
    const char* reason;
  } cases[] = {
      {"", "(target_malformed)"},
      {"a", "(target_malformed)"},
      {"%2Fa", "(target_malformed)"},
      {"/a%2fb", "(path_escape_forbidden)"},
      {"/a%2Fb", "(path_escape_forbidden)"},
      {"/a%5cb", "(path_escape_forbidden)"},
      {"/a%00", "(path_escape_forbidden)"},
      {"/a%1F", "(path_escape_forbidden)"},
      {"/a%0d%0a", "(path_escape_forbidden)"},
      {"/a%7f", "(path_escape_forbidden)"},
      {"/a\\b", "(path_backslash)"},
      {"/..\\a", "(path_backslash)"},
      {"/a b", "(path_control_byte)"},
      {"/a#b", "(path_control_byte)"},
      {"/a\tb", "(path_control_byte)"},
      {"/a\x7F", "(path_control_byte)"},
      {std::string("/a\0b", 4), "(path_control_byte)"},
      {"/caf\xC3\xA9", "(path_non_ascii)"},
      {"/\xC0\xAE\xC0\xAE/", "(path_non_ascii)"},
      {"/a%", "(path_escape_malformed)"},
      {"/a%4", "(path_escape_malformed)"},
      {"/a%4g", "(path_escape_malformed)"},
      {"/a%%41", "(path_escape_malformed)"},
      {"/a%u0041", "(path_escape_malformed)"},
      {"/..;/a", "(path_parameter_segment)"},
      {"/a/..;x=y/b", "(path_parameter_segment)"},
      {"/.;", "(path_parameter_segment)"},
      {"/;a", "(path_parameter_segment)"},
      {"/a/;/b", "(path_parameter_segment)"},
      {"/%2e%2e;/a", "(path_parameter_segment)"},
      {"/..%3b/a", "(path_parameter_segment)"},
      {"/%3Ba", "(path_parameter_segment)"},
  };
  for (const auto& c : cases) EXPECT_EQ(path_of(c.raw), c.reason) << c.raw;
}

TEST(Path, ACanonicalPathIsNotCopied) {
  for (const std::string_view raw : {"/", "/a/b.c", "/.well-known/x", "/a%20b", "/a;b"}) {
    std::string storage;
    std::string_view out;
    ASSERT_EQ(canonicalise_path(raw, storage, out), Reject::kNone);
    EXPECT_EQ(out.data(), raw.data()) << raw;
  }
}

std::string host_of(std::string_view authority) {
  char storage[256];
  std::string_view out = "untouched";
  if (!canonicalise_host(authority, storage, out)) {
    EXPECT_EQ(out, "untouched");
    return "(bad)";
  }
  return std::string(out);
}

TEST(Host, SpellingsOfOneHostAreOne) {
  for (const char* text : {"a.example.com", "A.Example.COM", "a.example.com.",
                           "a.example.com:", "a.example.com:8443", "a.example.com.:8443"}) {
    EXPECT_EQ(host_of(text), "a.example.com") << text;
  }
  EXPECT_EQ(host_of("127.0.0.1:80"), "127.0.0.1");
  EXPECT_EQ(host_of("a_b-c"), "a_b-c");
}

TEST(Host, WhatTwoReadersCouldTakeForDifferentHostsIsRefused) {
  const std::string label(63, 'a');
  const std::string longest = label + "." + label + "." + label + "." + std::string(61, 'a');
  for (const std::string& text : {std::string(),
                                  std::string("."),
                                  std::string("a..b"),
                                  std::string(".a"),
                                  std::string("a.."),
                                  std::string("u@a.example"),
                                  std::string("a.example/x"),
                                  std::string("a.example b"),
                                  std::string("a,b"),
                                  std::string("a%2eb"),
                                  std::string("\xC3\xA4.example"),
                                  std::string("a\0b", 3),
                                  std::string("a:65536"),
                                  std::string("a:0"),
                                  std::string("a:+80"),
                                  std::string("a:-1"),
                                  std::string("a:80x"),
                                  std::string("a:8 0"),
                                  std::string("a:80:80"),
                                  std::string("[::1]"),
                                  std::string(":80"),
                                  label + "a.example",
                                  longest + "a",
                                  std::string("a\\b"),
                                  std::string("a?b"),
                                  std::string("a#b"),
                                  std::string("a;b")}) {
    EXPECT_EQ(host_of(text), "(bad)") << text;
  }
  EXPECT_EQ(host_of(label + ".example"), label + ".example");
  EXPECT_EQ(host_of(longest), longest);
  EXPECT_EQ(host_of(longest + ".:443"), longest);
}

struct Target {
  Reject reject;
  std::string host, path, query;
  bool has_query;
};

Target target(std::string_view raw, std::string_view authority = "a.example",
              std::string_view method = "GET", Version version = Version::kHttp11) {
  RequestHead head;
  head.method = method;
  head.target = raw;
  head.authority = authority;
  head.version = version;
  CanonicalTarget out;
  const Reject reject = canonicalise(head, out);
  return {reject, std::string(out.host), std::string(out.path), std::string(out.query),
          out.has_query};
}

TEST(Target, PathAndQueryComeApartAtTheFirstQuestionMark) {
  const Target t = target("/a/../b?c=%2f;d=..&e=?%00");
  EXPECT_EQ(t.reject, Reject::kNone);
  EXPECT_EQ(t.path, "/b");
  EXPECT_EQ(t.query, "c=%2f;d=..&e=?%00") << "byte for byte";
  EXPECT_TRUE(target("/?").has_query);
  EXPECT_FALSE(target("/").has_query);
  EXPECT_EQ(target("/?\xC3\xA4").query, "\xC3\xA4");
}

TEST(Target, QueriesWithBytesThatEndThemAreRefused) {
  for (const std::string& raw : {std::string("/?a b"), std::string("/?a#b"), std::string("/?a\tb"),
                                 std::string("/?a\0b", 5), std::string("/?a\x7F")}) {
    const Target t = target(raw);
    EXPECT_EQ(t.reject, Reject::kQueryMalformed) << raw;
    EXPECT_EQ(t.query, "");
    EXPECT_EQ(t.path, "/") << "for the log";
  }
}

TEST(Target, AnAsteriskIsForOptionsOnly) {
  EXPECT_EQ(target("*", "a.example", "OPTIONS").path, "*");
  EXPECT_EQ(target("*").reject, Reject::kTargetMalformed);
  EXPECT_EQ(target("*/", "a.example", "OPTIONS").reject, Reject::kTargetMalformed);
}

TEST(Target, AbsoluteFormMustAgreeWithHost) {
  EXPECT_EQ(target("http://a.example/b?c").path, "/b");
  EXPECT_EQ(target("http://a.example/b?c").query, "c");
  EXPECT_EQ(target("HTTPS://A.Example/b").path, "/b");
  EXPECT_EQ(target("http://a.example").path, "/");
  EXPECT_EQ(target("http://a.example?c").path, "/");
  EXPECT_EQ(target("http://a.example?c").query, "c");
  EXPECT_EQ(target("http://a.example?c d").reject, Reject::kQueryMalformed);
  EXPECT_EQ(target("http://a.example", "a.example", "OPTIONS").path, "*");
  EXPECT_EQ(target("http://a.example:80/", "a.example:80").path, "/");
  EXPECT_EQ(target("http://a.example//../b").path, "/b");
  for (const char* raw :
       {"http://b.example/", "http://a.example:80/", "http://a.example./", "http://u@a.example/",
        "http:///a.example/", "http://", "http://a.example#/"}) {
    EXPECT_EQ(target(raw).reject, Reject::kAuthorityConflict) << raw;
  }
  for (const char* raw :
       {"ftp://a.example/", "a.example/", "a.example:443", "http:/a.example/", ""})
    EXPECT_EQ(target(raw).reject, Reject::kTargetMalformed) << raw;
  EXPECT_EQ(target("http://a.example/", "a.example", "GET", Version::kHttp2).reject,
            Reject::kTargetMalformed);
}

TEST(Target, ABadHostIsTheReasonThatIsGiven) {
  const Target t = target("/a/./b", "a b");
  EXPECT_EQ(t.reject, Reject::kHostMalformed);
  EXPECT_EQ(t.host, "");
  EXPECT_EQ(t.path, "/a/b") << "for the log";
}

}  // namespace
}  // namespace http
