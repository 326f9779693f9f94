#include "resource/position.h"

#include <fmt/format.h>

#include "base/encoding.h"

namespace resource {

std::string to_string(const Diagnostic& diagnostic) {
  std::string out = diagnostic.file;
  if (diagnostic.position.line != 0) {
    out += fmt::format("{}{}", out.empty() ? "" : ":", diagnostic.position.line);
    if (diagnostic.position.column != 0) out += fmt::format(":{}", diagnostic.position.column);
  }
  if (!out.empty()) out += ": ";
  if (!diagnostic.path.empty()) out += diagnostic.path + ": ";
  return out + diagnostic.message;
}

Position PositionMap::find(std::string_view path) const {
  for (;; path = parent_path(path)) {
    if (const auto found = positions_.find(path); found != positions_.end()) return found->second;
    if (path.empty()) return {};
  }
}

std::string_view parent_path(std::string_view path) {
  if (path.ends_with(']')) {
    const std::size_t quoted = path.ends_with("\"]") ? path.find("[\"") : std::string_view::npos;
    return path.substr(0, quoted != std::string_view::npos ? quoted : path.rfind('['));
  }
  const std::size_t dot = path.rfind('.');
  return dot == std::string_view::npos ? std::string_view() : path.substr(0, dot);
}

std::string map_step(std::string_view key) {
  constexpr std::size_t kMaxShown = 64;
  std::string out = "[\"";
  base::append_json_escaped(out, key.substr(0, kMaxShown));
  if (key.size() > kMaxShown) out += "...";
  return out + "\"]";
}

}  // namespace resource
