#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace cel {

// The rule of a time zone for times after its last listed transition, as POSIX's TZ writes it
// ("CET-1CEST,M3.5.0,M10.5.0/3"), with offsets east of Greenwich.
struct ZoneRule {
  struct Change {
    char kind = 'M';  // M: month, week, weekday; J: day 1-365 without 29 February; 0: day 0-365
    int month = 0;
    int week = 0;
    int day = 0;
    std::int64_t time = 7200;  // seconds of the local day
  };
  std::int64_t standard = 0;
  std::int64_t summer = 0;
  bool has_summer = false;
  Change start;
  Change end;

  static std::optional<ZoneRule> parse(std::string_view text);
  std::int64_t offset(std::int64_t seconds) const;
};

// One IANA time zone, from a TZif file (RFC 8536). Immutable.
class Zone {
 public:
  static std::optional<Zone> parse(std::string_view file);

  // Seconds east of Greenwich at a time.
  std::int64_t offset(std::int64_t seconds) const;

 private:
  std::vector<std::int64_t> transitions_;
  std::vector<std::int64_t> offsets_;  // from each transition on
  std::int64_t first_offset_ = 0;
  std::optional<ZoneRule> rule_;
};

// All zones of a directory such as /usr/share/zoneinfo, read once, so that no evaluation reads
// files. Immutable.
class ZoneDatabase {
 public:
  explicit ZoneDatabase(const std::string& directory);
  const Zone* find(std::string_view name) const;

 private:
  std::unordered_map<std::string, Zone> zones_;
};

// The system's database; read at the first call.
const ZoneDatabase& zones();

// Seconds east of Greenwich in a zone given as "", "UTC", "+02:00", "-02:30", "02:00" or by IANA
// name. Nothing when there is no such zone.
std::optional<std::int64_t> zone_offset(std::string_view zone, std::int64_t seconds);

}  // namespace cel
