#include "policy/authorization.h"

#include <algorithm>

#include "policy/authorization_block.h"
#include "resource/name.h"

namespace policy {
namespace {

bool has_block(const resource::Message& owner) {
  bool found = false;
  visit_authorization(owner, [&](const auto& policies, const auto& inline_policies) {
    found = !policies.empty() || !inline_policies.empty();
  });
  return found;
}

}  // namespace

std::shared_ptr<const Authorization> Authorization::compile(const resource::Message& owner) {
  if (!has_block(owner)) return nullptr;
  auto out = std::make_shared<Authorization>();
  visit_authorization(owner, [&](const auto& policies, const auto& inline_policies) {
    out->names_.assign(policies.begin(), policies.end());
    const resource::ShadowMarks marks(resource::metadata_of(owner));
    const auto reference = std::make_shared<const Reference>(make_reference(owner));
    for (const corev1::InlinePolicy& policy : inline_policies)
      out->inline_policies_.push_back(CompiledPolicy::compile(
          policy, reference, static_cast<std::uint32_t>(out->inline_policies_.size()), marks));
  });
  return out;
}

std::shared_ptr<const Authorization> Authorization::compile_trigger(
    const corev1::PolicyTrigger& trigger) {
  const auto& status = trigger.status();
  auto out = std::make_shared<Authorization>();
  out->names_.assign(status.policies().begin(), status.policies().end());
  const resource::ShadowMarks marks(trigger.metadata());
  const auto reference = std::make_shared<const Reference>(make_reference(status.ownerref()));
  for (const corev1::InlinePolicy& policy : status.inlinepolicies())
    out->inline_policies_.push_back(CompiledPolicy::compile(
        policy, reference, static_cast<std::uint32_t>(out->inline_policies_.size()), marks));
  return out;
}

bool Authorization::depends_on(std::string_view policy) const {
  return std::ranges::any_of(names_, [&](std::string_view name) {
    while (!name.empty() && name != policy) name = resource::parent_policy_name(name);
    return !name.empty();
  });
}

std::shared_ptr<const RuleList> RuleList::make(std::shared_ptr<const Authorization> authorization,
                                               const PolicySet& policies) {
  if (authorization == nullptr) return nullptr;
  auto out = std::make_shared<RuleList>();
  for (std::string_view name : authorization->names()) {
    for (; !name.empty(); name = resource::parent_policy_name(name)) {
      if (auto policy = policies.find(name))
        out->add(std::move(policy));
      else if (out->dangling_.empty())
        out->dangling_ = name;
    }
  }
  for (const auto& policy : authorization->inline_policies()) out->add(policy);
  std::ranges::sort(out->entries_, {}, [](const Entry& entry) {
    return std::pair(entry.rule->rank(), entry.position);
  });
  return out;
}

void RuleList::add(std::shared_ptr<const CompiledPolicy> policy) {
  if (policy->is_disabled() || std::ranges::find(policies_, policy) != policies_.end()) return;
  for (const Rule& rule : policy->rules())
    entries_.push_back({&rule, policy.get(), entries_.size()});
  reads_body_ |= policy->reads_body();
  policies_.push_back(std::move(policy));
}

std::shared_ptr<const Authorization> AuthorizationCache::get(const resource::Message& owner) {
  if (!has_block(owner)) return nullptr;
  const metav1::Metadata& metadata = resource::metadata_of(owner);
  if (metadata.uid().empty()) return Authorization::compile(owner);
  if (entries_.size() >= capacity_) entries_.clear();
  Entry& entry = entries_[metadata.uid()];
  if (entry.authorization == nullptr || entry.resource_version != metadata.resourceversion())
    entry = {metadata.resourceversion(), Authorization::compile(owner)};
  return entry.authorization;
}

}  // namespace policy
