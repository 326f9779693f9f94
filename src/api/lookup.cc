#include "api/lookup.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/random.h"

namespace api {
namespace {

constexpr std::size_t kMaxNameBytes = 140;

// The wider set that is stored, generated names included: whether a client may choose such a name
// is decided when it creates something.
bool is_stored_name(std::string_view name) {
  return name.size() <= kMaxNameBytes && std::ranges::all_of(name, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
         });
}

// Enough of what was sent to recognise it.
std::string_view quoted(std::string_view text) { return text.substr(0, 64); }

}  // namespace

std::string stored_name(Kind kind, std::string_view name) {
  const bool is_short = kind == Kind::kService && name.find('.') == std::string_view::npos;
  return fmt::format("{}{}", name, is_short ? ".default" : "");
}

base::Result<store::Resource> find_one(store::Store& store, Kind kind, std::string_view name,
                                       std::string_view uid) {
  if (name.empty() && uid.empty())
    return base::fail_invalid("reference_empty", "Either the name or the uid must be set");
  if (!uid.empty() && !base::is_uuid_v4(uid))
    return base::fail_invalid("uid_malformed", fmt::format("Invalid uid: {}", quoted(uid)));
  if (name.empty()) return store.get_by_uid(kind, uid);
  if (!is_stored_name(name))
    return base::fail_invalid("name_malformed", fmt::format("Invalid name: {}", quoted(name)));
  return store.get(kind, stored_name(kind, name));
}

}  // namespace api
