#include "cel/zone.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace cel {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kDay = 86'400;
constexpr std::uintmax_t kMaxFile = 1 << 20;

bool take(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool number(std::string_view& text, std::int64_t& out) {
  std::size_t count = 0;
  out = 0;
  for (; count < text.size() && count < 6 && is_digit(text[count]); ++count)
    out = out * 10 + (text[count] - '0');
  text.remove_prefix(count);
  return count > 0;
}

// [+-]hh[:mm[:ss]] in seconds.
bool clock_time(std::string_view& text, std::int64_t& out) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  std::int64_t part = 0;
  out = 0;
  if (!number(text, part)) return false;
  out = part * 3600;
  for (const std::int64_t unit : {60, 1}) {
    if (!take(text, ':')) break;
    if (!number(text, part)) return false;
    out += part * unit;
  }
  if (negative) out = -out;
  return true;
}

bool abbreviation(std::string_view& text) {
  std::size_t end = 0;
  if (text.starts_with('<')) {
    end = text.find('>');
    if (end == std::string_view::npos) return false;
    ++end;
  } else {
    while (end < text.size() && ((text[end] | 0x20) >= 'a' && (text[end] | 0x20) <= 'z')) ++end;
  }
  text.remove_prefix(end);
  return end >= 3;
}

bool change(std::string_view& text, ZoneRule::Change& out) {
  std::int64_t a = 0;
  std::int64_t b = 0;
  std::int64_t c = 0;
  if (take(text, 'M')) {
    if (!number(text, a) || !take(text, '.') || !number(text, b) || !take(text, '.') ||
        !number(text, c) || a < 1 || a > 12 || b < 1 || b > 5 || c > 6)
      return false;
    out.month = static_cast<int>(a);
    out.week = static_cast<int>(b);
    out.day = static_cast<int>(c);
  } else {
    out.kind = take(text, 'J') ? 'J' : '0';
    if (!number(text, a) || a > 365) return false;
    out.day = static_cast<int>(a);
  }
  return !take(text, '/') || clock_time(text, out.time);
}

// The local time of a change in a year, as seconds since the epoch if it were UTC.
std::int64_t local_time(const ZoneRule::Change& change, std::chrono::year year) {
  using namespace std::chrono;
  if (change.kind != 'M') {
    const auto first = sys_days(year / January / 1);
    int day = change.day;
    if (change.kind == 'J') day += year.is_leap() && day >= 60 ? 0 : -1;
    return (first.time_since_epoch().count() + day) * kDay + change.time;
  }
  const month in(static_cast<unsigned>(change.month));
  const weekday wanted(static_cast<unsigned>(change.day));
  const sys_days day = change.week == 5
                           ? sys_days(year / in / wanted[last])
                           : sys_days(year / in / wanted[static_cast<unsigned>(change.week)]);
  return day.time_since_epoch().count() * kDay + change.time;
}

// Big-endian fields of a TZif file, in order.
class Reader {
 public:
  explicit Reader(std::string_view data) : data_(data) {}

  bool skip(std::size_t bytes) {
    if (data_.size() < bytes) return false;
    data_.remove_prefix(bytes);
    return true;
  }
  std::int64_t integer(std::size_t bytes) {
    if (data_.size() < bytes) {
      failed_ = true;
      return 0;
    }
    std::uint64_t out = static_cast<unsigned char>(data_[0]) & 0x80U ? ~std::uint64_t{0} : 0;
    for (std::size_t i = 0; i < bytes; ++i)
      out = (out << 8U) | static_cast<unsigned char>(data_[i]);
    data_.remove_prefix(bytes);
    return static_cast<std::int64_t>(out);
  }
  bool failed() const { return failed_; }
  std::string_view rest() const { return data_; }

 private:
  std::string_view data_;
  bool failed_ = false;
};

struct Header {
  std::size_t utc_marks, standard_marks, leaps, times, types, characters;

  std::size_t body(std::size_t time_bytes) const {
    return times * (time_bytes + 1) + types * 6 + characters + leaps * (time_bytes + 4) +
           standard_marks + utc_marks;
  }
};

bool read_header(Reader& in, Header& out) {
  if (!in.rest().starts_with("TZif") || !in.skip(20)) return false;
  for (std::size_t* field :
       {&out.utc_marks, &out.standard_marks, &out.leaps, &out.times, &out.types, &out.characters}) {
    const std::int64_t value = in.integer(4);
    if (value < 0 || value > 100'000) return false;
    *field = static_cast<std::size_t>(value);
  }
  return !in.failed();
}

}  // namespace

std::optional<ZoneRule> ZoneRule::parse(std::string_view text) {
  ZoneRule out;
  if (!abbreviation(text) || !clock_time(text, out.standard)) return std::nullopt;
  out.standard = -out.standard;  // POSIX counts west of Greenwich
  if (text.empty()) return out;
  out.has_summer = true;
  if (!abbreviation(text)) return std::nullopt;
  out.summer = out.standard + 3600;
  if (!text.starts_with(',')) {
    if (!clock_time(text, out.summer)) return std::nullopt;
    out.summer = -out.summer;
  }
  if (!take(text, ',') || !change(text, out.start) || !take(text, ',') || !change(text, out.end))
    return std::nullopt;
  return out;
}

