#include "policy/policy_set.h"

#include <algorithm>

#include "base/encoding.h"

namespace policy {
namespace {

using Spec = corev1::Policy::Spec;

void append_member(std::string& out, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  out += out.size() > 1 ? ",\"" : "\"";
  out += name;
  out += "\":\"";
  base::append_json_escaped(out, value);
  out += '"';
}

std::string render(const metav1::ObjectReference& reference) {
  std::string out = "{";
  append_member(out, "apiVersion", reference.apiversion());
  append_member(out, "kind", reference.kind());
  append_member(out, "uid", reference.uid());
  append_member(out, "name", reference.name());
  append_member(out, "resourceVersion", reference.resourceversion());
  return out + "}";
}

constexpr auto kAttrs = ContextSchema::Attrs::kBound;

}  // namespace

Reference make_reference(const resource::Message& resource) {
  const metav1::Metadata& metadata = resource::metadata_of(resource);
  Reference out;
  out.message.set_apiversion("core/v1");
  out.message.set_kind(std::string(resource::kind_name(resource::kind_of(resource))));
  out.message.set_uid(metadata.uid());
  out.message.set_name(metadata.name());
  out.message.set_resourceversion(metadata.resourceversion());
  out.json = render(out.message);
  return out;
}

Reference make_reference(const metav1::ObjectReference& reference) {
  return {reference, render(reference)};
}

std::shared_ptr<const CompiledPolicy> CompiledPolicy::compile(const corev1::Policy& policy) {
  std::shared_ptr<CompiledPolicy> out(new CompiledPolicy);
  out->name_ = policy.metadata().name();
  out->reference_ = std::make_shared<const Reference>(make_reference(policy));
  out->compile_spec(policy.spec(), resource::ShadowMarks(policy.metadata()));
  return out;
}

std::shared_ptr<const CompiledPolicy> CompiledPolicy::compile(
    const corev1::InlinePolicy& policy, std::shared_ptr<const Reference> owner, std::uint32_t index,
    const resource::ShadowMarks& marks) {
  std::shared_ptr<CompiledPolicy> out(new CompiledPolicy);
  out->name_ = policy.name();
  out->reference_ = std::move(owner);
  out->index_ = index;
  out->is_inline_ = true;
  out->compile_spec(policy.spec(), marks);
  return out;
}

void CompiledPolicy::compile_spec(const Spec& spec, const resource::ShadowMarks& marks) {
  is_disabled_ = spec.isdisabled();
  attrs_ = spec.attrs();
  for (const Spec::Rule& rule : spec.rules()) {
    rules_.push_back(
        {.name = rule.name(),
         .condition = Condition::compile(rule.condition(), kAttrs),
         .effect = rule.effect() == Spec::Rule::ALLOW ? Effect::kAllow : Effect::kDeny,
         .priority = rule.priority(),
         .is_shadow = is_inline_ ? marks.covers(name_, rule.name()) : marks.covers(rule.name())});
    if (!rules_.back().is_shadow) reads_body_ |= rules_.back().condition.reads_body();
  }
  for (const Spec::EnforcementRule& rule : spec.enforcementrules()) {
    auto& list =
        rule.effect() == Spec::EnforcementRule::IGNORE ? enforcement_.ignore : enforcement_.enforce;
    list.push_back(Condition::compile(rule.condition(), kAttrs));
    enforcement_reads_body_ |= list.back().reads_body();
  }
  const bool is_enforced = !std::ranges::all_of(rules_, &Rule::is_shadow);
  reads_body_ |= is_enforced && enforcement_reads_body_;
}

bool EnforcementRules::holds(RequestContext& context) const {
  if (ignore.empty()) return true;
  const auto matches = [&](const Condition& condition) {
    return condition.evaluate(context) == Condition::Outcome::kMatch;
  };
  return std::ranges::any_of(enforce, matches) || std::ranges::none_of(ignore, matches);
}

EnforcementRules EnforcementRules::reduce(RequestContext& context) const {
  EnforcementRules out;
  for (const Condition& condition : enforce) {
    Condition left = condition.reduce(context);
    const auto outcome = left.certain_outcome();
    if (outcome == Condition::Outcome::kMatch) return {};
    if (!outcome) out.enforce.push_back(std::move(left));
  }
  for (const Condition& condition : ignore) {
    Condition left = condition.reduce(context);
    const auto outcome = left.certain_outcome();
    if (outcome && outcome != Condition::Outcome::kMatch) continue;
    out.ignore.push_back(std::move(left));
    if (outcome) break;
  }
  return out;
}

std::optional<bool> EnforcementRules::certain() const {
  if (ignore.empty()) return true;
  if (enforce.empty() && ignore.front().certain_outcome() == Condition::Outcome::kMatch)
    return false;
  return std::nullopt;
}

PolicySet::PolicySet() : shards_(kShards, std::make_shared<const Shard>()) {}

PolicySet::Shard& PolicySet::writable(std::string_view name) {
  auto& shard = shards_[Hash()(name) % kShards];
  auto copy = std::make_shared<Shard>(*shard);
  Shard& out = *copy;
  shard = std::move(copy);
  return out;
}

PolicySet PolicySet::with(const corev1::Policy& policy) const {
  PolicySet out = *this;
  const std::string& name = policy.metadata().name();
  out.writable(name).insert_or_assign(name, CompiledPolicy::compile(policy));
  return out;
}

PolicySet PolicySet::without(std::string_view name) const {
  PolicySet out = *this;
  Shard& shard = out.writable(name);
  if (const auto found = shard.find(name); found != shard.end()) shard.erase(found);
  return out;
}

std::shared_ptr<const CompiledPolicy> PolicySet::find(std::string_view name) const {
  const Shard& shard = *shards_[Hash()(name) % kShards];
  const auto found = shard.find(name);
  return found == shard.end() ? nullptr : found->second;
}

std::size_t PolicySet::size() const {
  std::size_t count = 0;
  for (const auto& shard : shards_) count += shard->size();
  return count;
}

}  // namespace policy
