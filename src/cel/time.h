#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "cel/value.h"

namespace cel {

// A timestamp or duration moved by `sign` times `by`; an error outside the range of its kind
// (years 1 to 9999; nanoseconds in 64 bits).
Value shift(const Value& time, Time by, int sign);
Value difference(Time later, Time earlier);

Value make_timestamp(Time time);  // an error when out of range
Value make_duration(Time time);

// RFC 3339, and Go's "1h2m3.5s". Nothing when malformed; the range is not checked.
std::optional<Time> parse_timestamp(std::string_view text);
std::optional<Time> parse_duration(std::string_view text);

std::string print_timestamp(Time time);  // UTC, no trailing zeros in the fraction
std::string print_duration(Time time);   // seconds: "1.5s"

// The whole of a duration in nanoseconds, when that fits.
std::optional<std::int64_t> total_nanoseconds(Time time);
Time from_nanoseconds(std::int64_t nanos);

}  // namespace cel
