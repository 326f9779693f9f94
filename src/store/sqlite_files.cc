#include "store/sqlite_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "store/sqlite_migrations.h"

namespace store {
namespace {

constexpr SealBinding kKeyCheck{.kind = "settings", .uid = "key-check", .purpose = "value"};
constexpr std::string_view kKeyCheckText = "sealed under the master key of this database";

std::unexpected<base::Error> fail_file(const std::filesystem::path& file, std::string_view what,
                                       base::Code code = base::Code::kUnavailable) {
  return base::fail(code, "database_open", fmt::format("the database {} {}", file.string(), what),
                    base::Source::kStore);
}

// SQLite makes its files readable by all, and its journal with the mode of the database: so the
// mode is decided here.
base::Result<void> make_private(const std::filesystem::path& file) {
  const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0)
    return fail_file(file, fmt::format("cannot be opened for writing: {}", std::strerror(errno)));
  ::close(fd);
  return {};
}

base::Result<void> write_key_check(SqliteConnection& db, const Sealer& sealer) {
  BASE_ASSIGN(const std::string sealed, sealer.seal(kKeyCheckText, kKeyCheck));
  BASE_ASSIGN(auto insert,
              db.prepare("INSERT INTO settings (name, value) VALUES ('key_check', ?)"));
  return insert.bind_blob(1, sealed).run();
}

base::Result<std::string> read_key_check(SqliteConnection& db) {
  BASE_ASSIGN(auto select, db.prepare("SELECT value FROM settings WHERE name = 'key_check'"));
  BASE_ASSIGN(const bool has_row, select.step());
  return has_row ? std::string(select.column_bytes(0)) : std::string();
}

}  // namespace

base::Result<DatabaseLock> DatabaseLock::take(const std::filesystem::path& database) {
  const std::string name = database.string() + ".lock";
  const int fd = ::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0)
    return fail_file(database, fmt::format("cannot be locked: {}: {}", name, std::strerror(errno)));
  DatabaseLock lock(fd);
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0)
    return fail_file(database, "is in use by another process", base::Code::kFailedPrecondition);
  return lock;
}

DatabaseLock::DatabaseLock(DatabaseLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

DatabaseLock::~DatabaseLock() {
  if (fd_ >= 0) ::close(fd_);
}

base::Result<SqliteConnection> open_database(const std::filesystem::path& file) {
  BASE_TRY(make_private(file));
  auto db = SqliteConnection::open(file, SqliteConnection::Access::kReadWrite);
  if (!db) return fail_file(file, "cannot be opened: " + db.error().message, db.error().code);
  if (auto migrated = migrate(*db, sqlite_migrations()); !migrated)
    return fail_file(file, "cannot be used: " + migrated.error().message, migrated.error().code);
  return db;
}

base::Result<Sealer> open_sealer(SqliteConnection& db, const std::filesystem::path& key_file) {
  BASE_ASSIGN(const std::string check, read_key_check(db));
  if (check.empty()) {
    if (auto made = Sealer::make_key_file(key_file);
        !made && made.error().code != base::Code::kAlreadyExists)
      return std::unexpected(std::move(made).error());
  } else if (std::error_code ignored; !std::filesystem::exists(key_file, ignored)) {
    return base::fail(
        base::Code::kFailedPrecondition, "master_key_file",
        fmt::format("the master key file {} is missing, and the database holds values sealed with "
                    "it: put it back from a backup",
                    key_file.string()),
        base::Source::kStore);
  }
  BASE_ASSIGN(Sealer sealer, Sealer::from_file(key_file));
  if (check.empty()) {
    BASE_TRY(write_key_check(db, sealer));
  } else if (!sealer.open(check, kKeyCheck)) {
    return base::fail(base::Code::kFailedPrecondition, "master_key_file",
                      fmt::format("the database was sealed with another master key than the one "
                                  "in {}",
                                  key_file.string()),
                      base::Source::kStore);
  }
  return sealer;
}

}  // namespace store
