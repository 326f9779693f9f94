#include "identity/scope.h"

#include <algorithm>
#include <set>

namespace identity {
namespace {

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// A word of an API scope: a package, a gRPC service or a method.
bool is_word(std::string_view text) {
  return !text.empty() && !is_digit(text[0]) && std::ranges::all_of(text, [](char c) {
    return is_lower(c) || is_digit(c) || (c >= 'A' && c <= 'Z');
  });
}

// A Service's or Namespace's own name.
bool is_name(std::string_view text) {
  return text.size() <= 40 && !text.empty() && is_lower(text[0]) && !text.ends_with('-') &&
         text.find("--") == std::string_view::npos &&
         std::ranges::all_of(text, [](char c) { return is_lower(c) || is_digit(c) || c == '-'; });
}

bool parse_api(std::string_view text, corev1::Scope& scope) {
  if (text == "*") {
    scope.mutable_api()->mutable_all();
    return true;
  }
  auto& filter = *scope.mutable_api()->mutable_filter();
  const auto slash = text.find('/');
  const std::string_view service_part = text.substr(0, slash);
  const auto dot = service_part.find('.');
  const std::string_view package = service_part.substr(0, dot);
  if (!is_word(package)) return false;
  filter.add_packages("octelium.api.main." + std::string(package) + ".v1");
  if (dot != std::string_view::npos) {
    const std::string_view service = service_part.substr(dot + 1);
    if (!is_word(service)) return false;
    filter.add_services(std::string(service));
  }
  if (slash != std::string_view::npos) {
    const std::string_view method = text.substr(slash + 1);
    if (dot == std::string_view::npos || !is_word(method)) return false;
    filter.add_methods(std::string(method));
  }
  return true;
}

bool parse_service(std::string_view text, corev1::Scope& scope) {
  if (text == "*") {
    scope.mutable_service()->mutable_all();
    return true;
  }
  auto& filter = *scope.mutable_service()->mutable_filter();
  if (text.ends_with("/*")) {
    text.remove_suffix(2);
    filter.add_namespaces(std::string(text));
    return is_name(text);
  }
  const auto dot = text.find('.');
  const std::string_view name = text.substr(0, dot);
  const std::string_view space =
      dot == std::string_view::npos ? std::string_view("default") : text.substr(dot + 1);
  filter.add_names(std::string(name));
  filter.add_namespaces(std::string(space));
  return is_name(name) && is_name(space);
}

}  // namespace

base::Result<corev1::Scope> parse_scope(std::string_view text) {
  corev1::Scope scope;
  bool good = false;
  if (text.size() <= kMaxScopeBytes) {
    if (text.starts_with("api:")) good = parse_api(text.substr(4), scope);
    if (text.starts_with("service:")) good = parse_service(text.substr(8), scope);
  }
  if (!good)
    return base::fail_invalid(
        "scope_malformed",
        "a scope is none of api:*, api:<package>[.<Service>[/<Method>]], service:*, "
        "service:<name>[.<namespace>], service:<namespace>/*");
  return scope;
}

base::Result<std::vector<corev1::Scope>> parse_scopes(std::span<const std::string> texts) {
  if (texts.size() > kMaxScopes)
    return base::fail_invalid("scope_malformed", "there are more than 128 scopes");
  std::set<std::string_view> seen;
  std::vector<corev1::Scope> scopes;
  for (const std::string& text : texts) {
    BASE_ASSIGN(auto scope, parse_scope(text));
    if (!seen.insert(text).second)
      return base::fail_invalid("scope_malformed", "the scope " + text + " is there twice");
    scopes.push_back(std::move(scope));
  }
  return scopes;
}

base::Result<std::vector<corev1::Scope>> parse_scope_list(std::string_view text) {
  if (text.size() > kMaxScopeListBytes)
    return base::fail_invalid("scope_malformed", "the list of scopes is longer than 2048 bytes");
  std::vector<std::string> texts;
  while (!text.empty()) {
    const std::string_view one = text.substr(0, text.find(' '));
    if (!one.empty()) texts.emplace_back(one);
    text.remove_prefix(std::min(one.size() + 1, text.size()));
  }
  return parse_scopes(texts);
}

}  // namespace identity
