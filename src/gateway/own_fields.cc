#include "gateway/own_fields.h"

#include <algorithm>
#include <ctime>

namespace gateway {

// Made once per second and thread.
std::string_view http_date(std::int64_t ns) {
  thread_local std::int64_t cached_second = -1;
  thread_local char text[32];
  const std::int64_t second = ns / 1'000'000'000;
  if (second != cached_second) {
    const auto seconds = static_cast<std::time_t>(second);
    std::tm utc{};
    gmtime_r(&seconds, &utc);
    std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &utc);
    cached_second = second;
  }
  return text;
}

bool are_alike(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) {
    const auto plain = [](char c) {
      if (c >= 'A' && c <= 'Z') return static_cast<char>(c + 32);
      return c == '_' ? '-' : c;
    };
    return plain(x) == plain(y);
  });
}

void set_field(http::FieldList& fields, std::string_view name, std::string_view value,
               bool append) {
  if (!append) {
    for (http::Field& field : fields)
      if (are_alike(field.name, name)) field.hop_by_hop = true;  // the codecs leave it out
  }
  fields.push(http::Field{name, value, http::classify(name), false});
}

}  // namespace gateway
