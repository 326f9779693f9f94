#include "gateway/identifier.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace gateway {
namespace {

TEST(Identifier, HasTheFormOfTheAccessLog) {
  IdentifierSource source;
  for (int i = 0; i < 1000; ++i) {
    char text[IdentifierSource::kSize];
    const std::string_view id = source.next(text);
    ASSERT_EQ(id.size(), 44u);
    EXPECT_TRUE(id[0] >= 'a' && id[0] <= 'z') << id;
    for (std::size_t at = 0; at < id.size(); ++at) {
      const bool dash = at == 4 || at == 9 || at == 34 || at == 39;
      const char c = id[at];
      EXPECT_EQ(dash, c == '-') << id;
      EXPECT_TRUE(dash || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) << id;
    }
  }
}

TEST(Identifier, NoneComesTwiceNotEvenFromAnotherWorker) {
  IdentifierSource one;
  IdentifierSource two;
  std::set<std::string> seen;
  for (int i = 0; i < 2000; ++i) {
    char text[IdentifierSource::kSize];
    EXPECT_TRUE(seen.emplace(one.next(text)).second);
    EXPECT_TRUE(seen.emplace(two.next(text)).second);
  }
}

}  // namespace
}  // namespace gateway
