#pragma once

#include <span>

#include "resource/kind.h"

namespace policy {

namespace corev1 = resource::corev1;
namespace metav1 = resource::metav1;

// Who asks for what: the messages behind `ctx.user`, `ctx.service` and so on. Owns nothing; the
// caller keeps the messages for as long as contexts and decisions made from them.
struct Subject {
  const corev1::Session* session = nullptr;  // nullptr: anonymous, and so are the next three
  const corev1::User* user = nullptr;
  std::span<const corev1::Group* const> groups;
  const corev1::Device* device = nullptr;  // nullptr: the Session has none

  const corev1::Service* service = nullptr;
  const corev1::Namespace* name_space = nullptr;
};

}  // namespace policy
