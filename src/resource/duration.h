#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/result.h"
#include "resource/kind.h"

namespace resource {

// The length of a duration message; a month is 30 days, one without a unit is zero.
std::chrono::milliseconds length_of(const metav1::Duration& duration);

// "90seconds", "2hours", "1week", "3 months", and the short forms ms, s, m, h, d, w, mo.
base::Result<metav1::Duration> parse_duration(std::string_view text);

// "2 hours", "1 week"; "0 seconds" for one without a unit.
std::string to_string(const metav1::Duration& duration);

}  // namespace resource
