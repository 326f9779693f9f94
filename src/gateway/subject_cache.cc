#include "gateway/subject_cache.h"

namespace gateway {

std::shared_ptr<const policy::Residual> ResidualTable::get(
    const std::shared_ptr<const ServicePolicy>& service, const policy::Subject& subject,
    const policy::SubjectRules* rules, std::chrono::nanoseconds making) {
  const auto found = items_.find(service.get());
  // One that is expired had its address before this one.
  if (found != items_.end() && !found->second.service.expired()) return found->second.residual;
  if (items_.size() >= kMaxServices) clear();
  auto residual = policy::Residual::make(subject, service->access, service->rules, rules, making);
  Item& item = items_[service.get()];
  weight_ -= item.weight;
  item = {service, residual, residual == nullptr ? 1 : residual->weight()};
  weight_ += item.weight;
  return residual;
}

void ResidualTable::sweep() {
  std::erase_if(items_, [this](const auto& item) {
    const bool is_gone = item.second.service.expired();
    if (is_gone) weight_ -= item.second.weight;
    return is_gone;
  });
}

void ResidualTable::clear() {
  items_.clear();
  weight_ = 0;
}

policy::Subject SubjectCache::Entry::subject() const {
  policy::Subject subject;
  subject.session = session->session.get();
  subject.user = session->user.get();
  subject.groups = groups;
  subject.device = session->device.get();
  return subject;
}

std::shared_ptr<const SubjectCache::Entry> SubjectCache::get(
    const std::shared_ptr<const identity::LiveSession>& session,
    const std::shared_ptr<const ClusterPolicy>& policy) {
  const auto found = entries_.find(session.get());
  if (found != entries_.end() && found->second->policy == policy) return found->second;
  if (entries_.size() >= kMaxEntries) {
    entries_.clear();
    weight_ = strangers_.weight();
  }
  auto entry = std::make_shared<Entry>();
  entry->session = session;
  entry->policy = policy;
  for (const auto& group : session->groups) entry->groups.push_back(group.get());
  entry->rules = policy::prepare_subject(entry->subject(), policy->policies, authorizations_);
  entry->session_reference = telemetry::render_reference(*session->session);
  entry->user_reference = telemetry::render_reference(*session->user);
  if (session->device) entry->device_reference = telemetry::render_reference(*session->device);
  entries_[session.get()] = entry;
  return entry;
}

std::shared_ptr<const policy::Residual> SubjectCache::residual(
    const Entry* entry, const std::shared_ptr<const ServicePolicy>& service,
    const policy::Subject& subject) {
  ResidualTable& table = entry == nullptr ? strangers_ : entry->residuals;
  const std::size_t before = table.weight();
  auto out = table.get(service, subject, entry == nullptr ? nullptr : &entry->rules, making_);
  if (table.weight() > before) weight_ += table.weight() - before;
  if (weight_ > most_) {
    strangers_.clear();
    for (auto& [session, each] : entries_) each->residuals.clear();
    weight_ = 0;
  }
  return out;
}

void SubjectCache::sweep(bool have_services_changed) {
  std::erase_if(entries_, [](const auto& item) { return !item.second->session->is_current(); });
  if (!have_services_changed) return;
  strangers_.sweep();
  weight_ = strangers_.weight();
  for (auto& [session, entry] : entries_) {
    entry->residuals.sweep();
    weight_ += entry->residuals.weight();
  }
}

}  // namespace gateway
