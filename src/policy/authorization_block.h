#pragma once

#include "policy/subject.h"
#include "resource/kind.h"

namespace policy {

// Calls visit(policies, inline policies) with what is in the owner's `spec.authorization`; not at
// all for a kind that has none.
template <typename Visit>
void visit_authorization(const resource::Message& owner, Visit visit) {
  const auto block = [&](const auto& resource) {
    const auto& authorization = resource.spec().authorization();
    visit(authorization.policies(), authorization.inlinepolicies());
  };
  switch (resource::kind_of(owner)) {
    case resource::Kind::kService:
      return block(static_cast<const corev1::Service&>(owner));
    case resource::Kind::kNamespace:
      return block(static_cast<const corev1::Namespace&>(owner));
    case resource::Kind::kUser:
      return block(static_cast<const corev1::User&>(owner));
    case resource::Kind::kGroup:
      return block(static_cast<const corev1::Group&>(owner));
    case resource::Kind::kSession:
      return block(static_cast<const corev1::Session&>(owner));
    case resource::Kind::kDevice:
      return block(static_cast<const corev1::Device&>(owner));
    case resource::Kind::kCredential:
      return block(static_cast<const corev1::Credential&>(owner));
    case resource::Kind::kClusterConfig:
      return block(static_cast<const corev1::ClusterConfig&>(owner));
    default:
      return;
  }
}

}  // namespace policy
