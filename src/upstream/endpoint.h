#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "io/address.h"
#include "io/tls.h"

namespace upstream {

enum class Protocol : std::uint8_t { kHttp1, kHttp2 };

// Where and how to connect. Immutable; two configs that say the same share one object, and with it
// its connections.
struct Endpoint {
  std::string host;  // as in the URL, lower case; for Host, SNI and the certificate's name
  std::uint16_t port = 0;
  bool default_port = true;  // for its scheme: then Host carries no port
  Protocol protocol = Protocol::kHttp1;
  io::SslContext tls;               // null: in clear
  std::optional<io::Address> dial;  // known without DNS: a literal, a socket path, or an override
  std::string authority;            // what Host says when nothing else is configured
  std::string key;                  // all of the above and the TLS settings, in words
};

// Gives out one Endpoint per key, and one TLS context per settings, for as long as somebody holds
// it: a context with the system's roots takes most of a megabyte. Thread-safe; not for the request
// path.
class EndpointTable {
 public:
  using MakeTls = std::function<base::Result<io::SslContext>()>;

  std::shared_ptr<const Endpoint> find(const std::string& key);
  std::shared_ptr<const Endpoint> add(Endpoint endpoint);
  // `make` is called when nobody holds a context of these settings.
  base::Result<io::SslContext> tls(const std::string& settings, const MakeTls& make);

 private:
  static constexpr std::size_t kSweepAt = 256;
  // By key; what expired is swept away when the table has grown to twice what was left.
  template <typename T>
  struct Held {
    std::shared_ptr<T> find(const std::string& key);
    std::shared_ptr<T> add(const std::string& key, std::shared_ptr<T> made);

    std::unordered_map<std::string, std::weak_ptr<T>> items;
    std::size_t sweep_at = kSweepAt;
  };

  std::mutex mutex_;
  Held<const Endpoint> endpoints_;  // guarded by mutex_
  Held<SSL_CTX> contexts_;          // guarded by mutex_
};

}  // namespace upstream
