#pragma once

#include <span>

#include "base/result.h"
#include "store/sqlite_db.h"

namespace store {

// One step of the database's layout. The list in sqlite_migrations.cc is append-only: a step that
// was released is never changed.
struct SqliteMigration {
  int to_version;
  const char* sql;
};

std::span<const SqliteMigration> sqlite_migrations();

// Brings the database to the newest layout, each step in a transaction of its own together with the
// version it leads to, so that a crash repeats at most one whole step. kFailedPrecondition when the
// database is newer than this program knows.
base::Result<void> migrate(SqliteConnection& db, std::span<const SqliteMigration> steps);

}  // namespace store
