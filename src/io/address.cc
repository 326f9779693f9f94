#include "io/address.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <charconv>
#include <cstddef>
#include <cstring>

namespace io {

Address::Address(const sockaddr* address, socklen_t size) : size_(size) {
  std::memcpy(&storage_, address, std::min<std::size_t>(size, sizeof storage_));
}

base::Result<Address> Address::from_ip(std::string_view ip, std::uint16_t port) {
  const std::string text(ip);
  sockaddr_in v4{};
  if (inet_pton(AF_INET, text.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    return Address(reinterpret_cast<const sockaddr*>(&v4), sizeof v4);
  }
  sockaddr_in6 v6{};
  if (inet_pton(AF_INET6, text.c_str(), &v6.sin6_addr) == 1) {
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    return Address(reinterpret_cast<const sockaddr*>(&v6), sizeof v6);
  }
  return base::fail_invalid("address_malformed", fmt::format("'{}' is not an IP address", ip));
}

base::Result<Address> Address::unix_path(std::string_view path) {
  sockaddr_un local{};
  if (path.empty() || path.size() >= sizeof local.sun_path) {
    return base::fail_invalid("address_malformed", fmt::format("a socket path has 1 to {} bytes",
                                                               sizeof local.sun_path - 1));
  }
  local.sun_family = AF_UNIX;
  std::memcpy(local.sun_path, path.data(), path.size());
  return Address(reinterpret_cast<const sockaddr*>(&local),
                 static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1));
}

base::Result<Address> Address::parse(std::string_view text) {
  if (text.starts_with("unix:")) return unix_path(text.substr(5));
  const auto colon = text.rfind(':');
  std::uint16_t port = 0;
  const std::string_view digits = colon == std::string_view::npos ? "" : text.substr(colon + 1);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (digits.empty() || error != std::errc{} || end != digits.data() + digits.size()) {
    return base::fail_invalid(
        "address_malformed", fmt::format("'{}' is not ADDRESS:PORT with a port up to 65535", text));
  }
  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (host == "localhost") host = "127.0.0.1";
  return from_ip(host, port);
}

std::uint16_t Address::port() const {
  if (family() == AF_INET) return ntohs(reinterpret_cast<const sockaddr_in*>(&storage_)->sin_port);
  if (family() == AF_INET6)
    return ntohs(reinterpret_cast<const sockaddr_in6*>(&storage_)->sin6_port);
  return 0;
}

void Address::set_port(std::uint16_t port) {
  if (family() == AF_INET) reinterpret_cast<sockaddr_in*>(&storage_)->sin_port = htons(port);
  if (family() == AF_INET6) reinterpret_cast<sockaddr_in6*>(&storage_)->sin6_port = htons(port);
}

bool Address::is_loopback() const {
  if (family() == AF_INET) {
    const auto& v4 = *reinterpret_cast<const sockaddr_in*>(&storage_);
    return (ntohl(v4.sin_addr.s_addr) >> 24u) == 127;
  }
  if (family() == AF_INET6) {
    const auto& v6 = *reinterpret_cast<const sockaddr_in6*>(&storage_);
    return IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr);
  }
  return family() == AF_UNIX;
}

bool Address::is_unspecified() const {
  if (family() == AF_INET)
    return reinterpret_cast<const sockaddr_in*>(&storage_)->sin_addr.s_addr == INADDR_ANY;
  if (family() == AF_INET6) {
    const auto& v6 = *reinterpret_cast<const sockaddr_in6*>(&storage_);
    return IN6_IS_ADDR_UNSPECIFIED(&v6.sin6_addr);
  }
  return false;
}

std::string Address::ip() const {
  char out[INET6_ADDRSTRLEN] = {};
  if (family() == AF_INET)
    inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(&storage_)->sin_addr, out, sizeof out);
  if (family() == AF_INET6)
    inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6*>(&storage_)->sin6_addr, out,
              sizeof out);
  return out;
}

std::string Address::text() const {
  if (family() == AF_UNIX)
    return fmt::format("unix:{}", reinterpret_cast<const sockaddr_un*>(&storage_)->sun_path);
  return family() == AF_INET6 ? fmt::format("[{}]:{}", ip(), port())
                              : fmt::format("{}:{}", ip(), port());
}

bool Address::operator==(const Address& other) const {
  return size_ == other.size_ && std::memcmp(&storage_, &other.storage_, size_) == 0;
}

}  // namespace io
