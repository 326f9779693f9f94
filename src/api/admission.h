#pragma once

#include "api/call.h"
#include "base/clock.h"
#include "base/result.h"

namespace api {

// Everything that must hold before a resource is written, whoever writes it: its fields are valid,
// all that it refers to exists, everything in it compiles, and it asks for nothing that this
// gateway would accept and then ignore. Fills what the cluster derives from the spec (status).
//
// `candidate` is the resource as it would be stored, `stored` as it is now (null for a new one).
// kInvalidArgument with one line `<field path>: <message>` per problem.
base::Result<void> admit(store::Store& store, Message& candidate, const Message* stored,
                         base::WallTime now);

}  // namespace api
