#include "io/address.h"

#include <gtest/gtest.h>

namespace io {
namespace {

TEST(Address, TextGoesInAndComesOut) {
  for (const std::string_view text :
       {"127.0.0.1:80", "0.0.0.0:0", "[::1]:65535", "[2001:db8::1]:443", "unix:/run/x.sock"}) {
    const auto address = Address::parse(text);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(address->text(), text);
    EXPECT_EQ(*address, *Address::parse(text));
  }
}

TEST(Address, WhatIsNoAddressIsRefused) {
  for (const std::string_view text :
       {"", "127.0.0.1", ":80", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:8o",
        "256.0.0.1:80", "example.com:80", "[::1:80", "unix:", "127.1:80"}) {
    EXPECT_FALSE(Address::parse(text)) << text;
  }
  EXPECT_FALSE(Address::unix_path(std::string(200, 'x')));
}

TEST(Address, KnowsLoopbackAndUnspecified) {
  EXPECT_TRUE(Address::parse("127.8.9.1:1")->is_loopback());
  EXPECT_TRUE(Address::parse("[::1]:1")->is_loopback());
  EXPECT_FALSE(Address::parse("10.0.0.1:1")->is_loopback());
  EXPECT_TRUE(Address::parse("0.0.0.0:1")->is_unspecified());
  EXPECT_TRUE(Address::parse("[::]:1")->is_unspecified());
  EXPECT_EQ(Address::parse("10.0.0.1:1")->ip(), "10.0.0.1");
}

}  // namespace
}  // namespace io
