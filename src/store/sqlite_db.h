#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace store {

// One prepared statement: bind, step until it has no more rows, reset. Errors surface in step().
// Used by one thread at a time and not longer than its connection.
class SqliteStatement {
 public:
  SqliteStatement() = default;

  // Parameters count from 1. The bytes are read before the next step ends and must live until then.
  SqliteStatement& bind(int index, std::int64_t value);
  SqliteStatement& bind_text(int index, std::string_view value);
  SqliteStatement& bind_blob(int index, std::string_view value);
  SqliteStatement& bind_null(int index);

  // True when there is a row to read.
  base::Result<bool> step();
  // Runs a statement that returns nothing, and resets it.
  base::Result<void> run();
  void reset();

  // Columns count from 0. Views live until the next step or reset.
  std::int64_t column_int(int index) const;
  std::string_view column_bytes(int index) const;
  bool column_is_null(int index) const;

 private:
  friend class SqliteConnection;
  explicit SqliteStatement(sqlite3_stmt* statement) : statement_(statement, &finalize) {}
  static void finalize(sqlite3_stmt* statement);

  std::unique_ptr<sqlite3_stmt, void (*)(sqlite3_stmt*)> statement_{nullptr, &finalize};
};

// One connection to a database file. Used by one thread at a time.
class SqliteConnection {
 public:
  enum class Access : std::uint8_t { kReadWrite, kReadOnly };

  // Opens the file (kReadWrite makes it when missing) in WAL mode, with every commit synced.
  static base::Result<SqliteConnection> open(const std::filesystem::path& file, Access access);

  base::Result<SqliteStatement> prepare(std::string_view sql);
  // Runs one or more statements that return nothing.
  base::Result<void> execute(const std::string& sql);
  // The one number that a statement returns.
  base::Result<std::int64_t> query_number(std::string_view sql);
  bool is_in_transaction() const;

 private:
  explicit SqliteConnection(sqlite3* db) : db_(db, &close) {}
  static void close(sqlite3* db);

  std::unique_ptr<sqlite3, void (*)(sqlite3*)> db_{nullptr, &close};
};

}  // namespace store
