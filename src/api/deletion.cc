#include "api/deletion.h"

#include <fmt/format.h>

#include <algorithm>

#include "api/fields.h"

namespace api {
namespace {

using corev1::Session;
using resource::metadata_of;

std::unexpected<base::Error> deny(const char* reason, std::string message) {
  return base::fail(base::Code::kPermissionDenied, reason, std::move(message),
                    base::Source::kDownstream);
}

// The first resource of the kind, hidden ones included, for which `is_match` says yes.
store::Resource find_first(store::Store& store, Kind kind,
                           const std::function<bool(const Message&)>& is_match) {
  const auto page =
      store.list(kind, {.items_per_page = 1, .include_system_hidden = true, .filter = is_match});
  return page && !page->items.empty() ? page->items.front() : nullptr;
}

std::unexpected<base::Error> fail_in_use(const Message& resource, std::string_view by,
                                         const Message& user) {
  return base::fail_invalid(
      "resource_in_use",
      fmt::format("{} {} {}: {}", resource::kind_name(resource::kind_of(resource)),
                  metadata_of(resource).name(), by, metadata_of(user).name()));
}

base::Result<void> check_unused(store::Store& store, const Message& resource) {
  const auto& name = metadata_of(resource).name();
  const auto& uid = metadata_of(resource).uid();
  switch (resource::kind_of(resource)) {
    case Kind::kNamespace:
      if (const auto service = find_first(store, Kind::kService, [&](const Message& item) {
            return status_reference(item, "namespaceRef")->uid() == uid;
          }))
        return fail_in_use(resource, "has existing Services", *service);
      return {};
    case Kind::kPolicy:
      if (const auto child = find_first(store, Kind::kPolicy, [&](const Message& item) {
            const auto& other = metadata_of(item).name();
            const auto dot = other.find('.');
            return dot != std::string::npos && other.substr(dot + 1) == name;
          }))
        return fail_in_use(resource, "has child Policies", *child);
      return {};
    case Kind::kGroup:
      if (const auto user = find_first(store, Kind::kUser, [&](const Message& item) {
            const auto& groups = static_cast<const corev1::User&>(item).spec().groups();
            return std::ranges::find(groups, name) != groups.end();
          }))
        return fail_in_use(resource, "has Users", *user);
      return {};
    default:
      return {};
  }
}

}  // namespace

base::Result<void> check_not_system(const Message& resource) {
  const Kind kind = resource::kind_of(resource);
  const bool is_protected = kind != Kind::kDevice && kind != Kind::kAuthenticator;
  if (is_protected && metadata_of(resource).issystem())
    return deny("system_resource", "This is a System Resource");
  return {};
}

base::Result<void> check_deletion(store::Store& store, const Message& resource,
                                  const Caller& caller) {
  BASE_TRY(check_not_system(resource));
  const auto& uid = metadata_of(resource).uid();
  const Kind kind = resource::kind_of(resource);
  if (kind == Kind::kUser && uid == caller.user_uid())
    return deny("self_protection", "You cannot delete your own User account");
  if (kind == Kind::kSession && uid == caller.session->metadata().uid())
    return deny("self_protection", "You cannot delete your own Session");
  return check_unused(store, resource);
}

base::Result<void> check_self_protection(const Message& candidate, const Caller& caller) {
  const auto& uid = metadata_of(candidate).uid();
  if (const auto* user = dynamic_cast<const corev1::User*>(&candidate)) {
    if (uid == caller.user_uid() && user->spec().isdisabled())
      return deny("self_protection", "You cannot disable yourself");
  }
  if (const auto* session = dynamic_cast<const Session*>(&candidate)) {
    if (uid == caller.session->metadata().uid() && session->spec().state() != Session::Spec::ACTIVE)
      return deny("self_protection", "You cannot take your own Session out of the ACTIVE state");
  }
  if (const auto* device = dynamic_cast<const corev1::Device*>(&candidate)) {
    if (uid == caller.session->status().deviceref().uid() &&
        device->spec().state() != corev1::Device::Spec::ACTIVE)
      return deny("self_protection", "You cannot take your own Device out of the ACTIVE state");
  }
  return {};
}

base::Result<store::Sequence> delete_dependents(store::Store& store, const Message& deleted) {
  const Kind kind = resource::kind_of(deleted);
  const char* const reference = kind == Kind::kUser     ? "userRef"
                                : kind == Kind::kDevice ? "deviceRef"
                                                        : nullptr;
  if (reference == nullptr) return 0;
  const auto& uid = metadata_of(deleted).uid();
  store::Sequence last = 0;
  for (const Kind dependent : {Kind::kSession, Kind::kDevice, Kind::kAuthenticator}) {
    BASE_ASSIGN(
        const auto page,
        store.list(dependent, {.include_system_hidden = true, .filter = [&](const auto& item) {
                                 const auto* owner = status_reference(item, reference);
                                 return owner != nullptr && owner->uid() == uid;
                               }}));
    for (const auto& item : page.items) {
      const auto removed = store.remove(dependent, metadata_of(*item).uid());
      if (removed) last = std::max(last, *removed);
      // Somebody else was faster: just as well.
      else if (removed.error().code != base::Code::kNotFound)
        return removed;
    }
  }
  return last;
}

}  // namespace api
