#include "store/sqlite_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <optional>

#include "store/event_feed.h"
#include "store/group_commit.h"
#include "store/resource_cache.h"
#include "store/sealer.h"
#include "store/sqlite_db.h"
#include "store/sqlite_files.h"
#include "store/sqlite_writer.h"

namespace store {
namespace {

std::optional<std::string_view> sealed_column(const SqliteStatement& row, int index) {
  if (row.column_is_null(index)) return std::nullopt;
  return row.column_bytes(index);
}

base::Result<void> load(SqliteConnection& db, const Sealer& sealer, ResourceCache& cache) {
  BASE_ASSIGN(auto rows,
              db.prepare("SELECT position, kind, body, sealed FROM resources ORDER BY position"));
  while (true) {
    BASE_ASSIGN(const bool has_row, rows.step());
    if (!has_row) return {};
    const auto kind = static_cast<Kind>(rows.column_int(1));
    BASE_ASSIGN(Resource resource,
                decode_resource(kind, rows.column_bytes(2), sealed_column(rows, 3), sealer));
    cache.load(std::move(resource), rows.column_int(0));
  }
}

std::unexpected<base::Error> fail_missing(Kind kind, std::string_view which) {
  return base::fail(base::Code::kNotFound, "resource_not_found",
                    fmt::format("core.v1.{} {} does not exist", resource::kind_name(kind), which),
                    base::Source::kStore);
}

}  // namespace

struct SqliteStore::State {
  State(DatabaseLock database_lock, Sealer master, SqliteConnection reading)
      : lock(std::move(database_lock)), sealer(std::move(master)), reader(std::move(reading)) {}

  void on_committed(const SqliteWriter::Committed& committed) {
    cache.apply(committed.changes);
    feed->publish(committed.events);
  }

