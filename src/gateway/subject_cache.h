#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "gateway/service_policy.h"
#include "identity/live_session.h"
#include "policy/residual.h"
#include "policy/subject_rules.h"

namespace gateway {

// What a worker has decided beforehand for the requests of one Session, or of strangers: a Residual
// for each Service that was asked for. Of one worker; bounded, and emptied when full.
class ResidualTable {
 public:
  // nullptr: there is none, decide without. What it points to lasts as long as `service`. A new one
  // takes at most `making`.
  std::shared_ptr<const policy::Residual> get(const std::shared_ptr<const ServicePolicy>& service,
                                              const policy::Subject& subject,
                                              const policy::SubjectRules* rules,
                                              std::chrono::nanoseconds making);
  // Forgets Services that changed or are gone.
  void sweep();
  void clear();
  std::size_t size() const { return items_.size(); }
  std::size_t weight() const { return weight_; }  // of its Residuals

 private:
  static constexpr std::size_t kMaxServices = 1024;

  struct Item {
    std::weak_ptr<const ServicePolicy> service;
    std::shared_ptr<const policy::Residual> residual;
    std::size_t weight = 0;
  };
  std::unordered_map<const ServicePolicy*, Item> items_;
  std::size_t weight_ = 0;
};

// What a worker derives from a LiveSession once and needs at each of its requests: the rules of its
// owners as policy wants them, what they come to for a Service, and the references that the log
// shows. One per worker; bounded.
class SubjectCache {
 public:
  struct Entry {
    policy::Subject subject() const;  // without Service and Namespace

    std::shared_ptr<const identity::LiveSession> session;  // keeps what `rules` refers to
    std::shared_ptr<const ClusterPolicy> policy;
    std::vector<const corev1::Group*> groups;
    policy::SubjectRules rules;
    std::string session_reference;
    std::string user_reference;
    std::string device_reference;
    // Grows with the Services that the Session comes to, on the worker's thread.
    mutable ResidualTable residuals;
  };

  // `most`: of policy::Residual::weight() of all of them, which is about 128 MiB. `making`: what
  // each may take, by the clock on the wall.
  explicit SubjectCache(std::size_t most = std::size_t{1} << 21,
                        std::chrono::nanoseconds making = policy::Residual::kMaxMakingTime)
      : most_(most), making_(making) {}

  // Shared: a request keeps its entry for as long as it runs, whatever happens to the cache.
  std::shared_ptr<const Entry> get(const std::shared_ptr<const identity::LiveSession>& session,
                                   const std::shared_ptr<const ClusterPolicy>& policy);
  // What is left to ask of a request of `entry`, or of a stranger if that is nullptr, to `service`.
  // `subject` names the Service and Namespace as well.
  std::shared_ptr<const policy::Residual> residual(
      const Entry* entry, const std::shared_ptr<const ServicePolicy>& service,
      const policy::Subject& subject);
  // Forgets Sessions that changed or ended, and Services if there may be such; called now and then.
  void sweep(bool have_services_changed);

 private:
  static constexpr std::size_t kMaxEntries = 65'536;

  std::unordered_map<const identity::LiveSession*, std::shared_ptr<const Entry>> entries_;
  ResidualTable strangers_;
  std::size_t weight_ = 0;  // of all Residuals, at most
  const std::size_t most_;
  const std::chrono::nanoseconds making_;
  policy::AuthorizationCache authorizations_;
};

}  // namespace gateway
