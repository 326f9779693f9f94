#include "store/sqlite_migrations.h"

#include <fmt/format.h>

#include <array>

namespace store {
namespace {

// resources: `position` is the order of insertion and is never used twice; `body` is the message in
//   protobuf encoding without what is sealed, `sealed` the rest (store/resource_codec.h).
// events: what the watch replays; `sequence` has no gaps.
// keys: store/key_store.h. settings: single values of the database itself.
constexpr const char* kFirstLayout = R"sql(
  CREATE TABLE resources (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    kind INTEGER NOT NULL,
    uid TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    body BLOB NOT NULL,
    sealed BLOB,
    UNIQUE (kind, name)
  ) STRICT;
  CREATE TABLE events (
    sequence INTEGER PRIMARY KEY,
    type INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    uid TEXT NOT NULL,
    body BLOB NOT NULL,
    sealed BLOB,
    bytes INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE keys (
    purpose TEXT NOT NULL,
    id TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (purpose, id)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE settings (
    name TEXT PRIMARY KEY,
    value BLOB NOT NULL
  ) STRICT, WITHOUT ROWID;
)sql";

constexpr std::array kMigrations = {SqliteMigration{1, kFirstLayout}};

}  // namespace

std::span<const SqliteMigration> sqlite_migrations() { return kMigrations; }

base::Result<void> migrate(SqliteConnection& db, std::span<const SqliteMigration> steps) {
  BASE_ASSIGN(const std::int64_t version, db.query_number("PRAGMA user_version"));
  const int newest = steps.empty() ? 0 : steps.back().to_version;
  if (version > newest) {
    return base::fail(
        base::Code::kFailedPrecondition, "database_too_new",
        fmt::format("the database has layout {}, this program knows layouts up to {}: it was used "
                    "by a newer version, start that one",
                    version, newest),
        base::Source::kStore);
  }
  for (const SqliteMigration& step : steps) {
    if (step.to_version <= version) continue;
    auto done = db.execute(fmt::format("BEGIN IMMEDIATE; {}; PRAGMA user_version={}; COMMIT;",
                                       step.sql, step.to_version));
    if (done) continue;
    if (db.is_in_transaction()) static_cast<void>(db.execute("ROLLBACK"));
    done.error().message = fmt::format("changing the database to layout {}: {}", step.to_version,
                                       done.error().message);
    return done;
  }
  return {};
}

}  // namespace store
