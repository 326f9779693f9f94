#include "gateway/cookies.h"

#include <gtest/gtest.h>

namespace gateway {
namespace {

TEST(Cookies, OursGoAndOthersStayByteForByte) {
  struct Row {
    std::string_view in;
    std::string_view out;
  };
  for (const Row& row : {
           Row{"a=1; b=2", "a=1; b=2"},
           Row{"octelium_auth=x", ""},
           Row{"octelium_auth=x; a=1", "a=1"},
           Row{"a=1; octelium_auth=x", "a=1"},
           Row{"a=1; octelium_auth=x; b=\"q\"; octelium_rt=y;c=3", "a=1; b=\"q\"; c=3"},
           Row{"a=1;octelium_auth=x;b=2", "a=1; b=2"},
           Row{" octelium_auth =x; a=1", "a=1"},
           Row{"\toctelium_auth=x", ""},
           Row{"octelium_auth", ""},
           Row{"octelium_authx=1; xoctelium_auth=2", "octelium_authx=1; xoctelium_auth=2"},
           Row{"a=octelium_auth=x", "a=octelium_auth=x"},
           Row{"octelium_auth=x; octelium_auth=y", ""},
           Row{";; octelium_rt=1 ;", ""},
       }) {
    std::string storage;
    EXPECT_EQ(without_our_cookies(row.in, storage), row.out) << row.in;
  }
}

TEST(Cookies, SeveralFieldsShareTheirStorageWithoutMovingIt) {
  std::string storage;
  const auto first = without_our_cookies("octelium_auth=x; a=1", storage);
  const std::string large = "octelium_rt=x; b=" + std::string(10'000, 'b');
  const auto second = without_our_cookies(large, storage);
  EXPECT_EQ(first, "a=1");
  EXPECT_EQ(second.size(), 10'002u);
  EXPECT_EQ(without_our_cookies(large, storage), "") << "more than a head can hold";
  EXPECT_EQ(first, "a=1");
}

TEST(Cookies, AJsonObjectIsRecognised) {
  for (const std::string_view good : {"{}", " {\"a\":[1,2]} ", "{\"a\":{\"b\":null}}"})
    EXPECT_TRUE(is_json_object(good)) << good;
  for (const std::string_view bad : {"", "[]", "1", "\"{}\"", "{", "{}{}", "{'a':1}", "{\"a\":}"})
    EXPECT_FALSE(is_json_object(bad)) << bad;
}

}  // namespace
}  // namespace gateway
