#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "store/event_feed.h"
#include "store/key_store.h"
#include "store/resource_cache.h"
#include "store/resource_codec.h"
#include "store/sqlite_db.h"

namespace store {

// The SQL of all writes. Owned by the group-commit thread and used by it alone. Legal order:
//   begin (begin_write (create|update|remove|put_key|remove_key) end_write)* commit
// Writes of one transaction see each other; the cache sees them after commit, by its caller.
class SqliteWriter {
 public:
  struct Limits {
    std::size_t kept_events;
    std::size_t kept_event_bytes;
  };
  // What a commit made durable.
  struct Committed {
    std::vector<Change> changes;
    std::vector<EventFeed::Sized> events;
  };

  static base::Result<std::unique_ptr<SqliteWriter>> make(SqliteConnection db, const Sealer& sealer,
                                                          const ResourceCache& cache,
                                                          const base::Clock& clock, Limits limits);

  base::Result<void> begin();
  base::Result<void> begin_write();
  // Keeps the write, or undoes what a failed one left behind. An error means that the whole
  // transaction is gone.
  base::Result<void> end_write(bool is_kept);
  base::Result<Committed> commit();
  void roll_back();

  base::Result<Written> create(std::unique_ptr<Message> resource, const Actor& actor);
  base::Result<Written> update(std::unique_ptr<Message> resource, std::string_view expected_version,
                               const Actor& actor);
  base::Result<Written> remove(Kind kind, std::string_view uid);
  base::Result<void> put_key(const KeyRecord& key);
  base::Result<void> remove_key(std::string_view purpose, std::string_view id);

  Sequence newest() const { return committed_.newest; }

 private:
  struct Progress {  // of the events table
    Sequence newest = 0;
    std::size_t events = 0;
    std::size_t bytes = 0;
  };
  struct Current {
    Resource resource;
    std::int64_t position = 0;
  };

  SqliteWriter(SqliteConnection db, const Sealer& sealer, const ResourceCache& cache,
               const base::Clock& clock, Limits limits);
  base::Result<void> prepare();
  // The resource as this transaction sees it; null when there is none.
  Current current(Kind kind, std::string_view uid) const;
  base::Result<Written> add_event(Event::Type type, Current after, const EncodedResource& encoded);
  base::Result<void> compact();

  SqliteConnection db_;
  const Sealer& sealer_;
  const ResourceCache& cache_;
  const base::Clock& clock_;
  const Limits limits_;
  Progress committed_;
  Progress working_;
  Committed pending_;
  std::unordered_map<std::string, Current> staged_;  // by uid; null resource: deleted

  SqliteStatement begin_, commit_, savepoint_, release_, undo_;
  SqliteStatement insert_, update_, delete_, insert_event_, insert_key_, delete_key_;
};

}  // namespace store
