#pragma once

#include <openssl/ssl.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secret.h"

namespace io {

struct SslContextDeleter {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using SslContext = std::shared_ptr<SSL_CTX>;

enum class Alpn : std::uint8_t { kNone, kHttp11, kHttp2 };

struct Certificate {
  std::string chain_pem;  // leaf first
  base::Secret key_pem;
};

// TLS 1.2 and 1.3 with the suites of spec/http-gateway.md 1.2; ALPN h2 and http/1.1.
base::Result<SslContext> make_server_context(const Certificate& certificate);

struct ClientTls {
  std::vector<std::string> trusted_pem;  // extra roots
  bool system_roots = true;
  bool verify = true;
};
// For connections to upstreams. Verification of chain and name is on unless `verify` says
// otherwise.
base::Result<SslContext> make_client_context(const ClientTls& options);

// The last error of OpenSSL on this thread, in words; clears the queue.
std::string take_ssl_error();

// A certificate authority of our own, for the domain's certificates when the user has none.
struct Issued {
  std::string certificate_pem;
  base::Secret key_pem;
};
base::Result<Issued> make_authority(std::string_view common_name, int days);
// A server certificate for `dns_names` (wildcards allowed), signed by `authority`; the PEM holds
// leaf and authority.
base::Result<Issued> issue_certificate(const Issued& authority,
                                       const std::vector<std::string>& dns_names, int days);

}  // namespace io
