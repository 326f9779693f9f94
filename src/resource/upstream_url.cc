#include "resource/upstream_url.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "resource/quoted.h"

namespace resource {
namespace {

struct Scheme {
  std::string_view name;
  std::uint16_t port;  // 0: none
  bool is_tls;
  bool is_http2;
};

constexpr std::array kSchemes = {
    Scheme{"http", 80, false, false}, Scheme{"https", 443, true, false},
    Scheme{"h2c", 80, false, true},   Scheme{"grpc", 0, false, true},
    Scheme{"ws", 80, false, false},   Scheme{"wss", 443, true, false},
};
constexpr std::string_view kUnix = "unix";
constexpr std::size_t kMaxSocketBytes = sizeof(sockaddr_un::sun_path) - 1;
constexpr std::size_t kMaxHostBytes = 253;
constexpr std::size_t kMaxHostLabelBytes = 63;

std::unexpected<base::Error> fail(std::string message) {
  return base::fail_invalid("upstream_url", std::move(message));
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return out;
}

bool is_printable(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7F; });
}

bool is_host_label(std::string_view label) {
  return !label.empty() && label.size() <= kMaxHostLabelBytes && label.front() != '-' &&
         label.back() != '-' && std::ranges::all_of(label, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
         });
}

bool is_ipv4(const std::string& host) {
  in_addr address{};
  return inet_pton(AF_INET, host.c_str(), &address) == 1;
}

// A name whose last label is all digits would be read as an IPv4 address by some resolvers, in
// forms such as 127.1, so only the usual form is let through.
bool is_host_name(std::string_view host) {
  if (host.empty() || host.size() > kMaxHostBytes) return false;
  while (true) {
    const auto dot = host.find('.');
    const auto label = host.substr(0, dot);
    if (!is_host_label(label)) return false;
    if (dot == std::string_view::npos)
      return !std::ranges::all_of(label, [](char c) { return c >= '0' && c <= '9'; });
    host.remove_prefix(dot + 1);
  }
}

base::Result<UpstreamUrl> parse_socket(std::string_view rest) {
  if (rest.starts_with("///")) rest.remove_prefix(2);
  if (!rest.starts_with('/') || rest.starts_with("//") || rest.size() < 2)
    return fail("a Unix socket is written as unix:/path/to.sock, with an absolute path");
  if (rest.size() > kMaxSocketBytes)
    return fail(fmt::format("the path of the socket has {} bytes; the system allows {}",
                            rest.size(), kMaxSocketBytes));
  UpstreamUrl url;
  url.scheme = kUnix;
  url.socket = rest;
  return url;
}

base::Result<std::uint16_t> parse_port(std::string_view digits) {
  std::uint16_t port = 0;
  const char* end = digits.data() + digits.size();
  const auto [rest, error] = std::from_chars(digits.data(), end, port);
  if (error != std::errc{} || rest != end || port == 0)
    return fail(fmt::format("{} is not a port between 1 and 65535", quoted(digits)));
  return port;
}

// Splits `host[:port]`; the port is empty when there is none.
struct HostAndPort {
  std::string_view host;
  std::optional<std::string_view> port;
  bool is_ipv6 = false;
};

base::Result<HostAndPort> split_authority(std::string_view authority) {
  HostAndPort out;
  std::string_view rest;
  if (authority.starts_with('[')) {
    const auto end = authority.find(']');
    if (end == std::string_view::npos) return fail("the bracket of the IPv6 address is not closed");
    out.host = authority.substr(1, end - 1);
    out.is_ipv6 = true;
    rest = authority.substr(end + 1);
  } else {
    const auto colon = authority.find(':');
    out.host = authority.substr(0, colon);
    rest = colon == std::string_view::npos ? std::string_view{} : authority.substr(colon);
  }
  if (rest.empty()) return out;
  if (!rest.starts_with(':'))
    return fail(fmt::format("{} must not follow the address", quoted(rest)));
  out.port = rest.substr(1);
  return out;
}

base::Result<std::string> parse_host(const HostAndPort& authority) {
  std::string host = lower(authority.host);
  if (authority.is_ipv6) {
    in6_addr address{};
    if (inet_pton(AF_INET6, host.c_str(), &address) != 1)
      return fail(fmt::format("{} is not an IPv6 address", quoted(host)));
    return host;
  }
  if (host.ends_with('.')) host.pop_back();
  if (!is_ipv4(host) && !is_host_name(host))
    return fail(host.empty() ? "the URL has no host"
                             : fmt::format("{} is neither a host name nor an IP address",
                                           quoted(authority.host)));
  return host;
}

}  // namespace

base::Result<UpstreamUrl> parse_upstream_url(std::string_view text) {
  if (text.empty()) return fail("the URL is empty");
  if (text.size() > kMaxUrlBytes)
    return fail(
        fmt::format("the URL has {} bytes; at most {} are allowed", text.size(), kMaxUrlBytes));
  if (!is_printable(text))
    return fail(fmt::format("{} has a space, a control or a non-ASCII character", quoted(text)));
  const auto colon = text.find(':');
  if (text.starts_with("unix:")) return parse_socket(text.substr(colon + 1));
  const auto separator = text.find("://");
  if (separator == std::string_view::npos || separator != colon)
    return fail(fmt::format("No scheme set in the upstream URL {}; write for example http://{}",
                            quoted(text), text.substr(0, 40)));

  const std::string name = lower(text.substr(0, separator));
  const auto scheme = std::ranges::find(kSchemes, name, &Scheme::name);
  if (scheme == kSchemes.end())
    return fail(fmt::format(
        "the scheme {} is not supported for an upstream; http, https, h2c, grpc, ws, wss and "
        "unix are",
        quoted(text.substr(0, separator))));

  const std::string_view rest = text.substr(separator + 3);
  const auto end = rest.find_first_of("/?#\\");
  const std::string_view authority = rest.substr(0, end);
  if (authority.find('@') != std::string_view::npos)
    return fail("user information in a URL is not used; see http.auth for credentials");
  const std::string_view tail =
      end == std::string_view::npos ? std::string_view{} : rest.substr(end);
  if (!tail.empty() && tail != "/")
    return fail(
        fmt::format("{} after the host would not be used; http.path.addPrefix adds to "
                    "the path of requests",
                    quoted(tail)));

  BASE_ASSIGN(const HostAndPort parts, split_authority(authority));
  UpstreamUrl url;
  url.scheme = name;
  url.is_tls = scheme->is_tls;
  url.is_http2 = scheme->is_http2;
  BASE_ASSIGN(url.host, parse_host(parts));
  url.port = scheme->port;
  if (parts.port) {
    BASE_ASSIGN(url.port, parse_port(*parts.port));
  } else if (url.port == 0) {
    return fail(fmt::format("the scheme {} has no usual port; the URL must name one", name));
  }
  url.is_default_port = url.port == scheme->port;
  return url;
}

}  // namespace resource
