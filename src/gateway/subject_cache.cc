#include "gateway/subject_cache.h"

namespace gateway {

std::shared_ptr<const SubjectCache::Entry> SubjectCache::get(
    const std::shared_ptr<const identity::LiveSession>& session,
    const std::shared_ptr<const ClusterPolicy>& policy) {
  const auto found = entries_.find(session.get());
  if (found != entries_.end() && found->second->policy == policy) return found->second;
  if (entries_.size() >= kMaxEntries) entries_.clear();
  auto entry = std::make_shared<Entry>();
  entry->session = session;
  entry->policy = policy;
  for (const auto& group : session->groups) entry->groups.push_back(group.get());
  policy::Subject subject;
  subject.session = session->session.get();
  subject.user = session->user.get();
  subject.groups = entry->groups;
  subject.device = session->device.get();
  entry->rules = policy::prepare_subject(subject, policy->policies, authorizations_);
  entry->session_reference = telemetry::render_reference(*session->session);
  entry->user_reference = telemetry::render_reference(*session->user);
  if (session->device) entry->device_reference = telemetry::render_reference(*session->device);
  entries_[session.get()] = entry;
  return entry;
}

void SubjectCache::sweep() {
  std::erase_if(entries_, [](const auto& item) { return !item.second->session->is_current(); });
}

}  // namespace gateway
