#include "gateway/recent_decisions.h"

#include <gtest/gtest.h>

namespace gateway {
namespace {

constexpr std::int64_t kStart = 1'700'000'000'000'000'000;
constexpr std::int64_t kMilli = 1'000'000;
using Fate = DecisionRing::Fate;

policy::extv1::Explanation explanation(std::string_view id, std::size_t detail_bytes = 0) {
  policy::extv1::Explanation out;
  out.set_requestid(std::string(id));
  out.set_detail(std::string(detail_bytes, 'x'));
  return out;
}

Fate fate_of(const DecisionRing& ring, std::string_view id) {
  std::string bytes;
  return ring.find(id, bytes);
}

TEST(DecisionRing, KeepsTheNewest) {
  DecisionRing ring({.entries = 2, .per_second = 100});
  for (const std::string_view id : {"a", "b", "c"}) {
    ASSERT_TRUE(ring.wants(id, "alice", false, kStart));
    ring.keep(id, "alice", explanation(id));
  }
  EXPECT_EQ(fate_of(ring, "a"), Fate::kRotatedOut);
  EXPECT_EQ(fate_of(ring, "b"), Fate::kKept);
  EXPECT_EQ(fate_of(ring, "c"), Fate::kKept);
  EXPECT_EQ(fate_of(ring, "d"), Fate::kUnknown);
}

TEST(DecisionRing, IsBoundedInBytes) {
  DecisionRing ring({.bytes = 1000, .per_second = 100});
  ring.keep("a", "alice", explanation("a", 600));
  ring.keep("b", "bob", explanation("b", 600));
  EXPECT_EQ(fate_of(ring, "a"), Fate::kRotatedOut);
  EXPECT_EQ(fate_of(ring, "b"), Fate::kKept);
  ring.keep("c", "bob", explanation("c", 1001));
  EXPECT_EQ(fate_of(ring, "b"), Fate::kKept);
  EXPECT_EQ(fate_of(ring, "c"), Fate::kTooMany);
}

TEST(DecisionRing, KeepsAllDeniedAndSomeOfTheAllowed) {
  DecisionRing ring({.per_second = 1000, .sample = 10});
  int kept = 0;
  for (int i = 0; i < 100; ++i) kept += ring.wants("a", "alice", true, kStart) ? 1 : 0;
  EXPECT_EQ(kept, 10);
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(ring.wants("d", "alice", false, kStart));
  DecisionRing none({.sample = 0});
  for (int i = 0; i < 1000; ++i) EXPECT_FALSE(none.wants("a", "alice", true, kStart));
}

TEST(DecisionRing, KeepsSoManyASecond) {
  DecisionRing ring({.per_second = 50});
  const auto flood = [&](std::int64_t at) {
    int kept = 0;
    for (int i = 0; i < 10'000; ++i)
      kept += ring.wants("x", std::to_string(i % 4), false, at) ? 1 : 0;
    return kept;
  };
  EXPECT_EQ(flood(kStart), 50);
  EXPECT_EQ(fate_of(ring, "x"), Fate::kTooMany);
  EXPECT_EQ(flood(kStart + 100 * kMilli), 5);
  EXPECT_EQ(flood(kStart + 60'000 * kMilli), 50);  // no more is saved up than for a second
  // Requests that are decided out of order gain nothing.
  int kept = 0;
  for (int i = 0; i < 1000; ++i)
    kept += ring.wants("x", "0", false, kStart + i % 2 * 1000 * kMilli);
  EXPECT_EQ(kept, 0);
}

TEST(DecisionRing, SpendsLittleTime) {
  DecisionRing ring({.per_second = 1'000'000});
  ASSERT_TRUE(ring.wants("a", "alice", false, kStart));
  ring.spend("alice", 30 * kMilli);  // more than was saved up
  EXPECT_FALSE(ring.wants("b", "bob", false, kStart + 400 * kMilli));
  EXPECT_TRUE(ring.wants("b", "bob", false, kStart + 600 * kMilli));
}

TEST(DecisionRing, OneUsersFloodLeavesTheOthersHalf) {
  DecisionRing ring({.entries = 40, .per_second = 20});
  std::int64_t now = kStart;
  ring.keep("first", "bob", explanation("first"));
  for (int second = 0; second < 100; ++second, now += 1000 * kMilli) {
    int kept = 0;
    for (int i = 0; i < 1000; ++i) {
      if (!ring.wants("x", "alice", false, now)) continue;
      ring.keep("x", "alice", explanation("x"));
      ++kept;
    }
    EXPECT_EQ(kept, 10);
    if (second % 10 != 0) continue;
    const std::string id = "bob-" + std::to_string(second);
    ASSERT_TRUE(ring.wants(id, "bob", false, now));
    ring.keep(id, "bob", explanation(id));
  }
  EXPECT_EQ(fate_of(ring, "first"), Fate::kKept);
  EXPECT_EQ(fate_of(ring, "bob-0"), Fate::kKept);
  EXPECT_EQ(fate_of(ring, "bob-90"), Fate::kKept);
}

TEST(DecisionRing, NobodyKeepsMoreThanHalfFromTheOthers) {
  DecisionRing ring({.entries = 10, .per_second = 20});
  for (int i = 0; i < 10; ++i) {
    const std::string id = "bob-" + std::to_string(i);
    ring.keep(id, "bob", explanation(id));
  }
  for (int i = 0; i < 20; ++i) {
    const std::string id = "alice-" + std::to_string(i);
    ring.keep(id, "alice", explanation(id));
  }
  int bobs = 0;
  for (int i = 0; i < 10; ++i) bobs += fate_of(ring, "bob-" + std::to_string(i)) == Fate::kKept;
  EXPECT_EQ(bobs, 5);
  EXPECT_EQ(fate_of(ring, "bob-9"), Fate::kKept);
  EXPECT_EQ(fate_of(ring, "alice-19"), Fate::kKept);
}

TEST(DecisionRing, OneUsersExpensiveDecisionsLeaveTheOthersTime) {
  DecisionRing ring({.per_second = 1000});
  for (int i = 0; i < 1000; ++i)
    if (ring.wants("x", "alice", false, kStart + i * kMilli)) ring.spend("alice", 5 * kMilli);
  EXPECT_TRUE(ring.wants("y", "bob", false, kStart + 1000 * kMilli));
  EXPECT_FALSE(ring.wants("z", "alice", false, kStart + 1000 * kMilli));
}

TEST(DecisionRing, WhoHasMostOfTheBytesMakesRoom) {
  DecisionRing ring({.bytes = 2000, .per_second = 100});
  ring.keep("small", "bob", explanation("small"));
  for (int i = 0; i < 10; ++i)
    ring.keep("large-" + std::to_string(i), "alice", explanation("large", 600));
  EXPECT_EQ(fate_of(ring, "small"), Fate::kKept);
  EXPECT_EQ(fate_of(ring, "large-0"), Fate::kRotatedOut);
  EXPECT_EQ(fate_of(ring, "large-9"), Fate::kKept);
}

TEST(RecentDecisions, FindsWhatAnyWorkerKept) {
  RecentDecisions recent({}, 2);
  recent.ring_of(1)->keep("a", "alice", explanation("a"));
  const auto found = recent.find("a");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->requestid(), "a");
  const auto missing = recent.find("b");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, base::Code::kNotFound);
  EXPECT_NE(missing.error().message.find("unknown id"), std::string::npos);
}

TEST(RecentDecisions, CanBeSwitchedOff) {
  for (const RecentOptions& options :
       {RecentOptions{.entries = 0}, RecentOptions{.per_second = 0}}) {
    RecentDecisions recent(options, 2);
    EXPECT_EQ(recent.ring_of(0), nullptr);
    EXPECT_NE(recent.find("a").error().message.find("keeps none"), std::string::npos);
  }
}

}  // namespace
}  // namespace gateway
