#include "cel/value.h"

#include <gtest/gtest.h>

#include <limits>

#include "cel/letter_case.h"
#include "cel/time.h"
#include "cel/type.h"
#include "cel/zone.h"

namespace cel {
namespace {

TEST(Value, ComparesNumbersAcrossTheirTypes) {
  Arena arena;
  EXPECT_TRUE(equal(Value::integer(1), Value::real(1.0), arena));
  EXPECT_TRUE(equal(Value::unsigned_integer(1), Value::integer(1), arena));
  EXPECT_FALSE(equal(Value::integer(-1), Value::unsigned_integer(~std::uint64_t{0}), arena));
  EXPECT_FALSE(equal(Value::real(1.5), Value::integer(1), arena));
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_FALSE(equal(Value::real(nan), Value::real(nan), arena));
  EXPECT_FALSE(equal(Value::string("1"), Value::integer(1), arena));
  EXPECT_FALSE(equal(Value::string("a"), Value::bytes("a"), arena));
}

TEST(Value, FindsMapKeysAcrossNumbers) {
  Arena arena;
  const MapEntry entries[] = {{Value::integer(2), Value::string("two")},
                              {Value::string("2"), Value::string("text")}};
  const Value map = Value::map(entries);
  EXPECT_EQ(map.map_find(Value::real(2.0), arena).as_text(), "two");
  EXPECT_EQ(map.map_find(Value::string("2"), arena).as_text(), "text");
  EXPECT_TRUE(map.map_find(Value::real(2.5), arena).is_miss());
}

TEST(Time, ReadsAndPrintsBothWays) {
  const struct {
    const char* text;
    const char* expected;
  } timestamps[] = {
      {"2026-03-04T09:30:00Z", "2026-03-04T09:30:00Z"},
      {"2026-03-04T09:30:00.120Z", "2026-03-04T09:30:00.12Z"},
      {"2026-03-04T09:30:00+02:00", "2026-03-04T07:30:00Z"},
      {"0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"},
      {"1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59.5Z"},
      {"2026-02-29T00:00:00Z", nullptr},
      {"2026-03-04T24:00:00Z", nullptr},
      {"2026-03-04 09:30:00Z", nullptr},
      {"2026-03-04T09:30:00", nullptr},
      {"2026-03-04T09:30:00.Z", nullptr},
      {"2026-3-04T09:30:00Z", nullptr},
      {"2026-03-04T09:30:00Zx", nullptr},
  };
  for (const auto& c : timestamps) {
    const auto time = parse_timestamp(c.text);
    ASSERT_EQ(time.has_value(), c.expected != nullptr) << c.text;
    if (time) EXPECT_EQ(print_timestamp(*time), c.expected);
  }
  const struct {
    const char* text;
    const char* expected;
  } durations[] = {
      {"1h30m", "5400s"},
      {"-1.5h", "-5400s"},
      {"1.5s", "1.5s"},
      {"-1.5s", "-1.5s"},
      {"1ns", "0.000000001s"},
      {"0", "0s"},
      {"+5m", "300s"},
      {"100ms5us", "0.100005s"},
      {"", nullptr},
      {"1", nullptr},
      {"s", nullptr},
      {"1x", nullptr},
      {"1h-1m", nullptr},
      {".s", nullptr},
      {"99999999999999999999h", nullptr},
  };
  for (const auto& c : durations) {
    const auto time = parse_duration(c.text);
    ASSERT_EQ(time.has_value(), c.expected != nullptr) << c.text;
    if (time) EXPECT_EQ(print_duration(*time), c.expected);
  }
}

TEST(Zone, KnowsOffsetsByNameAndByNumber) {
  const std::int64_t winter = parse_timestamp("2026-01-15T12:00:00Z")->seconds;
  const std::int64_t summer = parse_timestamp("2026-07-15T12:00:00Z")->seconds;
  const std::int64_t far_summer = parse_timestamp("2090-07-15T12:00:00Z")->seconds;
  EXPECT_EQ(zone_offset("Europe/Berlin", winter), 3600);
  EXPECT_EQ(zone_offset("Europe/Berlin", summer), 7200);
  EXPECT_EQ(zone_offset("Europe/Berlin", far_summer), 7200);
  EXPECT_EQ(zone_offset("Australia/Sydney", winter), 39600);
  EXPECT_EQ(zone_offset("Australia/Sydney", far_summer), 36000);
  EXPECT_EQ(zone_offset("Asia/Kathmandu", winter), 20700);
  EXPECT_EQ(zone_offset("", winter), 0);
  EXPECT_EQ(zone_offset("UTC", winter), 0);
  EXPECT_EQ(zone_offset("-02:30", winter), -9000);
  EXPECT_EQ(zone_offset("02:00", winter), 7200);
  for (const char* bad : {"Europe/Atlantis", "../../etc/passwd", "+2:00", "+24:00", "12", "+"})
    EXPECT_EQ(zone_offset(bad, winter), std::nullopt) << bad;
}

TEST(Zone, RefusesMalformedFilesAndRules) {
  EXPECT_FALSE(Zone::parse(""));
  EXPECT_FALSE(Zone::parse("TZif2"));
  EXPECT_FALSE(Zone::parse(std::string(44, '\0')));
  for (const char* bad :
       {"", "C", "CET", "CET-1CEST", "CET-1CEST,M13.1.0,M10.5.0", "CET-1CEST,M3.5"})
    EXPECT_FALSE(ZoneRule::parse(bad)) << bad;
  EXPECT_TRUE(ZoneRule::parse("<+0330>-3:30"));
  EXPECT_TRUE(ZoneRule::parse("CET-1CEST,J60/2,300/3"));
}

TEST(LetterCase, MapsAlphabetsAndLeavesTheRest) {
  EXPECT_EQ(to_upper(U'a'), U'A');
  EXPECT_EQ(to_upper(U'ÿ'), U'Ÿ');
  EXPECT_EQ(to_lower(U'Ж'), U'ж');
  EXPECT_EQ(to_lower(U'Ω'), U'ω');
  EXPECT_EQ(to_upper(U'ā'), U'Ā');
  EXPECT_EQ(to_upper(U'ß'), U'ß');
  EXPECT_EQ(to_lower(U'İ'), U'i');
  EXPECT_EQ(to_upper(U'1'), U'1');
  EXPECT_EQ(to_lower(U'漢'), U'漢');
}

TEST(Type, IsWrittenAsInTheLanguage) {
  TypePool pool;
  EXPECT_EQ(to_string(*pool.map_of(&kStringType, pool.list_of(&kDynType))),
            "map(string, list(dyn))");
}

}  // namespace
}  // namespace cel
