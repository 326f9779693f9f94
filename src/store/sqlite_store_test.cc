#include "store/sqlite_store.h"

#include <sys/stat.h>
#include <unistd.h>

#include <thread>

#include "store/contract_test.h"
#include "store/sealer.h"
#include "store/sqlite_db.h"
#include "store/sqlite_testkit_test.h"

namespace store {
namespace {

using namespace std::chrono_literals;
using resource::metadata_of;

class SqliteUnderTest final : public StoreUnderTest {
 public:
  SqliteUnderTest() { open(); }
  Store& store() override { return *store_; }
  KeyStore& keys() override { return *store_; }
  base::FakeClock& clock() override { return clock_; }
  void restart() override {
    store_.reset();
    open();
  }

 private:
  void open() {
    auto opened = SqliteStore::open(options_in(folder_.path(), clock_));
    if (!opened) throw std::runtime_error(opened.error().message);
    store_ = std::move(*opened);
  }

  TemporaryFolder folder_;
  base::FakeClock clock_;
  std::unique_ptr<SqliteStore> store_;
};

INSTANTIATE_TEST_SUITE_P(Sqlite, StoreContract,
                         testing::Values(StoreFactory{
                             "Sqlite", [] { return std::make_unique<SqliteUnderTest>(); }}),
                         [](const auto& info) { return info.param.name; });

class SqliteStoreTest : public testing::Test {
 protected:
  SqliteOptions options() const { return options_in(folder_.path(), clock_); }
  std::unique_ptr<SqliteStore> open() const {
    auto opened = SqliteStore::open(options());
    EXPECT_TRUE(opened) << opened.error().message;
    return opened ? std::move(*opened) : nullptr;
  }
  std::string error_of_open() const {
    const auto opened = SqliteStore::open(options());
    return opened ? "" : opened.error().message;
  }

  TemporaryFolder folder_;
  base::FakeClock clock_;
};

TEST_F(SqliteStoreTest, PlaintextOfSecretsAndKeysIsInNoFile) {
  const std::string marker = "correct-horse-battery-staple";
  const auto search = [&](const char* when) {
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path()))
      EXPECT_EQ(read_file(entry.path()).find(marker), std::string::npos) << when << entry.path();
  };
  {
    auto store = open();
    auto created = store->create(make_secret("db", marker), {}).value().resource;
    auto changed = copy_as<resource::corev1::Secret>(created);
    changed->mutable_data()->set_valuebytes(marker + "-2");
    ASSERT_TRUE(store->update(std::move(changed), metadata_of(*created).resourceversion(), {}));
    ASSERT_TRUE(store->put_key({"one", "token-signing", clock_.now(), base::Secret(marker)}));
    ASSERT_TRUE(store->remove(Kind::kSecret, metadata_of(*created).uid()));
    ASSERT_TRUE(store->create(make_user("visible-name"), {}));
    EXPECT_NE(read_file(folder_.path() / "store.db-wal").find("visible-name"), std::string::npos)
        << "the search itself does not work";
    search("while open: ");
  }
  search("after closing: ");
}

TEST_F(SqliteStoreTest, ItsFilesAreForTheOwnerOnly) {
  auto store = open();
  ASSERT_TRUE(store->create(make_user("alice"), {}));
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
    struct stat info{};
    ASSERT_EQ(::stat(entry.path().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600u) << entry.path();
    ++count;
  }
  EXPECT_EQ(count, 5);  // database, WAL, its index, lock, master key
}

TEST_F(SqliteStoreTest, RefusesADatabaseSealedWithAnotherKey) {
  ASSERT_TRUE(open());
  const auto key = folder_.path() / "master.key";
  std::filesystem::remove(key);
  EXPECT_NE(error_of_open().find("is missing"), std::string::npos) << error_of_open();
  ASSERT_FALSE(std::filesystem::exists(key)) << "a new key would hide the loss of the old one";
  ASSERT_TRUE(Sealer::make_key_file(key));
  EXPECT_NE(error_of_open().find("sealed with another master key"), std::string::npos)
      << error_of_open();
}

