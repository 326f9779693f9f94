#pragma once

#include "api/call.h"
#include "base/result.h"

namespace api {

// Whether the caller may delete the resource: it is not the cluster's own, not the ground that the
// caller stands on, and no other needs it (spec/resources.md part 6).
base::Result<void> check_deletion(store::Store& store, const Message& resource,
                                  const Caller& caller);

// Whether the caller may change `stored` into `candidate`, beyond the candidate being valid: nobody
// locks himself out.
base::Result<void> check_self_protection(const Message& candidate, const Caller& caller);

// Deletes what has no meaning without the deleted resource: the Sessions of a User or a Device, a
// User's Devices and Authenticators. Returns the last deletion, 0 when there was none.
base::Result<store::Sequence> delete_dependents(store::Store& store, const Message& deleted);

}  // namespace api
