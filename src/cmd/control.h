#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "gateway/data_plane.h"
#include "gateway/snapshot_builder.h"
#include "identity/session_table.h"
#include "store/store.h"

namespace cmd {

// How far this node's data plane has got in the order of writes. Thread-safe.
class Applied {
 public:
  // Returns once the write is in force here; gives up after `kPatience`, so that a stuck worker
  // cannot hold every caller, and says false.
  bool wait(store::Sequence sequence);
  void advance(store::Sequence sequence);

 private:
  static constexpr std::chrono::seconds kPatience{5};

  std::mutex mutex_;
  std::condition_variable changed_;
  store::Sequence sequence_ = 0;  // guarded by mutex_
};

// The thread between store and data plane: takes every event in order, brings the SessionTable up
// to date, builds a Snapshot when one changed, publishes it, and only then says that the writes are
// applied.
class Control {
 public:
  Control(store::Store& store, identity::SessionTable& sessions, gateway::SnapshotBuilder& builder,
          Applied& applied)
      : store_(store), sessions_(sessions), builder_(builder), applied_(applied) {}
  ~Control() { stop(); }

  // Everything that is stored, before the workers start.
  base::Result<std::shared_ptr<const gateway::Snapshot>> load();
  void start(gateway::DataPlane& plane);
  void stop();

 private:
  static constexpr std::size_t kBatch = 1000;
  static constexpr std::chrono::milliseconds kWait{500};

  void run(gateway::DataPlane& plane);
  base::Result<store::Sequence> reload();

  store::Store& store_;
  identity::SessionTable& sessions_;
  gateway::SnapshotBuilder& builder_;
  Applied& applied_;
  store::Sequence sequence_ = 0;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

}  // namespace cmd
