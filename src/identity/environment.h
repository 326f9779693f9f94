#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "base/clock.h"
#include "identity/session_table.h"
#include "identity/signing_keys.h"
#include "store/store.h"

namespace identity {

// What the flows of this module work with. All of it outlives them.
struct Environment {
  store::Store& store;
  const SessionTable& table;
  const SigningKeys& keys;
  const base::Clock& clock;
  // Returns once the SessionTable of this node holds the write, so that what a flow answers is true
  // for the very next request on any connection. Empty: somebody else sees to that.
  std::function<void(store::Sequence)> wait_applied;

  std::int64_t now() const { return base::to_seconds(clock.now()); }
  void wait(store::Sequence sequence) const {
    if (wait_applied) wait_applied(sequence);
  }
};

// The other end of a call, as far as it says.
struct Client {
  std::string_view user_agent;
  std::string_view address;  // without port; decided by the gateway, never by the client
};

}  // namespace identity
