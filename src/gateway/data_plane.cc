#include "gateway/data_plane.h"

#include <latch>
#include <thread>

namespace gateway {

base::Result<std::unique_ptr<DataPlane>> DataPlane::start(const DataPlaneOptions& options,
                                                          Shared shared,
                                                          const ListenAddresses& addresses,
                                                          int workers,
                                                          std::shared_ptr<const Snapshot> first) {
  std::unique_ptr<DataPlane> plane(new DataPlane(options));
  plane->ports_.resize(static_cast<std::size_t>(workers));
  BASE_TRY(plane->bind(addresses.https, PortKind::kHttps, workers, plane->bound_.https));
  BASE_TRY(
      plane->bind(addresses.plaintext, PortKind::kPlaintext, workers, plane->bound_.plaintext));
  BASE_TRY(plane->bind(addresses.redirect, PortKind::kRedirect, workers, plane->bound_.redirect));
  if (!plane->bound_.https.empty()) plane->options_.https_port = plane->bound_.https[0].port();
  if (first->certificates)
    SSL_CTX_set_tlsext_servername_callback(first->certificates->main(),
                                           &Worker::choose_certificate);
  plane->shared_ = std::make_unique<Shared>(Shared{plane->options_, shared.sessions, shared.keys,
                                                   shared.log, shared.slow, shared.recent,
                                                   &plane->compiler_, &plane->policy_threads_});
  for (int i = 0; i < workers; ++i) {
    plane->workers_.push_back(std::make_unique<Worker>(*plane->shared_, static_cast<std::size_t>(i),
                                                       plane->ports_[static_cast<std::size_t>(i)],
                                                       first));
  }
  for (const auto& worker : plane->workers_) worker->start();
  return plane;
}

base::Result<void> DataPlane::bind(const std::vector<io::Address>& addresses, PortKind kind,
                                   int workers, std::vector<io::Address>& bound) {
  for (io::Address address : addresses) {
    for (int i = 0; i < workers; ++i) {
      BASE_ASSIGN(const int fd, io::bind_listener(address, true));
      if (i == 0) {
        address = io::bound_address(fd);
        bound.push_back(address);
      }
      ports_[static_cast<std::size_t>(i)].push_back({kind, fd});
    }
  }
  return {};
}

void DataPlane::publish(const std::shared_ptr<const Snapshot>& snapshot) {
  const auto taken = std::make_shared<std::latch>(static_cast<std::ptrdiff_t>(workers_.size()));
  for (const auto& worker : workers_) worker->publish(snapshot, [taken] { taken->count_down(); });
  taken->wait();
}

void DataPlane::shut_down(std::chrono::milliseconds limit) {
  for (const auto& worker : workers_) worker->drain();
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (std::chrono::steady_clock::now() < deadline && totals().open_connections > 0)
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  policy_threads_.give_up();  // a worker ends after the last of its requests
  for (const auto& worker : workers_) worker->stop();
  for (const auto& worker : workers_) worker->join();
}

DataPlane::Totals DataPlane::totals() const {
  Totals sum;
  for (const auto& worker : workers_) {
    const Counters& c = worker->counters();
    sum.requests += c.requests.load(std::memory_order_relaxed);
    sum.allowed += c.allowed.load(std::memory_order_relaxed);
    sum.denied += c.denied.load(std::memory_order_relaxed);
    sum.shadow_allowed += c.shadow_allowed.load(std::memory_order_relaxed);
    sum.shadow_denied += c.shadow_denied.load(std::memory_order_relaxed);
    sum.rejected += c.rejected.load(std::memory_order_relaxed);
    sum.upstream_failures += c.upstream_failures.load(std::memory_order_relaxed);
    sum.connections += c.connections.load(std::memory_order_relaxed);
    sum.config_rule_failures += c.config_rule_failures.load(std::memory_order_relaxed);
    sum.configs_computed += c.configs_computed.load(std::memory_order_relaxed);
    sum.configs_refused += c.configs_refused.load(std::memory_order_relaxed);
    sum.configs_held += c.configs_held.load(std::memory_order_relaxed);
    sum.open_connections += worker->open_connections();
  }
  return sum;
}

}  // namespace gateway
