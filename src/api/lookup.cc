#include "api/lookup.h"

#include <fmt/format.h>

#include "base/random.h"
#include "resource/name.h"

namespace api {
namespace {

// Enough of what was sent to recognise it.
std::string_view quoted(std::string_view text) { return text.substr(0, 64); }

}  // namespace

base::Result<store::Resource> find_one(store::Store& store, Kind kind, std::string_view name,
                                       std::string_view uid) {
  if (name.empty() && uid.empty())
    return base::fail_invalid("reference_empty", "Either the name or the uid must be set");
  if (!uid.empty() && !base::is_uuid_v4(uid))
    return base::fail_invalid("uid_malformed", fmt::format("Invalid uid: {}", quoted(uid)));
  if (name.empty()) return store.get_by_uid(kind, uid);
  if (!resource::is_name(kind, name))
    return base::fail_invalid("name_malformed", fmt::format("Invalid name: {}", quoted(name)));
  return store.get(kind, resource::full_name(kind, name));
}

}  // namespace api
