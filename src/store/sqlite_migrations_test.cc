#include "store/sqlite_migrations.h"

#include "store/contract_test.h"
#include "store/sqlite_testkit_test.h"

namespace store {
namespace {

class Migrations : public testing::Test {
 protected:
  SqliteConnection open() const {
    return SqliteConnection::open(folder_.path() / "store.db", SqliteConnection::Access::kReadWrite)
        .value();
  }

  TemporaryFolder folder_;
};

TEST_F(Migrations, RunOnceAndInOrder) {
  const SqliteMigration steps[] = {
      {1, "CREATE TABLE a (x); INSERT INTO a VALUES (1)"},
      {2, "INSERT INTO a SELECT x + 1 FROM a"},
  };
  auto db = open();
  ASSERT_TRUE(migrate(db, std::span(steps, 1)));
  EXPECT_EQ(db.query_number("SELECT sum(x) FROM a").value(), 1);
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(migrate(db, steps));
    EXPECT_EQ(db.query_number("SELECT sum(x) FROM a").value(), 3);
    EXPECT_EQ(db.query_number("PRAGMA user_version").value(), 2);
  }
}

TEST_F(Migrations, AFailingStepLeavesTheLayoutBeforeIt) {
  const SqliteMigration steps[] = {
      {1, "CREATE TABLE a (x)"},
      {2, "INSERT INTO a VALUES (1); INSERT INTO nowhere VALUES (1)"},
  };
  auto db = open();
  const auto migrated = migrate(db, steps);
  ASSERT_FALSE(migrated);
  EXPECT_NE(migrated.error().message.find("changing the database to layout 2"), std::string::npos)
      << migrated.error().message;
  EXPECT_EQ(db.query_number("PRAGMA user_version").value(), 1);
  EXPECT_EQ(db.query_number("SELECT count(*) FROM a").value(), 0);
  EXPECT_FALSE(db.is_in_transaction());
}

TEST_F(Migrations, ANewerDatabaseIsRefused) {
  auto db = open();
  ASSERT_TRUE(db.execute("PRAGMA user_version = 99"));
  const auto migrated = migrate(db, sqlite_migrations());
  ASSERT_FALSE(migrated);
  EXPECT_EQ(migrated.error().code, base::Code::kFailedPrecondition);
  EXPECT_NE(migrated.error().message.find("newer version"), std::string::npos);
}

TEST_F(Migrations, AreNumberedWithoutGaps) {
  int expected = 0;
  for (const auto& step : sqlite_migrations()) EXPECT_EQ(step.to_version, ++expected);
}

}  // namespace
}  // namespace store
