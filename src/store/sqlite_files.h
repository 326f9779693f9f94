#pragma once

#include <filesystem>

#include "base/result.h"
#include "store/sealer.h"
#include "store/sqlite_db.h"

namespace store {

// Holds `<database>.lock` for as long as it lives, so that two processes never write one database;
// the kernel releases it with the process, however that ends.
class DatabaseLock {
 public:
  static base::Result<DatabaseLock> take(const std::filesystem::path& database);
  DatabaseLock(DatabaseLock&& other) noexcept;
  DatabaseLock& operator=(DatabaseLock&&) = delete;
  ~DatabaseLock();

 private:
  explicit DatabaseLock(int fd) : fd_(fd) {}
  int fd_;
};

// Opens (or makes, mode 0600) the database and brings it to the newest layout.
base::Result<SqliteConnection> open_database(const std::filesystem::path& file);

// The master key that the database is sealed with. A new database takes the key in the file, making
// the file when there is none; an old one must find exactly the key it was sealed with, which a
// value in the database proves.
base::Result<Sealer> open_sealer(SqliteConnection& db, const std::filesystem::path& key_file);

}  // namespace store
