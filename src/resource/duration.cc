#include "resource/duration.h"

#include <fmt/format.h>

#include <array>
#include <charconv>

namespace resource {
namespace {

using metav1::Duration;
using std::chrono::milliseconds;

struct Unit {
  Duration::TypeCase type;
  milliseconds length;
  std::string_view name;  // singular
  std::string_view abbreviation;
};

constexpr std::array kUnits = {
    Unit{Duration::kMilliseconds, milliseconds(1), "millisecond", "ms"},
    Unit{Duration::kSeconds, std::chrono::seconds(1), "second", "s"},
    Unit{Duration::kMinutes, std::chrono::minutes(1), "minute", "m"},
    Unit{Duration::kHours, std::chrono::hours(1), "hour", "h"},
    Unit{Duration::kDays, std::chrono::hours(24), "day", "d"},
    Unit{Duration::kWeeks, std::chrono::hours(24 * 7), "week", "w"},
    Unit{Duration::kMonths, std::chrono::hours(24 * 30), "month", "mo"},
};

std::uint32_t amount_of(const Duration& duration) {
  switch (duration.type_case()) {
    case Duration::kMilliseconds:
      return duration.milliseconds();
    case Duration::kSeconds:
      return duration.seconds();
    case Duration::kMinutes:
      return duration.minutes();
    case Duration::kHours:
      return duration.hours();
    case Duration::kDays:
      return duration.days();
    case Duration::kWeeks:
      return duration.weeks();
    case Duration::kMonths:
      return duration.months();
    case Duration::TYPE_NOT_SET:
      break;
  }
  return 0;
}

Duration make_duration(Duration::TypeCase type, std::uint32_t amount) {
  Duration out;
  switch (type) {
    case Duration::kMilliseconds:
      out.set_milliseconds(amount);
      break;
    case Duration::kSeconds:
      out.set_seconds(amount);
      break;
    case Duration::kMinutes:
      out.set_minutes(amount);
      break;
    case Duration::kHours:
      out.set_hours(amount);
      break;
    case Duration::kDays:
      out.set_days(amount);
      break;
    case Duration::kWeeks:
      out.set_weeks(amount);
      break;
    case Duration::kMonths:
      out.set_months(amount);
      break;
    case Duration::TYPE_NOT_SET:
      break;
  }
  return out;
}

}  // namespace

milliseconds length_of(const Duration& duration) {
  for (const Unit& unit : kUnits) {
    if (unit.type == duration.type_case()) return unit.length * amount_of(duration);
  }
  return {};
}

base::Result<Duration> parse_duration(std::string_view text) {
  std::uint32_t amount = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, amount);
  if (error == std::errc()) {
    std::string_view name(rest, static_cast<std::size_t>(end - rest));
    while (name.starts_with(' ')) name.remove_prefix(1);
    for (const Unit& unit : kUnits) {
      const bool plural = name.ends_with('s') && name.substr(0, name.size() - 1) == unit.name;
      if (plural || name == unit.name || name == unit.abbreviation) {
        return make_duration(unit.type, amount);
      }
    }
  }
  return base::fail_invalid(
      "duration_malformed",
      fmt::format("\"{}\" is not a duration such as 90seconds, 2hours, 30days, 1week, 3months",
                  text.substr(0, 40)));
}

std::string to_string(const Duration& duration) {
  for (const Unit& unit : kUnits) {
    if (unit.type != duration.type_case()) continue;
    const std::uint32_t amount = amount_of(duration);
    return fmt::format("{} {}{}", amount, unit.name, amount == 1 ? "" : "s");
  }
  return "0 seconds";
}

}  // namespace resource
