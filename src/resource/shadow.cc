#include "resource/shadow.h"

#include <algorithm>

namespace resource {

ShadowMarks::ShadowMarks(const metav1::Metadata& metadata) {
  const auto found = metadata.annotations().find(kShadowAnnotation);
  if (found == metadata.annotations().end()) return;
  std::string_view rest = found->second;
  while (true) {
    const std::size_t comma = rest.find(',');
    std::string_view item = rest.substr(0, comma);
    const std::size_t first = item.find_first_not_of(" \t");
    item = first == std::string_view::npos
               ? std::string_view()
               : item.substr(first, item.find_last_not_of(" \t") - first + 1);
    items_.emplace_back(item);
    if (comma == std::string_view::npos) return;
    rest.remove_prefix(comma + 1);
  }
}

bool ShadowMarks::has(std::string_view item) const {
  return !item.empty() && std::ranges::find(items_, item) != items_.end();
}

bool ShadowMarks::covers(std::string_view rule) const { return has("*") || has(rule); }

bool ShadowMarks::covers(std::string_view inline_policy, std::string_view rule) const {
  if (items_.empty()) return false;
  if (has("*") || has(inline_policy)) return true;
  if (inline_policy.empty() || rule.empty()) return false;
  return has(std::string(inline_policy).append(1, '/').append(rule));
}

}  // namespace resource
