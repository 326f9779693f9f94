#include "resource/name.h"

#include <gtest/gtest.h>

#include "resource/service_hosts.h"

namespace resource {
namespace {

using Names = std::vector<std::string>;

std::string label_of(std::size_t bytes) { return std::string(bytes, 'a'); }

TEST(Name, OfOneLabel) {
  for (const auto& text : Names{"ab", "a1", "my-api", "a-b-c", label_of(40)})
    EXPECT_TRUE(is_name(Kind::kUser, text)) << text;
  for (const auto& text : Names{"", "a", "1a", "-ab", "ab-", "a--b", "Ab", "a_b", "ab.cd", "a b",
                                "\xC3\xA4z", label_of(41), std::string("ab\0c", 4)})
    EXPECT_FALSE(is_name(Kind::kUser, text)) << text;
}

TEST(Name, OfAServiceMayNameItsNamespace) {
  for (const auto& text : Names{"aa", "aa.bb", label_of(40) + "." + label_of(40)})
    EXPECT_TRUE(is_name(Kind::kService, text)) << text;
  for (const auto& text : Names{"a.b", "aa.", ".aa", "aa..bb", "aa.bb.cc", "aa.b-"})
    EXPECT_FALSE(is_name(Kind::kService, text)) << text;
}

TEST(Name, OfAPolicyHasUpToSixLabelsAnd128Bytes) {
  EXPECT_TRUE(is_name(Kind::kPolicy, "aa.bb.cc.dd.ee.ff"));
  EXPECT_FALSE(is_name(Kind::kPolicy, "aa.bb.cc.dd.ee.ff.gg"));
  const std::string three = label_of(40) + "." + label_of(40) + "." + label_of(40);
  EXPECT_TRUE(is_name(Kind::kPolicy, three + "." + label_of(5)));
  EXPECT_FALSE(is_name(Kind::kPolicy, three + "." + label_of(6)));
}

TEST(Name, ThatTheClusterGivesMayBeLonger) {
  EXPECT_TRUE(is_name(Kind::kSession, label_of(40) + "-k2x9p4"));
  EXPECT_TRUE(is_name(Kind::kSession, label_of(128)));
  EXPECT_FALSE(is_name(Kind::kSession, label_of(129)));
  EXPECT_FALSE(is_name(Kind::kSession, "alice.k2x9p4"));
}

TEST(Name, OfAServiceIsCompletedWithTheDefaultNamespace) {
  EXPECT_EQ(full_name(Kind::kService, "web"), "web.default");
  EXPECT_EQ(full_name(Kind::kService, "web.prod"), "web.prod");
  EXPECT_EQ(full_name(Kind::kService, ""), "");
  EXPECT_EQ(full_name(Kind::kUser, "web"), "web");
  EXPECT_EQ(split_service_name("web").in_namespace, "default");
  EXPECT_EQ(split_service_name("web.prod").service, "web");
}

TEST(Name, OfAPolicyEndsWithItsParent) {
  EXPECT_EQ(parent_policy_name("aa.bb.cc"), "bb.cc");
  EXPECT_EQ(parent_policy_name("aa"), "");
}

TEST(Name, SomePrefixesAreReservedForNamespaces) {
  for (const char* name : {"octelium", "octelium-x", "locale", "cordium-1"})
    EXPECT_TRUE(is_reserved_namespace(name)) << name;
  for (const char* name : {"default", "my-octelium", "loca"})
    EXPECT_FALSE(is_reserved_namespace(name)) << name;
}

TEST(ServiceHosts, AreThoseOfTheTable) {
  const struct {
    const char* service;
    std::string primary;
    Names additional;
    Names hosts;
  } rows[] = {
      {"default.default",
       "",
       {"default.default"},
       {"default.default.example.com", "default.example.com", "example.com"}},
      {"wiki.default", "wiki", {"wiki.default"}, {"wiki.default.example.com", "wiki.example.com"}},
      {"default.prod", "prod", {"default.prod"}, {"default.prod.example.com", "prod.example.com"}},
      {"api.prod", "api.prod", {}, {"api.prod.example.com"}},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(hostnames_of(row.service).primary, row.primary) << row.service;
    EXPECT_EQ(hostnames_of(row.service).additional, row.additional) << row.service;
    EXPECT_EQ(public_hosts(row.service, "example.com"), row.hosts) << row.service;
  }
}

}  // namespace
}  // namespace resource