std::int64_t ZoneRule::offset(std::int64_t seconds) const {
  if (!has_summer) return standard;
  const std::chrono::sys_seconds local{std::chrono::seconds(seconds + standard)};
  const std::chrono::year_month_day date(std::chrono::floor<std::chrono::days>(local));
  const std::int64_t from = local_time(start, date.year()) - standard;
  const std::int64_t to = local_time(end, date.year()) - summer;
  // South of the equator summer begins late in the year and ends early in it.
  const bool is_summer =
      from < to ? seconds >= from && seconds < to : seconds >= from || seconds < to;
  return is_summer ? summer : standard;
}

std::optional<Zone> Zone::parse(std::string_view file) {
  Reader in(file);
  Header header{};
  const bool has_64_bit = file.size() > 4 && file[4] >= '2';
  // The first block repeats the data in 32 bits for old readers.
  if (!has_64_bit || !read_header(in, header) || !in.skip(header.body(4)) ||
      !read_header(in, header) || in.rest().size() < header.body(8) || header.types == 0)
    return std::nullopt;

  Zone out;
  for (std::size_t i = 0; i < header.times; ++i) out.transitions_.push_back(in.integer(8));
  std::vector<std::size_t> types;
  for (std::size_t i = 0; i < header.times; ++i)
    types.push_back(static_cast<std::size_t>(in.integer(1) & 0xFF));
  std::vector<std::int64_t> offsets;
  for (std::size_t i = 0; i < header.types; ++i) {
    offsets.push_back(in.integer(4));
    in.skip(2);
  }
  for (const std::size_t type : types) {
    if (type >= offsets.size()) return std::nullopt;
    out.offsets_.push_back(offsets[type]);
  }
  out.first_offset_ = offsets[0];
  in.skip(header.characters + header.leaps * 12 + header.standard_marks + header.utc_marks);

  std::string_view footer = in.rest();
  if (in.failed() || !take(footer, '\n')) return std::nullopt;
  footer = footer.substr(0, footer.find('\n'));
  if (!footer.empty()) {
    out.rule_ = ZoneRule::parse(footer);
    if (!out.rule_) return std::nullopt;
  }
  return out;
}

std::int64_t Zone::offset(std::int64_t seconds) const {
  const auto after = std::ranges::upper_bound(transitions_, seconds);
  if (after == transitions_.end() && rule_) return rule_->offset(seconds);
  if (after == transitions_.begin()) return first_offset_;
  return offsets_[static_cast<std::size_t>(after - transitions_.begin()) - 1];
}

ZoneDatabase::ZoneDatabase(const std::string& directory) {
  std::error_code error;
  const auto options = fs::directory_options::skip_permission_denied;
  for (fs::recursive_directory_iterator it(directory, options, error), end; !error && it != end;
       it.increment(error)) {
    std::string name = it->path().lexically_relative(directory).string();
    if (name == "right" || name == "posix") it.disable_recursion_pending();  // the same once more
    std::error_code ignored;
    if (!it->is_regular_file(ignored) || it->file_size(ignored) > kMaxFile) continue;
    std::ifstream file(it->path(), std::ios::binary);
    const std::string content{std::istreambuf_iterator<char>(file), {}};
    if (auto zone = Zone::parse(content)) zones_.emplace(std::move(name), std::move(*zone));
  }
}

const Zone* ZoneDatabase::find(std::string_view name) const {
  const auto found = zones_.find(std::string(name));
  return found == zones_.end() ? nullptr : &found->second;
}

const ZoneDatabase& zones() {
  static const ZoneDatabase database("/usr/share/zoneinfo");
  return database;
}

std::optional<std::int64_t> zone_offset(std::string_view zone, std::int64_t seconds) {
  if (zone.empty() || zone == "UTC") return 0;
  if (is_digit(zone[0]) || zone[0] == '+' || zone[0] == '-') {
    const bool is_signed = !is_digit(zone[0]);
    const std::string_view digits = zone.substr(is_signed ? 1 : 0);
    if (digits.size() != 5 || digits[2] != ':' || !is_digit(digits[0]) || !is_digit(digits[1]) ||
        !is_digit(digits[3]) || !is_digit(digits[4]))
      return std::nullopt;
    const std::int64_t hours = (digits[0] - '0') * 10 + (digits[1] - '0');
    const std::int64_t minutes = (digits[3] - '0') * 10 + (digits[4] - '0');
    if (hours > 23 || minutes > 59) return std::nullopt;
    return (zone[0] == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
  }
  constexpr std::size_t kLongestName = 64;
  if (zone.size() > kLongestName) return std::nullopt;
  const Zone* found = zones().find(zone);
  if (found == nullptr) return std::nullopt;
  return found->offset(seconds);
}

}  // namespace cel
