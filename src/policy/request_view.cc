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
  const std::size_t count = size();
  for (std::size_t i = 0; i < count; ++i)
    if (same_header_name(name(i), lower_name)) return value(i);
  return std::nullopt;
}

std::optional<GrpcView> parse_grpc_path(std::string_view path) {
  if (!path.starts_with('/')) return std::nullopt;
  path.remove_prefix(1);
  const auto slash = path.find('/');
  const auto dot = path.substr(0, slash).rfind('.');
  const bool good = slash != std::string_view::npos && dot != std::string_view::npos && dot > 0 &&
                    dot + 1 < slash && slash + 1 < path.size() &&
                    path.find('/', slash + 1) == std::string_view::npos;
  if (!good) return std::nullopt;
  return GrpcView{.package = path.substr(0, dot),
                  .service = path.substr(dot + 1, slash - dot - 1),
                  .service_full_name = path.substr(0, slash),
                  .method = path.substr(slash + 1)};
}

}  // namespace policy