TEST_F(SqliteStoreTest, RefusesASecondProcess) {
  auto store = open();
  EXPECT_NE(error_of_open().find("is in use by another process"), std::string::npos);
  store.reset();
  EXPECT_EQ(error_of_open(), "");
}

TEST_F(SqliteStoreTest, SaysWhyAFolderWillNotDo) {
  auto missing = options();
  missing.file = folder_.path() / "no" / "store.db";
  const auto opened = SqliteStore::open(missing);
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().message.find("No such file or directory"), std::string::npos)
      << opened.error().message;
}

TEST_F(SqliteStoreTest, SaysThatAFolderIsReadOnly) {
  std::filesystem::permissions(folder_.path(), std::filesystem::perms(0555));
  // The superuser may write anywhere, so look with other eyes.
  const uid_t self = ::geteuid();
  if (self == 0) {
    ASSERT_EQ(::seteuid(65534), 0);
  }
  const std::string error = error_of_open();
  ASSERT_EQ(::seteuid(self), 0);
  std::filesystem::permissions(folder_.path(), std::filesystem::perms(0755));
  EXPECT_NE(error.find("Permission denied"), std::string::npos) << error;
}

TEST_F(SqliteStoreTest, RefusesAFileThatIsNoDatabase) {
  std::ofstream(folder_.path() / "store.db") << std::string(4096, 'x');
  EXPECT_NE(error_of_open().find("not a database"), std::string::npos) << error_of_open();
}

TEST_F(SqliteStoreTest, NoticesASealedValueThatWasMovedToAnotherRecord) {
  {
    auto store = open();
    ASSERT_TRUE(store->create(make_secret("one", "first"), {}));
    ASSERT_TRUE(store->create(make_secret("two", "second"), {}));
  }
  {
    auto db = SqliteConnection::open(options().file, SqliteConnection::Access::kReadWrite);
    ASSERT_TRUE(
        db->execute("UPDATE resources SET sealed = (SELECT sealed FROM resources WHERE "
                    "name = 'one') WHERE name = 'two'"));
  }
  EXPECT_NE(error_of_open().find("does not open"), std::string::npos) << error_of_open();
}

TEST_F(SqliteStoreTest, CompactionKeepsTheNewestEvents) {
  auto small = options();
  small.kept_events = 32;
  auto store = SqliteStore::open(small).value();
  for (int i = 0; i < 200; ++i)
    ASSERT_TRUE(store->create(make_user("user-" + std::to_string(i)), {}));
  store.reset();  // what is in memory still reaches further back
  store = SqliteStore::open(small).value();
  EXPECT_EQ(store->newest().value(), 200u);
  EXPECT_EQ(store->watch(0, 100, 0ms).error().code, base::Code::kOutOfRange);
  const auto events = store->watch(200 - 32, 100, 0ms);
  ASSERT_TRUE(events) << events.error().message;
  EXPECT_EQ(events->size(), 32u);
  EXPECT_EQ(events->front().sequence, 169u);
  EXPECT_EQ(store->list(Kind::kUser, {}).value().total_count, 200u);
}

TEST_F(SqliteStoreTest, CompactionBoundsBytesAndRemembersTheSequence) {
  auto small = options();
  small.kept_event_bytes = 1;
  for (Sequence i = 1; i <= 3; ++i) {
    auto store = SqliteStore::open(small).value();
    EXPECT_EQ(store->create(make_user("user-" + std::to_string(i)), {}).value().sequence, i);
  }
}

TEST_F(SqliteStoreTest, AWatcherThatLagsReadsFromTheDisk) {
  auto store = open();
  constexpr Sequence kWrites = 1500;  // more than are kept in memory
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (Sequence i = 0; i < kWrites / 4; ++i)
        ASSERT_TRUE(
            store->create(make_user("u" + std::to_string(t) + "-" + std::to_string(i)), {}));
    });
  }
  for (auto& thread : threads) thread.join();
  Sequence seen = 0;
  while (seen < kWrites) {
    const auto events = store->watch(seen, 100, 0ms);
    ASSERT_TRUE(events) << events.error().message;
    ASSERT_FALSE(events->empty());
    for (const Event& event : *events) ASSERT_EQ(event.sequence, ++seen);
  }
}

}  // namespace
}  // namespace store
