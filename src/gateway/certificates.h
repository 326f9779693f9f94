#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/result.h"
#include "io/tls.h"

namespace gateway {

// Server certificates by the name a client asks for. Immutable; part of a Snapshot.
class CertificateTable {
 public:
  // The context for an SNI value, or null when the name is not below our domain.
  SSL_CTX* find(std::string_view server_name) const;
  SSL_CTX* main() const { return main_.get(); }

 private:
  friend class CertificateSource;
  std::string domain_;
  io::SslContext
      main_;  // for the domain and `*.domain`, or for everything when the user brought one
  bool only_main_ = false;
  std::unordered_map<std::string, io::SslContext> namespaces_;  // for `*.<namespace>.domain`
};

// Makes the tables: from the files that the user gave, or from a CA of our own with a certificate
// per Namespace. Used by the thread that builds Snapshots.
class CertificateSource {
 public:
  // With a certificate of the user's.
  static base::Result<std::unique_ptr<CertificateSource>> from_files(
      std::string domain, const io::Certificate& certificate);
  static base::Result<std::unique_ptr<CertificateSource>> from_authority(std::string domain,
                                                                         io::Issued authority);

  // A table that covers these Namespaces; issues what is missing.
  base::Result<std::shared_ptr<const CertificateTable>> table(
      const std::vector<std::string>& namespaces);

 private:
  static constexpr int kDays = 397;  // what browsers accept at most

  CertificateSource() = default;
  base::Result<io::SslContext> issue(const std::vector<std::string>& names);

  std::string domain_;
  io::Issued authority_;
  io::SslContext main_;
  bool only_main_ = false;
  std::unordered_map<std::string, io::SslContext> namespaces_;
  std::shared_ptr<const CertificateTable> latest_;
  std::vector<std::string> latest_names_;
};

}  // namespace gateway
