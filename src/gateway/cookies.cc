#include "gateway/cookies.h"

#include <simdjson.h>

namespace gateway {
namespace {

constexpr std::size_t kMaxCookieBytes = 16 * 1024;  // a head is no larger

bool is_ours(std::string_view pair) {
  while (!pair.empty() && (pair.front() == ' ' || pair.front() == '\t')) pair.remove_prefix(1);
  std::string_view name = pair.substr(0, pair.find('='));
  while (!name.empty() && (name.back() == ' ' || name.back() == '\t')) name.remove_suffix(1);
  return name == "octelium_auth" || name == "octelium_rt";
}

}  // namespace

std::string_view without_our_cookies(std::string_view value, std::string& storage) {
  if (value.find("octelium_") == std::string_view::npos) return value;
  // Views of earlier fields point into `storage`: it must not move.
  if (storage.empty()) storage.reserve(kMaxCookieBytes);
  if (storage.size() + value.size() > kMaxCookieBytes) return {};
  const std::size_t begin = storage.size();
  std::size_t start = 0;
  while (start <= value.size()) {
    const auto end = std::min(value.find(';', start), value.size());
    std::string_view pair = value.substr(start, end - start);
    start = end + 1;
    while (!pair.empty() && pair.front() == ' ') pair.remove_prefix(1);
    if (pair.empty() || is_ours(pair)) continue;
    if (storage.size() > begin) storage += "; ";
    storage += pair;
  }
  return std::string_view(storage).substr(begin);
}

bool sets_our_cookie(std::string_view value) { return is_ours(value.substr(0, value.find(';'))); }

bool is_json_object(std::string_view text) {
  thread_local simdjson::dom::parser parser;
  simdjson::dom::element root;
  if (parser.parse(text.data(), text.size()).get(root) != simdjson::SUCCESS) return false;
  return root.is_object();
}

}  // namespace gateway
