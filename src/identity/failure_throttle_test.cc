#include "identity/failure_throttle.h"

#include <gtest/gtest.h>

#include <string>

namespace identity {
namespace {

void fail_often(FailureThrottle& throttle, const std::string& address, std::int64_t now) {
  for (std::uint32_t i = 0; i < FailureThrottle::kBurst; ++i) throttle.failed(address, now);
}

TEST(FailureThrottle, BlocksAnAddressThatKeepsFailingAndNoOther) {
  FailureThrottle throttle;
  fail_often(throttle, "203.0.113.7", 1000);
  EXPECT_TRUE(throttle.is_blocked("203.0.113.7", 1000));
  EXPECT_FALSE(throttle.is_blocked("203.0.113.8", 1000));
}

TEST(FailureThrottle, ForgivesWithTimeAndWithSuccess) {
  FailureThrottle throttle;
  fail_often(throttle, "a", 1000);
  EXPECT_FALSE(throttle.is_blocked("a", 1001));
  fail_often(throttle, "a", 1001);
  throttle.succeeded("a", 1001);
  EXPECT_FALSE(throttle.is_blocked("a", 1001));
  EXPECT_FALSE(throttle.is_blocked("a", 900)) << "a clock that went back";
}

TEST(FailureThrottle, CountsAnIpv6NetworkAsOne) {
  FailureThrottle throttle;
  for (std::uint32_t i = 0; i < FailureThrottle::kBurst; ++i)
    throttle.failed("2001:db8:1:2::" + std::to_string(i % 1000), 5);
  EXPECT_TRUE(throttle.is_blocked("2001:db8:1:2:ffff::1", 5));
  EXPECT_FALSE(throttle.is_blocked("2001:db8:1:3::1", 5));
}

TEST(FailureThrottle, NeverBlocksLoopback) {
  FailureThrottle throttle;
  fail_often(throttle, "127.0.0.1", 5);
  fail_often(throttle, "::1", 5);
  EXPECT_FALSE(throttle.is_blocked("127.0.0.1", 5));
  EXPECT_FALSE(throttle.is_blocked("::1", 5));
}

TEST(FailureThrottle, TakesNoMoreRoomForMoreAddresses) {
  FailureThrottle throttle(2);
  for (int i = 0; i < 100'000; ++i) throttle.failed(std::to_string(i), i);
  EXPECT_FALSE(throttle.is_blocked("99999", 100'000));
}

}  // namespace
}  // namespace identity
