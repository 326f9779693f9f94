#include "identity/reaper.h"

#include "base/log.h"
#include "identity/record.h"
#include "resource/duration.h"

namespace identity {

using resource::Kind;

bool Reaper::is_over(const corev1::Session& session) const {
  const std::int64_t now = env_.now();
  const auto& status = session.status();
  const auto& authentication = status.authentication();
  if (now >= session.spec().expiresat().seconds()) return true;
  if (authentication.has_refreshtokenduration()) {
    const auto window = std::chrono::duration_cast<std::chrono::seconds>(
        resource::length_of(authentication.refreshtokenduration()));
    if (now >= authentication.setat().seconds() + window.count()) return true;
  }
  return !env_.table.has_user(status.userref().uid()) ||
         (!status.deviceref().uid().empty() && !env_.table.has_device(status.deviceref().uid()));
}

Reaper::Swept Reaper::sweep() {
  Swept swept;
  const auto remove = [&](Kind kind, const std::string& uid) {
    const auto removed = env_.store.remove(kind, uid);
    if (!removed && removed.error().code != base::Code::kNotFound)
      spdlog::warn("could not delete an expired {}: {}", resource::kind_name(kind),
                   removed.error().message);
    return removed.has_value();
  };

  for (const auto& candidate : env_.table.all_sessions()) {
    if (!is_over(*candidate)) continue;
    // The table may lag behind a Session that was just renewed or prolonged.
    const std::string& uid = candidate->metadata().uid();
    const auto session = get_record<corev1::Session>(env_.store, Kind::kSession, uid);
    if (session && is_over(**session) && remove(Kind::kSession, uid)) ++swept.sessions;
  }

  store::ListOptions expired;
  expired.include_system_hidden = true;
  expired.filter = [now = env_.now()](const store::Message& message) {
    const auto& spec = static_cast<const corev1::Credential&>(message).spec();
    return spec.has_expiresat() && now >= spec.expiresat().seconds();
  };
  if (const auto page = env_.store.list(Kind::kCredential, expired)) {
    for (const auto& credential : page->items)
      if (remove(Kind::kCredential, resource::metadata_of(*credential).uid())) ++swept.credentials;
  } else {
    spdlog::warn("could not look for expired Credentials: {}", page.error().message);
  }
  if (swept.sessions + swept.credentials > 0)
    spdlog::debug("deleted {} Sessions and {} Credentials that were over", swept.sessions,
                  swept.credentials);
  return swept;
}

}  // namespace identity
