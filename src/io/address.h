#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace io {

// A socket address: IPv4, IPv6 or a path in the file system. A value; compares by content.
class Address {
 public:
  Address() = default;
  Address(const sockaddr* address, socklen_t size);

  // `127.0.0.1:80`, `[::1]:80`, `unix:/path`. Numeric hosts only; port 0 is allowed (any free
  // port).
  static base::Result<Address> parse(std::string_view text);
  // A numeric host and a port; fails for names.
  static base::Result<Address> from_ip(std::string_view ip, std::uint16_t port);
  static base::Result<Address> unix_path(std::string_view path);

  const sockaddr* data() const { return reinterpret_cast<const sockaddr*>(&storage_); }
  socklen_t size() const { return size_; }
  int family() const { return storage_.ss_family; }
  std::uint16_t port() const;  // 0 for a path
  void set_port(std::uint16_t port);
  bool is_loopback() const;
  bool is_unspecified() const;

  std::string ip() const;    // without brackets; empty for a path
  std::string text() const;  // as `parse` reads it

  bool operator==(const Address& other) const;

 private:
  sockaddr_storage storage_{};
  socklen_t size_ = 0;
};

}  // namespace io
