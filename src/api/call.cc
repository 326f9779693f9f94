#include "api/call.h"

#include "api/fields.h"

namespace api {

store::Actor Caller::actor(const Call& call) const {
  return {.session = reference_to(*session), .operation = std::string(call.method)};
}

base::Result<Caller> find_caller(store::Store& store, const Call& call) {
  if (!call.session_uid.empty()) {
    if (auto found = store.get_by_uid(Kind::kSession, call.session_uid))
      return Caller{std::static_pointer_cast<const corev1::Session>(*found)};
  }
  return base::fail(base::Code::kUnauthenticated, "unauthenticated", "Octelium: Unauthenticated",
                    base::Source::kDownstream);
}

}  // namespace api
