#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace cmd {

// What octeliumd can be told. Every option is also a key of the YAML file (`--config`) and an
// environment variable, all from the one table in options.cc; the command line wins over the
// environment, and that over the file.
struct Options {
  std::string config;
  std::string data_dir = "octelium-data";
  std::string domain = "octelium.localhost";
  std::vector<std::string> https_listen;
  std::string http_listen;
  std::string plaintext_listen;
  std::string admin_listen;
  std::string tls_cert;
  std::string tls_key;
  int workers = 0;  // 0: one per processor
  std::string access_log = "-";
  std::string bootstrap_token_file;
  std::string master_key_file;
  std::string upstream_ca_file;
  std::vector<std::string> upstream_resolve;
  int upstream_connect_timeout_ms = 10'000;
  int upstream_head_timeout_ms = 60'000;
  int body_idle_timeout_ms = 60'000;
  int head_timeout_ms = 10'000;
  int keep_alive_timeout_ms = 75'000;
  int drain_timeout_ms = 10'000;
  int explain_ring = 1024;
  int explain_per_second = 50;
  int explain_sample = 100;
  int max_connections = 0;  // 0: as many as leave descriptors for upstreams and the rest
  std::string log_level = "info";
  bool dev = false;

  bool help = false;
  bool version = false;
};

// `environment` as main gets it. Errors name the option, where it was set, and what was expected.
base::Result<Options> parse_options(int argc, const char* const* argv,
                                    const char* const* environment);

// The text of `--help`, made from the same table.
std::string options_help();

}  // namespace cmd
