#include "resource/duration.h"

#include <gtest/gtest.h>

namespace resource {
namespace {

using namespace std::chrono_literals;

TEST(Duration, ReadsAmountAndUnit) {
  const struct {
    const char* text;
    std::chrono::milliseconds length;
    const char* shown;
  } cases[] = {
      {"90seconds", 90s, "90 seconds"}, {"1s", 1s, "1 second"},      {"15m", 15min, "15 minutes"},
      {"2hours", 2h, "2 hours"},        {"30days", 720h, "30 days"}, {"1week", 168h, "1 week"},
      {"3 months", 2160h, "3 months"},  {"1mo", 720h, "1 month"},    {"5ms", 5ms, "5 milliseconds"},
      {"1day", 24h, "1 day"},           {"0s", 0s, "0 seconds"},
  };
  for (const auto& c : cases) {
    const auto duration = parse_duration(c.text);
    ASSERT_TRUE(duration) << c.text;
    EXPECT_EQ(length_of(*duration), c.length) << c.text;
    EXPECT_EQ(to_string(*duration), c.shown) << c.text;
  }
  for (const char* text :
       {"", "5", "hours", "-1s", "1.5h", "1y", "5 parsecs", "99999999999s", "1ss"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
  EXPECT_EQ(length_of({}), 0ms);
}

}  // namespace
}  // namespace resource
