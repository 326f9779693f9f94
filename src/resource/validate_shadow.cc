#include <fmt/format.h>

#include <algorithm>

#include "base/suggest.h"
#include "resource/position.h"
#include "resource/quoted.h"
#include "resource/shadow.h"
#include "resource/validate_parts.h"

namespace resource {
namespace {

using Names = std::vector<std::string>;

void add_rules(Names& names, const corev1::Policy::Spec& spec, const std::string& prefix) {
  for (const auto& rule : spec.rules())
    if (!rule.name().empty()) names.push_back(prefix + rule.name());
}

template <typename Owner>
Names names_of_inline(const Message& message) {
  Names names;
  for (const auto& policy :
       static_cast<const Owner&>(message).spec().authorization().inlinepolicies()) {
    if (policy.name().empty()) continue;
    names.push_back(policy.name());
    add_rules(names, policy.spec(), policy.name() + "/");
  }
  return names;
}

// What may be marked; false for a kind whose rules, if any, nobody asks.
bool markable(const Message& message, Names& names) {
  switch (kind_of(message)) {
    case Kind::kPolicy:
      add_rules(names, static_cast<const corev1::Policy&>(message).spec(), "");
      return true;
    case Kind::kService:
      names = names_of_inline<corev1::Service>(message);
      return true;
    case Kind::kNamespace:
      names = names_of_inline<corev1::Namespace>(message);
      return true;
    case Kind::kUser:
      names = names_of_inline<corev1::User>(message);
      return true;
    case Kind::kGroup:
      names = names_of_inline<corev1::Group>(message);
      return true;
    case Kind::kSession:
      names = names_of_inline<corev1::Session>(message);
      return true;
    case Kind::kDevice:
      names = names_of_inline<corev1::Device>(message);
      return true;
    case Kind::kCredential:
      names = names_of_inline<corev1::Credential>(message);
      return true;
    case Kind::kClusterConfig:
      names = names_of_inline<corev1::ClusterConfig>(message);
      return true;
    default:
      return false;
  }
}

std::string_view annotation_of(const metav1::Metadata& metadata) {
  const auto found = metadata.annotations().find(kShadowAnnotation);
  return found == metadata.annotations().end() ? std::string_view() : found->second;
}

}  // namespace

// A mark that names nothing would leave a rule in force that its author takes for a shadow.
void check_shadow(Checker& check, const Message& resource, const Message* stored) {
  const std::string path = "metadata.annotations" + map_step(std::string(kShadowAnnotation));
  const Kind kind = kind_of(resource);
  const metav1::Metadata* metadata = &metadata_of(resource);
  if (stored != nullptr && (kind == Kind::kSession || kind == Kind::kDevice)) {
    // An update leaves their metadata as it is.
    const std::string_view wanted = annotation_of(*metadata);
    metadata = &metadata_of(*stored);
    if (!wanted.empty() && wanted != annotation_of(*metadata)) {
      check.fail(path,
                 fmt::format("the metadata of a {} is not changed by an update; put the rules "
                             "into a Policy and mark them there",
                             kind_name(kind)));
      return;
    }
  }
  if (!metadata->annotations().contains(kShadowAnnotation)) return;
  const ShadowMarks marks(*metadata);
  Names names;
  if (!markable(resource, names)) {
    check.fail(path, fmt::format("a {} has no rules that could be marked", kind_name(kind)));
    return;
  }
  const std::vector<std::string_view> candidates(names.begin(), names.end());
  for (const std::string& item : marks.items()) {
    if (item == "*" || std::ranges::find(names, item) != names.end()) continue;
    const std::string_view nearest = base::nearest(item, candidates);
    check.fail(path,
               fmt::format("{} is not the name of {} here; `*` marks all{}", quoted(item),
                           kind == Kind::kPolicy ? "a rule" : "an inline policy, or policy/rule,",
                           nearest.empty() ? std::string()
                                           : fmt::format("; did you mean {}?", quoted(nearest))));
  }
}

}  // namespace resource
