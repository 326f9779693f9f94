#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "gateway/worker.h"

namespace gateway {

struct ListenAddresses {
  std::vector<io::Address> https;
  std::vector<io::Address> plaintext;
  std::vector<io::Address> redirect;
};

// All workers and their listeners. Used by main and by the one thread that publishes Snapshots.
class DataPlane {
 public:
  // Binds every address once per worker, starts the workers. Port 0 is chosen once and shared.
  static base::Result<std::unique_ptr<DataPlane>> start(const DataPlaneOptions& options,
                                                        Shared shared,
                                                        const ListenAddresses& addresses,
                                                        int workers,
                                                        std::shared_ptr<const Snapshot> first);

  // Returns when every worker has taken the Snapshot: requests that begin afterwards see it.
  void publish(const std::shared_ptr<const Snapshot>& snapshot);

  // Stops accepting, lets requests finish for at most `limit`, then ends what is left.
  void shut_down(std::chrono::milliseconds limit);

  // As bound, in the order given.
  const ListenAddresses& bound() const { return bound_; }
  struct Totals {
    std::uint64_t requests = 0, allowed = 0, denied = 0, rejected = 0, upstream_failures = 0,
                  connections = 0, config_rule_failures = 0, configs_computed = 0,
                  configs_refused = 0, shadow_allowed = 0, shadow_denied = 0;
    std::int64_t open_connections = 0, configs_held = 0;
  };
  Totals totals() const;

 private:
  explicit DataPlane(const DataPlaneOptions& options) : options_(options) {}
  base::Result<void> bind(const std::vector<io::Address>& addresses, PortKind kind, int workers,
                          std::vector<io::Address>& bound);

  DataPlaneOptions options_;
  static constexpr int kPolicyThreads = 2;
  static constexpr std::size_t kQueuedPolicies = 256;
  static constexpr std::size_t kQueuedConfigs = 4096;

  io::WorkPool compiler_{"configs", 1, kQueuedConfigs};
  io::WorkPool policy_threads_{"policies", kPolicyThreads, kQueuedPolicies, io::Sharing::kFair};
  std::unique_ptr<Shared> shared_;  // over our own copy of the options
  ListenAddresses bound_;
  std::vector<std::vector<BoundPort>> ports_;  // per worker
  std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace gateway
