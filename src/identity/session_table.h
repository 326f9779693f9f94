#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "identity/live_session.h"
#include "identity/uid.h"
#include "store/store.h"

namespace identity {

// The live Sessions of the cluster with everything that identity needs to know about them.
//
// One control thread feeds it (load, then apply for each Event of the store, in order); any thread
// may look up. A change of a User, Group, Device or Credential makes new LiveSessions for the
// Sessions that it concerns and for no others. A reader that kept a LiveSession sees by
// is_current() that there is a newer one. Lookups take a shard's lock for reading; the request path
// does not come here as long as what it holds is current.
class SessionTable {
 public:
  using Ref = std::shared_ptr<const LiveSession>;

  SessionTable();
  SessionTable(const SessionTable&) = delete;
  SessionTable& operator=(const SessionTable&) = delete;
  ~SessionTable();

  // Replaces everything by what the store holds. Returns the sequence after which to watch; events
  // from there on may already be included, and applying them again is harmless.
  base::Result<store::Sequence> load(store::Store& store);
  // Ignores kinds that have nothing to do with identity.
  void apply(const store::Event& event);

  // nullptr when there is no such Session, or its User or Device is missing.
  Ref lookup(const Uid& session) const;
  Ref lookup(std::string_view session_uid) const;

  // Increments after each change that readers can see.
  std::uint64_t epoch() const { return epoch_.load(std::memory_order_acquire); }

  // Sessions in the store of that User, found by uid; counts those that lookup would not give.
  std::size_t count_of_user(std::string_view user_uid) const;
  // Uids of the Sessions that a Credential made, in no order.
  std::vector<std::string> sessions_of_credential(std::string_view credential_uid) const;
  // Every Session, those that lookup would not give included. The table may change meanwhile.
  std::vector<std::shared_ptr<const corev1::Session>> all_sessions() const;
  bool has_user(std::string_view uid) const;
  bool has_device(std::string_view uid) const;
  std::size_t size() const;

 private:
  struct Records;  // the messages and who refers to whom
  struct alignas(64) Shard;
  static constexpr std::size_t kShards = 64;

  Shard& shard_of(const Uid& uid) const;
  void publish(const std::string& session_uid);
  void publish_all(const std::unordered_set<std::string>& session_uids);
  void apply_locked(store::Event::Type type, store::Kind kind, const store::Resource& resource);
  void apply_session(const std::shared_ptr<const corev1::Session>& session, bool deleted);
  void apply_user(const std::shared_ptr<const corev1::User>& user, bool deleted);
  void apply_group(const std::shared_ptr<const corev1::Group>& group, bool deleted);

  mutable std::mutex mutex_;  // guards records_ and orders publishing
  std::unique_ptr<Records> records_;
  std::unique_ptr<std::array<Shard, kShards>> shards_;
  std::atomic<std::uint64_t> epoch_{0};
};

}  // namespace identity
