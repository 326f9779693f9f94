#pragma once

#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "store/store.h"

namespace store {

// Makes sure that the objects every cluster has (resource/builtin.h) exist. Objects that the
// cluster owns (isSystem) are brought to what this version of the program wants; what belongs to
// users after it was made (User root, its Credential, the built-in Policies) is made on the first
// start only and never touched again. Running it twice changes nothing.
base::Result<void> create_builtin_objects(Store& store, std::string_view domain,
                                          base::WallTime now);

}  // namespace store
