#include "cli/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>

namespace cli {
namespace {

std::string trimmed(std::string text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

std::string value_of(const Environment& environment, const std::string& name) {
  return trimmed(environment(name).value_or(""));
}

base::Result<bool> switch_of(const Environment& environment, const std::string& name) {
  const std::string value = value_of(environment, name);
  if (value.empty() || value == "false" || value == "0") return false;
  if (value == "true" || value == "1") return true;
  return base::fail_invalid("environment_malformed",
                            fmt::format("{} is \"{}\"; use true or false", name, value));
}

bool is_domain(std::string_view text) {
  const bool good = std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
  });
  return good && !text.empty() && text.size() <= 253 && text.front() != '.' && text.back() != '.' &&
         text.find("..") == std::string_view::npos;
}

bool has_port(std::string_view endpoint) {
  const std::size_t colon = endpoint.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  std::uint16_t port = 0;
  const char* end = endpoint.data() + endpoint.size();
  const auto [rest, error] = std::from_chars(endpoint.data() + colon + 1, end, port);
  return error == std::errc() && rest == end && port != 0;
}

std::filesystem::path default_home(const Environment& environment) {
  if (const std::string config = value_of(environment, "XDG_CONFIG_HOME"); !config.empty()) {
    return std::filesystem::path(config) / "octelium";
  }
  if (const std::string home = value_of(environment, "HOME"); !home.empty()) {
    return std::filesystem::path(home) / ".config" / "octelium";
  }
  return {};
}

}  // namespace

Environment process_environment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr || *value == '\0') return std::nullopt;
    return value;
  };
}

base::Result<Settings> resolve_settings(const GlobalFlags& flags, const Environment& environment) {
  Settings out;
  out.domain = flags.domain.empty() ? value_of(environment, "OCTELIUM_DOMAIN") : flags.domain;
  if (out.domain.empty()) {
    return base::fail_invalid("domain_missing",
                              "no cluster domain: give --domain or set OCTELIUM_DOMAIN");
  }
  if (!is_domain(out.domain)) {
    return base::fail_invalid(
        "domain_malformed", fmt::format("\"{}\" is not a domain such as example.com", out.domain));
  }

  std::string home = flags.home.empty() ? value_of(environment, "OCTELIUM_HOME") : flags.home;
  if (home.empty()) home = default_home(environment).string();
  if (home != "mem" && home != "memory") out.home = home;

  out.api_host = "octelium-api." + out.domain;
  out.target = value_of(environment, "OCTELIUM_API_ENDPOINT");
  out.has_endpoint = !out.target.empty();
  if (!out.has_endpoint) out.target = out.api_host + ":443";
  if (!has_port(out.target)) {
    return base::fail_invalid(
        "endpoint_malformed",
        fmt::format("OCTELIUM_API_ENDPOINT is \"{}\"; use HOST:PORT", out.target));
  }

  out.ca_file = value_of(environment, "OCTELIUM_CA_FILE");
  if (out.ca_file.empty()) out.ca_file = value_of(environment, "SSL_CERT_FILE");
  BASE_ASSIGN(out.insecure_tls, switch_of(environment, "OCTELIUM_INSECURE_TLS"));
  out.authentication_token = base::Secret(value_of(environment, "OCTELIUM_AUTH_TOKEN"));
  out.access_token = base::Secret(value_of(environment, "OCTELIUM_ACCESS_TOKEN"));
  BASE_ASSIGN(const bool logout, switch_of(environment, "OCTELIUM_LOGOUT"));
  out.logout_after = flags.logout || logout;
  return out;
}

}  // namespace cli
