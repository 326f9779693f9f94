#include "store/first_start.h"

#include "resource/builtin.h"
#include "store/contract_test.h"
#include "store/sqlite_store.h"
#include "store/sqlite_testkit_test.h"

namespace store {
namespace {

using resource::metadata_of;

class FirstStart : public testing::Test {
 protected:
  void start(std::string_view domain = "example.com") {
    const auto created = create_builtin_objects(*store_, domain, clock_.now());
    ASSERT_TRUE(created) << created.error().message;
  }

  TemporaryFolder folder_;
  base::FakeClock clock_;
  std::unique_ptr<SqliteStore> store_ =
      SqliteStore::open(options_in(folder_.path(), clock_)).value();
};

TEST_F(FirstStart, MakesEveryBuiltinObject) {
  start();
  for (const auto& object : resource::builtin_objects("example.com", clock_.now())) {
    const auto kind = resource::kind_of(*object);
    EXPECT_TRUE(store_->get(kind, metadata_of(*object).name()))
        << resource::kind_name(kind) << " " << metadata_of(*object).name();
  }
  const auto root = store_->get(Kind::kUser, "root").value();
  const auto credential = store_->get(Kind::kCredential, "root-init").value();
  EXPECT_EQ(static_cast<const resource::corev1::Credential&>(*credential).status().userref().uid(),
            metadata_of(*root).uid());
}

TEST_F(FirstStart, RunsTwiceWithoutAWrite) {
  start();
  const auto newest = store_->newest().value();
  start();
  EXPECT_EQ(store_->newest().value(), newest);
}

TEST_F(FirstStart, LeavesToUsersWhatIsTheirs) {
  start();
  const auto policy = store_->get(Kind::kPolicy, "deny-all").value();
  ASSERT_TRUE(store_->remove(Kind::kPolicy, metadata_of(*policy).uid()));
  const auto root = store_->get(Kind::kUser, "root").value();
  auto changed = copy_as<resource::corev1::User>(root);
  changed->mutable_metadata()->set_description("mine");
  ASSERT_TRUE(store_->update(std::move(changed), metadata_of(*root).resourceversion(), {}));
  start();
  EXPECT_FALSE(store_->get(Kind::kPolicy, "deny-all"));
  EXPECT_EQ(metadata_of(*store_->get(Kind::kUser, "root").value()).description(), "mine");
}

TEST_F(FirstStart, RestoresWhatIsTheClustersAndKeepsTheConfiguration) {
  start();
  const auto space = store_->get(Kind::kNamespace, "octelium-api").value();
  auto changed = copy_as<resource::corev1::Namespace>(space);
  changed->mutable_metadata()->set_displayname("changed by an older version");
  ASSERT_TRUE(store_->update(std::move(changed), metadata_of(*space).resourceversion(), {}));
  const auto config = store_->get(Kind::kClusterConfig, "default").value();
  auto configured = copy_as<resource::corev1::ClusterConfig>(config);
  configured->mutable_spec()->mutable_session()->mutable_human()->set_maxperuser(3);
  ASSERT_TRUE(store_->update(std::move(configured), metadata_of(*config).resourceversion(), {}));

  start("other.example.com");
  const auto restored = store_->get(Kind::kNamespace, "octelium-api").value();
  EXPECT_EQ(metadata_of(*restored).displayname(), metadata_of(*space).displayname());
  EXPECT_EQ(metadata_of(*restored).uid(), metadata_of(*space).uid());
  const auto kept = copy_as<resource::corev1::ClusterConfig>(
      store_->get(Kind::kClusterConfig, "default").value());
  EXPECT_EQ(kept->spec().session().human().maxperuser(), 3u);
  EXPECT_EQ(kept->status().domain(), "other.example.com");
}

TEST_F(FirstStart, ACrashInTheMiddleIsMadeUpFor) {
  // What a first start had made when the power went: everything but its end.
  start();
  for (const Kind kind : {Kind::kClusterConfig, Kind::kPolicy, Kind::kCredential}) {
    for (const auto& item : store_->list(kind, {}).value().items)
      ASSERT_TRUE(store_->remove(kind, metadata_of(*item).uid()));
  }
  start();
  EXPECT_TRUE(store_->get(Kind::kPolicy, "allow-all"));
  EXPECT_TRUE(store_->get(Kind::kCredential, "root-init"));
  EXPECT_TRUE(store_->get(Kind::kClusterConfig, "default"));
}

}  // namespace
}  // namespace store
