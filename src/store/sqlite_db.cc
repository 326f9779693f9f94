#include "store/sqlite_db.h"

#include <fmt/format.h>
#include <sqlite3.h>

namespace store {
namespace {

// A violated UNIQUE is the one error that a caller can do something about; a full or failing disk
// may recover, everything else is a damaged database or a mistake of ours.
base::Code code_of(int sqlite_code) {
  switch (sqlite_code & 0xff) {
    case SQLITE_CONSTRAINT:
      return base::Code::kAlreadyExists;
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_NOMEM:
      return base::Code::kUnavailable;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return base::Code::kDataLoss;
    default:
      return base::Code::kInternal;
  }
}

std::unexpected<base::Error> fail_sqlite(sqlite3* db, int code) {
  return base::fail(code_of(code), "database",
                    fmt::format("the database failed: {} ({})",
                                db != nullptr ? sqlite3_errmsg(db) : "", sqlite3_errstr(code)),
                    base::Source::kStore);
}

// secure_delete would buy nothing: what must not be read is sealed. The journal limit bounds what a
// burst of writes leaves on disk.
constexpr const char* kReadWritePragmas =
    "PRAGMA journal_mode=WAL;"
    "PRAGMA synchronous=FULL;"
    "PRAGMA foreign_keys=ON;"
    "PRAGMA journal_size_limit=16777216;";

}  // namespace

void SqliteStatement::finalize(sqlite3_stmt* statement) { sqlite3_finalize(statement); }

SqliteStatement& SqliteStatement::bind(int index, std::int64_t value) {
  sqlite3_bind_int64(statement_.get(), index, value);
  return *this;
}

SqliteStatement& SqliteStatement::bind_text(int index, std::string_view value) {
  sqlite3_bind_text64(statement_.get(), index, value.data(), value.size(), SQLITE_STATIC,
                      SQLITE_UTF8);
  return *this;
}

SqliteStatement& SqliteStatement::bind_blob(int index, std::string_view value) {
  // A null pointer would bind NULL instead of an empty blob.
  const char* const data = value.empty() ? "" : value.data();
  sqlite3_bind_blob64(statement_.get(), index, data, value.size(), SQLITE_STATIC);
  return *this;
}

SqliteStatement& SqliteStatement::bind_null(int index) {
  sqlite3_bind_null(statement_.get(), index);
  return *this;
}

base::Result<bool> SqliteStatement::step() {
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return fail_sqlite(sqlite3_db_handle(statement_.get()), code);
}

base::Result<void> SqliteStatement::run() {
  auto stepped = step();
  reset();
  if (!stepped) return std::unexpected(std::move(stepped).error());
  return {};
}

void SqliteStatement::reset() {
  sqlite3_reset(statement_.get());
  sqlite3_clear_bindings(statement_.get());
}

std::int64_t SqliteStatement::column_int(int index) const {
  return sqlite3_column_int64(statement_.get(), index);
}

std::string_view SqliteStatement::column_bytes(int index) const {
  const auto* data = static_cast<const char*>(sqlite3_column_blob(statement_.get(), index));
  const int size = sqlite3_column_bytes(statement_.get(), index);
  return data == nullptr ? std::string_view()
                         : std::string_view(data, static_cast<std::size_t>(size));
}

bool SqliteStatement::column_is_null(int index) const {
  return sqlite3_column_type(statement_.get(), index) == SQLITE_NULL;
}

void SqliteConnection::close(sqlite3* db) { sqlite3_close_v2(db); }

base::Result<SqliteConnection> SqliteConnection::open(const std::filesystem::path& file,
                                                      Access access) {
  const bool is_writer = access == Access::kReadWrite;
  const int flags =
      (is_writer ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY) |
      SQLITE_OPEN_NOMUTEX;
  sqlite3* db = nullptr;
  const int code = sqlite3_open_v2(file.c_str(), &db, flags, nullptr);
  SqliteConnection connection(db);  // also a failed open must be closed
  if (code != SQLITE_OK) return fail_sqlite(db, code);
  sqlite3_extended_result_codes(db, 1);
  sqlite3_busy_timeout(db, 5000);
  if (is_writer) BASE_TRY(connection.execute(kReadWritePragmas));
  return connection;
}

base::Result<SqliteStatement> SqliteConnection::prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(db_.get(), sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) return fail_sqlite(db_.get(), code);
  return SqliteStatement(statement);
}

base::Result<void> SqliteConnection::execute(const std::string& sql) {
  const int code = sqlite3_exec(db_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return fail_sqlite(db_.get(), code);
  return {};
}

base::Result<std::int64_t> SqliteConnection::query_number(std::string_view sql) {
  BASE_ASSIGN(auto statement, prepare(sql));
  BASE_ASSIGN(const bool has_row, statement.step());
  return has_row ? statement.column_int(0) : 0;
}

bool SqliteConnection::is_in_transaction() const { return sqlite3_get_autocommit(db_.get()) == 0; }

}  // namespace store
