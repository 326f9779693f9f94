#include "api/deletion.h"

#include <algorithm>

#include "api/fields.h"
#include "resource/validate.h"
#include "store/stored_references.h"

namespace api {
namespace {

using corev1::Session;
using resource::metadata_of;

std::unexpected<base::Error> deny(const char* reason, std::string message) {
  return base::fail(base::Code::kPermissionDenied, reason, std::move(message),
                    base::Source::kDownstream);
}

}  // namespace

base::Result<void> check_deletion(store::Store& store, const Message& resource,
                                  const Caller& caller) {
  const auto& uid = metadata_of(resource).uid();
  const Kind kind = resource::kind_of(resource);
  if (kind == Kind::kUser && uid == caller.user_uid())
    return deny("self_protection", "You cannot delete your own User account");
  if (kind == Kind::kSession && uid == caller.session->metadata().uid())
    return deny("self_protection", "You cannot delete your own Session");
  const auto problems = resource::validate_delete(resource, store::StoredReferences(store));
  if (!problems.empty()) return std::unexpected(resource::to_error(problems));
  return {};
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
