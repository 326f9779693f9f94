#pragma once

#include <functional>
#include <shared_mutex>

#include "api/router.h"
#include "base/clock.h"
#include "identity/authenticator.h"

namespace api {

// core.v1.MainService: creating, reading, changing and deleting resources. One handler per verb
// serves all kinds; what differs between kinds is in Admission and in the checks of deletion.h.
//
// Owned by the server; used by all its threads. Everything referred to outlives it.
class CoreService {
 public:
  CoreService(store::Store& store, identity::Authenticator& authenticator, const base::Clock& clock,
              std::function<void(store::Sequence)> wait_applied);

  // Every method of the schema, so none is forgotten; the kinds decide what they allow.
  void add_methods(Router& router);

 private:
  Answer create(Kind kind, const Call& call, const Message& request);
  Answer get(Kind kind, const Call& call, const Message& request);
  Answer list(Kind kind, const Call& call, const Message& request);
  Answer update(Kind kind, const Call& call, const Message& request);
  Answer remove(Kind kind, const Call& call, const Message& request);
  Answer get_cluster_config(const Call& call);
  Answer update_cluster_config(const Call& call, const Message& request);
  Answer generate_token(const Call& call, const Message& request);

  Answer change(const store::Resource& stored, const Message& request, const Call& call,
                const Caller& caller);
  Answer answer_written(base::Result<store::Written> written);

  store::Store& store_;
  identity::Authenticator& authenticator_;
  const base::Clock& clock_;
  std::function<void(store::Sequence)> wait_applied_;
  // Held while a write is checked and made: shared by most, so that they commit together; alone by
  // those whose check looks at what others are creating (see needs_to_be_alone).
  std::shared_mutex admission_;
};

}  // namespace api
