#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "policy/authorization.h"
#include "policy/subject.h"

namespace policy {

using ReasonType = corev1::AccessLog::Entry::Common::Reason::Type;

// What is known of a Session before its requests come: the rules of its owners, and the outcome of
// the checks that depend on it alone. Made once per Session and PolicySet, kept by the worker until
// either changes. Immutable.
struct SubjectRules {
  // User, Groups in order, Session, Device; those without rules are left out.
  std::vector<std::shared_ptr<const RuleList>> lists;
  bool reads_body = false;

  corev1::Session::Spec::State state = corev1::Session::Spec::STATE_UNKNOWN;
  // Seconds since the epoch from which on it no longer holds.
  std::int64_t expires_at = 0;         // 0: no end on record, which is expired
  std::int64_t access_expires_at = 0;  // 0: no limit
  // The first failed check of locks, authenticator, Device and User; unknown when all hold.
  ReasonType refused = ReasonType{};
  bool is_client = false;  // of type CLIENT
};

// `subject` has a Session and a User. `cache` is the worker's.
SubjectRules prepare_subject(const Subject& subject, const PolicySet& policies,
                             AuthorizationCache& cache);

}  // namespace policy
