#include "cel/time.h"

#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <limits>

namespace cel {
namespace {

using Wide = __int128;

constexpr std::int64_t kNanos = 1'000'000'000;
constexpr std::int64_t kMinTimestamp = -62'135'596'800;  // 0001-01-01T00:00:00Z
constexpr std::int64_t kMaxTimestamp = 253'402'300'799;  // 9999-12-31T23:59:59Z

Wide wide(Time t) { return Wide{t.seconds} * kNanos + t.nanos; }

Time narrow(Wide nanos) {
  Wide seconds = nanos / kNanos;
  Wide rest = nanos % kNanos;
  if (rest < 0) {
    rest += kNanos;
    --seconds;
  }
  return {static_cast<std::int64_t>(seconds), static_cast<std::uint32_t>(rest)};
}

// Reads exactly `count` digits.
bool digits(std::string_view& text, std::size_t count, int& out) {
  if (text.size() < count) return false;
  out = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (text[i] < '0' || text[i] > '9') return false;
    out = out * 10 + (text[i] - '0');
  }
  text.remove_prefix(count);
  return true;
}

bool take(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

// A fraction's digits as nanoseconds; what is finer is cut off.
bool fraction(std::string_view& text, std::uint32_t& nanos) {
  std::uint32_t scale = 100'000'000;
  std::size_t count = 0;
  nanos = 0;
  for (; count < text.size() && text[count] >= '0' && text[count] <= '9'; ++count) {
    nanos += static_cast<std::uint32_t>(text[count] - '0') * scale;
    scale /= 10;
  }
  text.remove_prefix(count);
  return count > 0;
}

std::string print_fraction(std::uint32_t nanos) {
  if (nanos == 0) return {};
  std::string out = fmt::format(".{:09}", nanos);
  out.erase(out.find_last_not_of('0') + 1);
  return out;
}

std::int64_t unit_nanos(std::string_view& text) {
  static constexpr struct {
    std::string_view name;
    std::int64_t nanos;
  } kUnits[] = {{"ns", 1},
                {"us", 1'000},
                {"\xC2\xB5s", 1'000},  // MICRO SIGN
                {"\xCE\xBCs", 1'000},  // GREEK SMALL LETTER MU
                {"ms", 1'000'000},
                {"s", kNanos},
                {"m", 60 * kNanos},
                {"h", 3600 * kNanos}};
  for (const auto& unit : kUnits) {
    if (!text.starts_with(unit.name)) continue;
    text.remove_prefix(unit.name.size());
    return unit.nanos;
  }
  return 0;
}

// One "12.5h" of a duration.
bool duration_part(std::string_view& text, Wide& total) {
  Wide whole = 0;
  std::size_t count = 0;
  for (; count < text.size() && text[count] >= '0' && text[count] <= '9'; ++count) {
    whole = whole * 10 + (text[count] - '0');
    if (whole > Wide{1} << 63U) return false;  // the least duration is longer than the greatest
  }
  text.remove_prefix(count);
  Wide part = 0;
  Wide scale = 1;
  if (take(text, '.')) {
    std::size_t places = 0;
    for (; places < text.size() && text[places] >= '0' && text[places] <= '9'; ++places) {
      if (scale >= 1'000'000'000'000'000) continue;  // finer than a nanosecond of any unit
      part = part * 10 + (text[places] - '0');
      scale *= 10;
    }
    text.remove_prefix(places);
    count += places;
  }
  const std::int64_t unit = unit_nanos(text);
  if (count == 0 || unit == 0) return false;
  total += whole * unit + part * unit / scale;
  return true;
}

}  // namespace

Value make_timestamp(Time time) {
  if (time.seconds < kMinTimestamp || time.seconds > kMaxTimestamp)
    return Value::error(ErrorCode::kOutOfRange, "the timestamp is outside the years 1 to 9999");
  return Value::timestamp(time);
}

Value make_duration(Time time) {
  if (!total_nanoseconds(time))
    return Value::error(ErrorCode::kOutOfRange, "the duration is longer than 292 years");
  return Value::duration(time);
}

Value shift(const Value& time, Time by, int sign) {
  const Time moved = narrow(wide(time.as_time()) + sign * wide(by));
  return time.is(Kind::kTimestamp) ? make_timestamp(moved) : make_duration(moved);
}

Value difference(Time later, Time earlier) {
  return make_duration(narrow(wide(later) - wide(earlier)));
}

std::optional<Time> parse_timestamp(std::string_view text) {
  int year = 0;
  int month = 0;
  int day = 0;
  int hour = 0;
  int minute = 0;
  int second = 0;
  if (!digits(text, 4, year) || !take(text, '-') || !digits(text, 2, month) || !take(text, '-') ||
      !digits(text, 2, day) || !take(text, 'T') || !digits(text, 2, hour) || !take(text, ':') ||
      !digits(text, 2, minute) || !take(text, ':') || !digits(text, 2, second))
    return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok() || hour > 23 || minute > 59 || second > 59) return std::nullopt;
  std::uint32_t nanos = 0;
  if (take(text, '.') && !fraction(text, nanos)) return std::nullopt;
  std::int64_t offset = 0;
  if (!take(text, 'Z')) {
    const int sign = text.starts_with('-') ? -1 : 1;
    int hours = 0;
    int minutes = 0;
    if ((!take(text, '+') && !take(text, '-')) || !digits(text, 2, hours) || !take(text, ':') ||
        !digits(text, 2, minutes) || hours > 23 || minutes > 59)
      return std::nullopt;
    offset = sign * (hours * 3600 + minutes * 60);
  }
  if (!text.empty()) return std::nullopt;
  const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  return Time{days * 86400 + hour * 3600 + minute * 60 + second - offset, nanos};
}

std::optional<Time> parse_duration(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  if (text == "0") return Time{0, 0};
  if (text.empty()) return std::nullopt;
  constexpr Wide kMost = Wide{std::numeric_limits<std::int64_t>::max()} * kNanos;
  Wide total = 0;
  while (!text.empty())
    if (!duration_part(text, total) || total > kMost) return std::nullopt;
  return narrow(negative ? -total : total);
}

std::string print_timestamp(Time time) {
  const std::chrono::sys_seconds at{std::chrono::seconds(time.seconds)};
  const auto day = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day date(day);
  const std::int64_t rest = (at - day).count();
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     rest / 3600, rest / 60 % 60, rest % 60, print_fraction(time.nanos));
}

std::string print_duration(Time time) {
  // Stored rounded down, shown rounded towards zero.
  const bool negative = time.seconds < 0;
  if (negative && time.nanos > 0) time = {time.seconds + 1, 1'000'000'000 - time.nanos};
  return fmt::format("{}{}{}s", negative ? "-" : "", negative ? -time.seconds : time.seconds,
                     print_fraction(time.nanos));
}

std::optional<std::int64_t> total_nanoseconds(Time time) {
  const Wide nanos = wide(time);
  if (nanos > std::numeric_limits<std::int64_t>::max() ||
      nanos < std::numeric_limits<std::int64_t>::min())
    return std::nullopt;
  return static_cast<std::int64_t>(nanos);
}

Time from_nanoseconds(std::int64_t nanos) { return narrow(nanos); }

}  // namespace cel
