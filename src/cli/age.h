#pragma once

#include <google/protobuf/timestamp.pb.h>

#include <chrono>
#include <string>

#include "base/clock.h"

namespace cli {

// A length of time in at most two units, as Kubernetes tools print it: 45s, 3m20s, 5h10m, 3d4h,
// 2y30d. Negative lengths are "<invalid>".
std::string compact(std::chrono::seconds length);

// How long ago, and how long from now. Empty for a time that is not set.
std::string age_of(const google::protobuf::Timestamp& time, base::WallTime now);
std::string time_until(const google::protobuf::Timestamp& time, base::WallTime now);

}  // namespace cli
