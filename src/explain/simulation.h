#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "extv1.pb.h"
#include "resource/references.h"

namespace explain {

namespace extv1 = octelium::api::ext::v1;
namespace corev1 = resource::corev1;

// Decides on requests that nobody sent, over the resources that there are, and explains it. The
// rules are put together and asked as for a request that came (gateway::SnapshotBuilder,
// policy::prepare_subject, policy::decide). What the gateway looks at beside policy is looked at as
// far as it needs no network: whether the Service is public and enabled, and whether the request is
// well formed; not whether a token is good, nor whether an upstream answers.
//
// `resources` outlives it. As thread-safe as `resources` is.
class Simulation {
 public:
  explicit Simulation(const resource::References& resources);

  // kNotFound with the nearest name for a Service or User that is not there, kInvalidArgument for a
  // request that the gateway would refuse as malformed. `now`: for requests that say no time.
  base::Result<extv1::Explanation> run(const extv1::Hypothetical& request,
                                       base::WallTime now) const;

 private:
  base::Result<std::shared_ptr<const corev1::Service>> find_service(const std::string& name) const;

  const resource::References& resources_;
  std::string domain_;
};

}  // namespace explain
