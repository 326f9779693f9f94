#include "cli/age.h"

#include <fmt/format.h>

#include <algorithm>

namespace cli {
namespace {

std::string two(std::int64_t large, char unit, std::int64_t small, char small_unit) {
  if (small == 0) return fmt::format("{}{}", large, unit);
  return fmt::format("{}{}{}{}", large, unit, small, small_unit);
}

}  // namespace

std::string compact(std::chrono::seconds length) {
  constexpr std::int64_t kDaysPerYear = 365;
  const std::int64_t seconds = length.count(), minutes = seconds / 60, hours = minutes / 60,
                     days = hours / 24;
  if (seconds < 0) return "<invalid>";
  if (seconds < 120) return fmt::format("{}s", seconds);
  if (minutes < 10) return two(minutes, 'm', seconds % 60, 's');
  if (minutes < 180) return fmt::format("{}m", minutes);
  if (hours < 8) return two(hours, 'h', minutes % 60, 'm');
  if (hours < 48) return fmt::format("{}h", hours);
  if (days < 8) return two(days, 'd', hours % 24, 'h');
  if (days < 2 * kDaysPerYear) return fmt::format("{}d", days);
  if (days < 8 * kDaysPerYear) return two(days / kDaysPerYear, 'y', days % kDaysPerYear, 'd');
  return fmt::format("{}y", days / kDaysPerYear);
}

std::string age_of(const google::protobuf::Timestamp& time, base::WallTime now) {
  if (time.seconds() == 0) return "";
  // Clocks differ by a little; what was made "in the future" was made now.
  return compact(
      std::chrono::seconds(std::max<std::int64_t>(0, base::to_seconds(now) - time.seconds())));
}

std::string time_until(const google::protobuf::Timestamp& time, base::WallTime now) {
  if (time.seconds() == 0) return "";
  return compact(std::chrono::seconds(time.seconds() - base::to_seconds(now)));
}

}  // namespace cli
