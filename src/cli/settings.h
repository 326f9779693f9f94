#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/secret.h"

namespace cli {

// The value of an environment variable; empty values count as not set.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;
Environment process_environment();

// The flags that every command has.
struct GlobalFlags {
  std::string domain;
  std::string home;
  bool logout = false;
};

// Where the cluster is and who we are there: flags, then environment, then defaults.
struct Settings {
  std::string domain;
  std::filesystem::path home;     // empty: nothing is kept on disk
  std::string target;             // host:port to dial
  std::string api_host;           // octelium-api.<domain>: authority and name in the certificate
  bool has_endpoint = false;      // the target was given; proxies of the environment are not used
  std::filesystem::path ca_file;  // empty: the roots of the system
  bool insecure_tls = false;
  base::Secret authentication_token;
  base::Secret access_token;  // fixed; no Session is made or refreshed
  bool logout_after = false;
};

base::Result<Settings> resolve_settings(const GlobalFlags& flags, const Environment& environment);

}  // namespace cli
