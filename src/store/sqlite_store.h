#pragma once

#include <filesystem>
#include <memory>

#include "base/clock.h"
#include "store/key_store.h"
#include "store/store.h"

namespace store {

struct SqliteOptions {
  std::filesystem::path file;  // made when missing, mode 0600; its folder must exist
  // Made when missing and the database is new; see Sealer.
  std::filesystem::path master_key_file;
  const base::Clock* clock = nullptr;  // outlives the store
  // How far back a watch can resume; older events are compacted away. At least one is kept.
  std::size_t kept_events = 100'000;
  std::size_t kept_event_bytes = 64u << 20;
};

// The Store on one machine: an SQLite database in WAL mode with synchronous=FULL.
//
// Writes queue up for one writer thread, which runs all that wait in one transaction and answers
// them after its one fsync. Reads never touch the disk: all resources are in memory, and a write is
// visible there before it is answered and before its event is. One process at a time has the
// database open. Owned by main; must outlive every thread that calls it.
class SqliteStore final : public Store, public KeyStore {
 public:
  // Errors say what an operator must do: folder missing or not writable, database in use by another
  // process, made by a newer version, damaged, or sealed with another master key.
  static base::Result<std::unique_ptr<SqliteStore>> open(const SqliteOptions& options);
  ~SqliteStore() override;

  base::Result<Written> create(std::unique_ptr<Message> resource, const Actor& actor) override;
  base::Result<Resource> get(Kind kind, std::string_view name) override;
  base::Result<Resource> get_by_uid(Kind kind, std::string_view uid) override;
  base::Result<Page> list(Kind kind, const ListOptions& options) override;
  base::Result<Written> update(std::unique_ptr<Message> resource, std::string_view expected_version,
                               const Actor& actor) override;
  base::Result<Sequence> remove(Kind kind, std::string_view uid) override;
  base::Result<std::vector<Event>> watch(Sequence after, std::size_t limit,
                                         std::chrono::milliseconds wait) override;
  base::Result<Sequence> newest() override;

  base::Result<void> put_key(const KeyRecord& key) override;
  base::Result<std::vector<KeyRecord>> get_keys(std::string_view purpose) override;
  base::Result<void> remove_key(std::string_view purpose, std::string_view id) override;

 private:
  struct State;
  explicit SqliteStore(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace store