  DatabaseLock lock;
  Sealer sealer;
  ResourceCache cache;
  std::optional<EventFeed> feed;
  std::mutex reader_mutex;
  SqliteConnection reader;            // of old events and of keys
  std::optional<GroupCommit> writes;  // last: its thread uses all the others
};

SqliteStore::SqliteStore(std::unique_ptr<State> state) : state_(std::move(state)) {}
SqliteStore::~SqliteStore() = default;

base::Result<std::unique_ptr<SqliteStore>> SqliteStore::open(const SqliteOptions& options) {
  BASE_ASSIGN(DatabaseLock lock, DatabaseLock::take(options.file));
  BASE_ASSIGN(SqliteConnection db, open_database(options.file));
  BASE_ASSIGN(Sealer sealer, open_sealer(db, options.master_key_file));
  BASE_ASSIGN(SqliteConnection reader,
              SqliteConnection::open(options.file, SqliteConnection::Access::kReadOnly));
  auto state = std::make_unique<State>(std::move(lock), std::move(sealer), std::move(reader));
  BASE_TRY(load(db, state->sealer, state->cache));
  BASE_ASSIGN(auto writer,
              SqliteWriter::make(std::move(db), state->sealer, state->cache, *options.clock,
                                 {options.kept_events, options.kept_event_bytes}));
  state->feed.emplace(writer->newest(), EventFeed::Limits());
  state->writes.emplace(std::move(writer), [raw = state.get()](const auto& committed) {
    raw->on_committed(committed);
  });
  return std::unique_ptr<SqliteStore>(new SqliteStore(std::move(state)));
}

base::Result<Written> SqliteStore::create(std::unique_ptr<Message> resource, const Actor& actor) {
  return state_->writes->run(
      [&](SqliteWriter& writer) { return writer.create(std::move(resource), actor); });
}

base::Result<Written> SqliteStore::update(std::unique_ptr<Message> resource,
                                          std::string_view expected_version, const Actor& actor) {
  return state_->writes->run([&](SqliteWriter& writer) {
    return writer.update(std::move(resource), expected_version, actor);
  });
}

base::Result<Sequence> SqliteStore::remove(Kind kind, std::string_view uid) {
  BASE_ASSIGN(const Written written,
              state_->writes->run([&](SqliteWriter& writer) { return writer.remove(kind, uid); }));
  return written.sequence;
}

base::Result<Resource> SqliteStore::get(Kind kind, std::string_view name) {
  auto found = state_->cache.find(kind, name);
  if (!found) return fail_missing(kind, name);
  return found;
}

base::Result<Resource> SqliteStore::get_by_uid(Kind kind, std::string_view uid) {
  auto found = state_->cache.find_by_uid(kind, uid);
  if (!found) return fail_missing(kind, uid);
  return found;
}

base::Result<Page> SqliteStore::list(Kind kind, const ListOptions& options) {
  return state_->cache.list(kind, options);
}

base::Result<Sequence> SqliteStore::newest() { return state_->feed->newest(); }

base::Result<std::vector<Event>> SqliteStore::watch(Sequence after, std::size_t limit,
                                                    std::chrono::milliseconds wait) {
  const auto fail_range = [&](std::string_view why) {
    return base::fail(base::Code::kOutOfRange, "watch_out_of_range",
                      fmt::format("events after {} {}", after, why), base::Source::kStore);
  };
  if (after > state_->feed->newest()) return fail_range("have not happened yet");
  if (auto recent = state_->feed->wait(after, limit, wait)) return std::move(*recent);

  const Sequence newest = state_->feed->newest();  // what is committed but not published waits
  const std::lock_guard lock(state_->reader_mutex);
  BASE_ASSIGN(auto rows, state_->reader.prepare(
                             "SELECT sequence, type, kind, body, sealed FROM events"
                             " WHERE sequence > ? AND sequence <= ? ORDER BY sequence LIMIT ?"));
  rows.bind(1, static_cast<std::int64_t>(after)).bind(2, static_cast<std::int64_t>(newest));
  rows.bind(3, static_cast<std::int64_t>(std::min<std::size_t>(limit, 1'000'000)));
  std::vector<Event> events;
  while (true) {
    BASE_ASSIGN(const bool has_row, rows.step());
    if (!has_row) break;
    Event event{static_cast<Sequence>(rows.column_int(0)),
                static_cast<Event::Type>(rows.column_int(1)), static_cast<Kind>(rows.column_int(2)),
                nullptr};
    if (events.empty() && event.sequence != after + 1) return fail_range("were compacted away");
    BASE_ASSIGN(event.resource, decode_resource(event.kind, rows.column_bytes(3),
                                                sealed_column(rows, 4), state_->sealer));
    events.push_back(std::move(event));
  }
  return events;
}

base::Result<void> SqliteStore::put_key(const KeyRecord& key) {
  BASE_TRY(state_->writes->run([&](SqliteWriter& writer) -> base::Result<Written> {
    BASE_TRY(writer.put_key(key));
    return Written();
  }));
  return {};
}

base::Result<void> SqliteStore::remove_key(std::string_view purpose, std::string_view id) {
  BASE_TRY(state_->writes->run([&](SqliteWriter& writer) -> base::Result<Written> {
    BASE_TRY(writer.remove_key(purpose, id));
    return Written();
  }));
  return {};
}

base::Result<std::vector<KeyRecord>> SqliteStore::get_keys(std::string_view purpose) {
  const std::lock_guard lock(state_->reader_mutex);
  BASE_ASSIGN(auto rows,
              state_->reader.prepare("SELECT id, created_at, sealed FROM keys WHERE purpose = ?"
                                     " ORDER BY created_at, id"));
  rows.bind_text(1, purpose);
  std::vector<KeyRecord> keys;
  while (true) {
    BASE_ASSIGN(const bool has_row, rows.step());
    if (!has_row) return keys;
    KeyRecord key{.id = std::string(rows.column_bytes(0)),
                  .purpose = std::string(purpose),
                  .created_at = base::WallTime(std::chrono::nanoseconds(rows.column_int(1)))};
    const SealBinding binding{.kind = "key", .uid = key.id, .purpose = purpose};
    BASE_ASSIGN(key.bytes, state_->sealer.open(rows.column_bytes(2), binding));
    keys.push_back(std::move(key));
  }
}

}  // namespace store
