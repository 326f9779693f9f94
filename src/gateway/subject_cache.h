#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "gateway/service_policy.h"
#include "identity/live_session.h"
#include "policy/subject_rules.h"

namespace gateway {

// What a worker derives from a LiveSession once and needs at each of its requests: the rules of its
// owners as policy wants them, and the references that the log shows. One per worker; bounded.
class SubjectCache {
 public:
  struct Entry {
    std::shared_ptr<const identity::LiveSession> session;  // keeps what `rules` refers to
    std::shared_ptr<const ClusterPolicy> policy;
    std::vector<const corev1::Group*> groups;
    policy::SubjectRules rules;
    std::string session_reference;
    std::string user_reference;
    std::string device_reference;
  };

  // Shared: a request keeps its entry for as long as it runs, whatever happens to the cache.
  std::shared_ptr<const Entry> get(const std::shared_ptr<const identity::LiveSession>& session,
                                   const std::shared_ptr<const ClusterPolicy>& policy);
  // Forgets Sessions that changed or ended; called now and then.
  void sweep();

 private:
  static constexpr std::size_t kMaxEntries = 65'536;

  std::unordered_map<const identity::LiveSession*, std::shared_ptr<const Entry>> entries_;
  policy::AuthorizationCache authorizations_;
};

}  // namespace gateway
