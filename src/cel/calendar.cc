#include <chrono>

#include "cel/function.h"
#include "cel/text.h"
#include "cel/time.h"
#include "cel/zone.h"

namespace cel {
namespace {

// A timestamp as a clock on the wall of some zone shows it.
struct Local {
  std::chrono::sys_days day;
  std::chrono::year_month_day date;
  std::int64_t second = 0;  // of the day
  std::uint32_t nanos = 0;
};

// False sets `error`.
bool local_time(Evaluation& evaluation, const Value& time, const Value* zone, Local& out,
                Value& error) {
  if (!time.is(Kind::kTimestamp) || (zone != nullptr && !zone->is(Kind::kString))) {
    error = Value::no_such_overload();
    return false;
  }
  std::int64_t seconds = time.as_time().seconds;
  if (zone != nullptr) {
    const auto offset = zone_offset(zone->as_text(), seconds);
    if (!offset) {
      error = error_with(evaluation, ErrorCode::kInvalidArgument,
                         "unknown time zone: ", zone->as_text());
      return false;
    }
    seconds += *offset;
  }
  const std::chrono::sys_seconds at{std::chrono::seconds(seconds)};
  out.day = std::chrono::floor<std::chrono::days>(at);
  out.date = std::chrono::year_month_day(out.day);
  out.second = (at - out.day).count();
  out.nanos = time.as_time().nanos;
  return true;
}

std::int64_t year(const Local& t) { return static_cast<int>(t.date.year()); }
std::int64_t month(const Local& t) { return static_cast<unsigned>(t.date.month()) - 1; }
std::int64_t date(const Local& t) { return static_cast<unsigned>(t.date.day()); }
std::int64_t day_of_month(const Local& t) { return date(t) - 1; }
std::int64_t day_of_week(const Local& t) { return std::chrono::weekday(t.day).c_encoding(); }
std::int64_t day_of_year(const Local& t) {
  return (t.day - std::chrono::sys_days(t.date.year() / std::chrono::January / 1)).count();
}
std::int64_t hours(const Local& t) { return t.second / 3600; }
std::int64_t minutes(const Local& t) { return t.second / 60 % 60; }
std::int64_t seconds(const Local& t) { return t.second % 60; }
std::int64_t milliseconds(const Local& t) { return t.nanos / 1'000'000; }

template <std::int64_t (*kPart)(const Local&)>
Value part(Evaluation& evaluation, const Value* args, std::size_t count) {
  Local local;
  Value error;
  if (!local_time(evaluation, args[0], count == 2 ? &args[1] : nullptr, local, error)) return error;
  return Value::integer(kPart(local));
}

// Of a duration hours, minutes and seconds are the whole of it, cut off towards zero.
template <std::int64_t (*kPart)(const Local&), std::int64_t kUnit, std::int64_t kModulo>
Value part_or_total(Evaluation& evaluation, const Value* args, std::size_t count) {
  if (args[0].is(Kind::kDuration) && count == 1) {
    const auto nanos = total_nanoseconds(args[0].as_time());
    const std::int64_t total = nanos.value_or(0) / kUnit;
    return Value::integer(kModulo == 0 ? total : total % kModulo);
  }
  return part<kPart>(evaluation, args, count);
}

template <bool kWeekend>
Value is_day(Evaluation& evaluation, const Value* args, std::size_t count) {
  Local local;
  Value error;
  if (!local_time(evaluation, args[0], count == 2 ? &args[1] : nullptr, local, error)) return error;
  const std::int64_t day = day_of_week(local);
  return Value::boolean((day == 0 || day == 6) == kWeekend);
}

Value now(Evaluation& evaluation, const Value*, std::size_t) {
  return make_timestamp(from_nanoseconds(evaluation.source().now().time_since_epoch().count()));
}

constexpr std::string_view kGetter = "timestamp.():int; timestamp.(string):int";
constexpr std::string_view kTimeGetter =
    "timestamp.():int; timestamp.(string):int; duration.():int";

constexpr FunctionSpec kFunctions[] = {
    {"now", "():timestamp", now, Nature::kClock},
    {"getFullYear", kGetter, part<year>, Nature::kZoned},
    {"getMonth", kGetter, part<month>, Nature::kZoned},
    {"getDate", kGetter, part<date>, Nature::kZoned},
    {"getDayOfMonth", kGetter, part<day_of_month>, Nature::kZoned},
    {"getDayOfWeek", kGetter, part<day_of_week>, Nature::kZoned},
    {"getDayOfYear", kGetter, part<day_of_year>, Nature::kZoned},
    {"getHours", kTimeGetter, part_or_total<hours, 3'600'000'000'000, 0>, Nature::kZoned},
    {"getMinutes", kTimeGetter, part_or_total<minutes, 60'000'000'000, 0>, Nature::kZoned},
    {"getSeconds", kTimeGetter, part_or_total<seconds, 1'000'000'000, 0>, Nature::kZoned},
    {"getMilliseconds", kTimeGetter, part_or_total<milliseconds, 1'000'000, 1000>, Nature::kZoned},
    {"time.isWeekday", "(timestamp):bool", is_day<false>},
    {"time.isWeekend", "(timestamp):bool", is_day<true>},
    {"time.isWeekdayInTZ", "(timestamp, string):bool", is_day<false>, Nature::kZoned},
    {"time.isWeekendInTZ", "(timestamp, string):bool", is_day<true>, Nature::kZoned},
};

}  // namespace

std::span<const FunctionSpec> time_functions() { return kFunctions; }

}  // namespace cel
