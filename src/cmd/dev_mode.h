#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "cmd/local_server.h"
#include "cmd/options.h"

namespace cmd {

// What `--dev` adds: an echo upstream, the resources of examples/dev, a WORKLOAD User with a token,
// and a curl to try. Everything goes through octeliumctl, as a user would do it.
class DevMode {
 public:
  // The name under which Services of examples/dev reach the echo.
  static constexpr std::string_view kEchoName = "echo.dev.internal";

  // Loopback addresses with free ports, and a data folder, wherever nothing was given.
  static void fill_in(Options& options);
  static base::Result<std::unique_ptr<DevMode>> start();

  std::string echo_address() const { return echo_->address().text(); }
  // Applies the resources, makes the token and prints the curl. `token_file` holds root's
  // authentication token.
  base::Result<void> seed(const Options& options, std::uint16_t https_port,
                          const std::string& ca_file, const std::string& token_file);

 private:
  std::unique_ptr<LocalServer> echo_;
};

// Method, path, fields and body of a request, as JSON.
LocalAnswer echo(const LocalRequest& request);

}  // namespace cmd
