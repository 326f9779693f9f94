#include "cli/client.h"

#include <fmt/format.h>

namespace cli {

base::Result<std::unique_ptr<Client>> Client::open(const GlobalFlags& flags,
                                                   const Environment& environment,
                                                   Terminal& terminal) {
  BASE_ASSIGN(Settings settings, resolve_settings(flags, environment));
  if (settings.insecure_tls) {
    terminal.warn(fmt::format("OCTELIUM_INSECURE_TLS is set: the certificate of {} is not checked",
                              settings.target));
  }
  BASE_ASSIGN(auto wire, make_grpc_transport(settings));
  BASE_ASSIGN(auto store, SessionStore::open(settings.home));
  return std::unique_ptr<Client>(
      new Client(std::move(settings), std::move(wire), std::move(store)));
}

}  // namespace cli
