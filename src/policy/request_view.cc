#include "policy/request_view.h"

#include <algorithm>

namespace policy {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

bool same_header_name(std::string_view name, std::string_view lower_name) {
  return name.size() == lower_name.size() &&
         std::equal(name.begin(), name.end(), lower_name.begin(),
                    [](char a, char b) { return lower(a) == b; });
}

std::optional<std::string_view> HeaderSource::find(std::string_view lower_name) const {
  for (std::size_t i = 0; i < size(); ++i)
    if (same_header_name(name(i), lower_name)) return value(i);
  return std::nullopt;
}

}  // namespace policy
