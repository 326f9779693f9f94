#pragma once

#include <memory>

#include "base/clock.h"
#include "cli/core_api.h"
#include "cli/session_store.h"
#include "cli/signed_in.h"
#include "cli/terminal.h"

namespace cli {

// Everything one command needs to talk to one cluster. Made once the flags are known.
class Client {
 public:
  static base::Result<std::unique_ptr<Client>> open(const GlobalFlags& flags,
                                                    const Environment& environment,
                                                    Terminal& terminal);

  const Settings& settings() const { return settings_; }
  SignedIn& transport() { return signed_in_; }
  CoreApi& core() { return core_; }
  base::WallTime now() const { return clock_.now(); }

 private:
  Client(Settings settings, std::unique_ptr<Transport> wire, std::unique_ptr<SessionStore> store)
      : settings_(std::move(settings)),
        wire_(std::move(wire)),
        store_(std::move(store)),
        signed_in_(*wire_, *store_, settings_, clock_),
        core_(signed_in_) {}

  Settings settings_;
  base::SystemClock clock_;
  std::unique_ptr<Transport> wire_;
  std::unique_ptr<SessionStore> store_;
  SignedIn signed_in_;
  CoreApi core_;
};

}  // namespace cli
