#include "store/contract_test.h"

#include <google/protobuf/util/message_differencer.h>

#include <algorithm>
#include <atomic>
#include <set>
#include <thread>

#include "base/random.h"

namespace store {

std::unique_ptr<resource::corev1::User> make_user(std::string_view name) {
  auto user = std::make_unique<resource::corev1::User>();
  user->mutable_metadata()->set_name(std::string(name));
  user->mutable_spec()->set_type(resource::corev1::User::Spec::HUMAN);
  return user;
}

std::unique_ptr<resource::corev1::Secret> make_secret(std::string_view name,
                                                      std::string_view value) {
  auto secret = std::make_unique<resource::corev1::Secret>();
  secret->mutable_metadata()->set_name(std::string(name));
  secret->mutable_spec();
  secret->mutable_data()->set_value(std::string(value));
  return secret;
}

namespace {

using namespace std::chrono_literals;
using google::protobuf::util::MessageDifferencer;
using resource::metadata_of;
using resource::corev1::Secret;
using resource::corev1::User;

const Actor kNobody;

std::vector<std::string> names_of(const Page& page) {
  std::vector<std::string> names;
  for (const auto& item : page.items) names.push_back(metadata_of(*item).name());
  return names;
}

TEST_P(StoreContract, CreateSetsTheBookkeeping) {
  auto user = make_user("alice");
  user->mutable_metadata()->set_uid("something else");
  user->mutable_metadata()->set_lastresourceversion("x");
  resource::metav1::ObjectReference session;
  session.set_name("root-abc");
  const auto written =
      store().create(std::move(user), {.session = session, .operation = "a.b/CreateUser"});
  ASSERT_TRUE(written) << written.error().message;
  const auto& alice = static_cast<const User&>(*written->resource);
  EXPECT_EQ(alice.apiversion(), "core/v1");
  EXPECT_EQ(alice.kind(), "User");
  EXPECT_TRUE(base::is_uuid_v4(alice.metadata().uid()));
  EXPECT_EQ(alice.metadata().createdat().seconds(), base::to_seconds(under_test_->clock().now()));
  EXPECT_EQ(alice.metadata().resourceversion().size(), 36u);
  EXPECT_EQ(alice.metadata().resourceversion()[14], '7');
  EXPECT_TRUE(alice.metadata().lastresourceversion().empty());
  EXPECT_FALSE(alice.metadata().has_updatedat());
  EXPECT_EQ(alice.metadata().actorref().name(), "root-abc");
  EXPECT_EQ(alice.metadata().actoroperation(), "a.b/CreateUser");
  EXPECT_EQ(written->sequence, 1u);

  EXPECT_EQ(store().get(Kind::kUser, "alice").value(), written->resource);
  EXPECT_EQ(store().get_by_uid(Kind::kUser, alice.metadata().uid()).value(), written->resource);
}

TEST_P(StoreContract, NamesAreUniquePerKind) {
  ASSERT_TRUE(store().create(make_secret("db", "x"), kNobody));
  ASSERT_TRUE(store().create(make_user("db"), kNobody));
  const auto again = store().create(make_secret("db", "y"), kNobody);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, base::Code::kAlreadyExists);
  EXPECT_EQ(again.error().message, "The Secret db already exists");
  EXPECT_EQ(store().newest().value(), 2u);
}

TEST_P(StoreContract, SaysWhatDoesNotExist) {
  const auto missing = store().get(Kind::kUser, "nope");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, base::Code::kNotFound);
  EXPECT_EQ(missing.error().message, "core.v1.User nope does not exist");
  EXPECT_EQ(store().get_by_uid(Kind::kUser, "u").error().code, base::Code::kNotFound);
  EXPECT_EQ(store().remove(Kind::kUser, "u").error().code, base::Code::kNotFound);
  EXPECT_EQ(store().update(make_user("nope"), "v", kNobody).error().code, base::Code::kNotFound);
}

TEST_P(StoreContract, AnUpdateKeepsIdentityAndRemembersTheVersionBefore) {
  const auto before = store().create(make_user("alice"), kNobody).value().resource;
  under_test_->clock().advance(10s);
  auto changed = copy_as<User>(before);
  changed->mutable_spec()->set_email("alice@example.com");
  (*changed->mutable_metadata()->mutable_labels())["team"] = "blue";
  changed->mutable_metadata()->clear_createdat();
  const auto written =
      store().update(std::move(changed), metadata_of(*before).resourceversion(), kNobody);
  ASSERT_TRUE(written) << written.error().message;

  const auto& after = static_cast<const User&>(*written->resource);
  EXPECT_EQ(after.spec().email(), "alice@example.com");
  EXPECT_EQ(after.metadata().labels().at("team"), "blue");
  EXPECT_EQ(after.metadata().uid(), metadata_of(*before).uid());
  EXPECT_EQ(after.metadata().lastresourceversion(), metadata_of(*before).resourceversion());
  EXPECT_NE(after.metadata().resourceversion(), metadata_of(*before).resourceversion());
  EXPECT_EQ(after.metadata().createdat().seconds(), metadata_of(*before).createdat().seconds());
  EXPECT_EQ(after.metadata().updatedat().seconds(), after.metadata().createdat().seconds() + 10);
  EXPECT_EQ(static_cast<const User&>(*before).spec().email(), "") << "a reader's copy changed";
}

TEST_P(StoreContract, AnUpdateThatChangesNothingWritesNothing) {
  const auto before = store().create(make_secret("db", "x"), kNobody).value().resource;
  auto same = copy_as<Secret>(before);
  same->clear_kind();
  same->mutable_metadata()->set_actoroperation("other");
  same->mutable_metadata()->mutable_updatedat()->set_seconds(5);
  const auto written =
      store().update(std::move(same), metadata_of(*before).resourceversion(), kNobody);
  ASSERT_TRUE(written);
  EXPECT_EQ(written->resource, before);
  EXPECT_EQ(written->sequence, 1u);
  EXPECT_EQ(store().newest().value(), 1u);
}

TEST_P(StoreContract, AnUpdateOfAnOlderVersionLoses) {
  const auto before = store().create(make_user("alice"), kNobody).value().resource;
  auto first = copy_as<User>(before);
  first->mutable_spec()->set_isdisabled(true);
  ASSERT_TRUE(store().update(std::move(first), metadata_of(*before).resourceversion(), kNobody));
  const auto late =
      store().update(copy_as<User>(before), metadata_of(*before).resourceversion(), kNobody);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, base::Code::kOutOfRange);
  EXPECT_TRUE(
      static_cast<const User&>(*store().get(Kind::kUser, "alice").value()).spec().isdisabled());
}

TEST_P(StoreContract, NothingIsRenamed) {
  const auto before = store().create(make_user("alice"), kNobody).value().resource;
  auto renamed = copy_as<User>(before);
  renamed->mutable_metadata()->set_name("bob");
  EXPECT_EQ(store()
                .update(std::move(renamed), metadata_of(*before).resourceversion(), kNobody)
                .error()
                .code,
            base::Code::kInvalidArgument);
}

TEST_P(StoreContract, ARemovedNameIsFree) {
  const auto first = store().create(make_user("alice"), kNobody).value().resource;
  EXPECT_EQ(store().remove(Kind::kSecret, metadata_of(*first).uid()).error().code,
            base::Code::kNotFound);
  EXPECT_EQ(store().remove(Kind::kUser, metadata_of(*first).uid()).value(), 2u);
  EXPECT_FALSE(store().get(Kind::kUser, "alice"));
  EXPECT_FALSE(store().get_by_uid(Kind::kUser, metadata_of(*first).uid()));
  const auto second = store().create(make_user("alice"), kNobody);
  ASSERT_TRUE(second);
  EXPECT_NE(metadata_of(*second->resource).uid(), metadata_of(*first).uid());
}

TEST_P(StoreContract, ListsInTheOrderAskedFor) {
  for (const char* name : {"cc", "aa", "bb"}) {
    ASSERT_TRUE(store().create(make_user(name), kNobody));
    under_test_->clock().advance(1s);
  }
  using Order = ListOptions::Order;
  const struct {
    Order order;
    bool descending;
    std::vector<std::string> expected;
  } cases[] = {
      {Order::kInsertion, false, {"cc", "aa", "bb"}}, {Order::kInsertion, true, {"bb", "aa", "cc"}},
      {Order::kName, false, {"aa", "bb", "cc"}},      {Order::kName, true, {"cc", "bb", "aa"}},
      {Order::kCreatedAt, false, {"cc", "aa", "bb"}}, {Order::kCreatedAt, true, {"bb", "aa", "cc"}},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(
        names_of(store().list(Kind::kUser, {.order = c.order, .descending = c.descending}).value()),
        c.expected);
  }
}

TEST_P(StoreContract, ListsInPages) {
  for (int i = 0; i < 5; ++i)
    ASSERT_TRUE(store().create(make_user("user-" + std::to_string(i)), kNobody));
  const auto first = store().list(Kind::kUser, {.page = 0, .items_per_page = 2}).value();
  EXPECT_EQ(names_of(first), (std::vector<std::string>{"user-0", "user-1"}));
  EXPECT_EQ(first.total_count, 5u);
  EXPECT_TRUE(first.has_more);
  const auto last = store().list(Kind::kUser, {.page = 2, .items_per_page = 2}).value();
  EXPECT_EQ(names_of(last), (std::vector<std::string>{"user-4"}));
  EXPECT_FALSE(last.has_more);
  const auto beyond = store().list(Kind::kUser, {.page = 3, .items_per_page = 2}).value();
  EXPECT_TRUE(beyond.items.empty());
  EXPECT_EQ(beyond.total_count, 5u);
  EXPECT_FALSE(beyond.has_more);
  EXPECT_TRUE(store().list(Kind::kGroup, {}).value().items.empty());
}

TEST_P(StoreContract, ListsWhatTheFilterTakesAndHidesTheHidden) {
  auto hidden = make_user("hidden");
  hidden->mutable_metadata()->set_issystemhidden(true);
  ASSERT_TRUE(store().create(std::move(hidden), kNobody));
  ASSERT_TRUE(store().create(make_user("alice"), kNobody));
  ASSERT_TRUE(store().create(make_user("bob"), kNobody));
  EXPECT_EQ(names_of(store().list(Kind::kUser, {}).value()),
            (std::vector<std::string>{"alice", "bob"}));
  EXPECT_EQ(store().list(Kind::kUser, {.include_system_hidden = true}).value().total_count, 3u);
  const auto filtered =
      store().list(Kind::kUser, {.items_per_page = 1, .filter = [&](const auto& m) {
                                   return metadata_of(m).name() != "alice" &&
                                          store().get(Kind::kUser, "alice").has_value();
                                 }});
  EXPECT_EQ(names_of(*filtered), (std::vector<std::string>{"bob"}));
  EXPECT_EQ(filtered->total_count, 1u);
}

TEST_P(StoreContract, TheWatchTellsEveryChangeInOrder) {
  const auto created = store().create(make_user("alice"), kNobody).value().resource;
  auto changed = copy_as<User>(created);
  changed->mutable_spec()->set_isdisabled(true);
  const auto updated =
      store().update(std::move(changed), metadata_of(*created).resourceversion(), kNobody).value();
  ASSERT_TRUE(store().create(make_secret("db", "x"), kNobody));
  ASSERT_TRUE(store().remove(Kind::kUser, metadata_of(*created).uid()));

  const auto events = store().watch(0, 100, 0ms).value();
  ASSERT_EQ(events.size(), 4u);
  using Type = Event::Type;
  const struct {
    Type type;
    Kind kind;
    const Message* resource;
  } expected[] = {{Type::kCreated, Kind::kUser, created.get()},
                  {Type::kUpdated, Kind::kUser, updated.resource.get()},
                  {Type::kCreated, Kind::kSecret, nullptr},
                  {Type::kDeleted, Kind::kUser, updated.resource.get()}};
  for (std::size_t i = 0; i < events.size(); ++i) {
    EXPECT_EQ(events[i].sequence, i + 1);
    EXPECT_EQ(events[i].type, expected[i].type);
    EXPECT_EQ(events[i].kind, expected[i].kind);
    if (expected[i].resource != nullptr)
      EXPECT_TRUE(MessageDifferencer::Equals(*events[i].resource, *expected[i].resource));
  }
  EXPECT_EQ(static_cast<const Secret&>(*events[2].resource).data().value(), "x");
  EXPECT_EQ(store().watch(2, 1, 0ms).value().at(0).sequence, 3u);
  EXPECT_TRUE(store().watch(4, 100, 0ms).value().empty());
  EXPECT_EQ(store().watch(5, 100, 0ms).error().code, base::Code::kOutOfRange);
}

TEST_P(StoreContract, AWatcherIsWokenByAWrite) {
  std::thread writer([&] { ASSERT_TRUE(store().create(make_user("alice"), kNobody)); });
  const auto events = store().watch(0, 100, 60s);
  writer.join();
  ASSERT_TRUE(events);
  ASSERT_EQ(events->size(), 1u);
  EXPECT_TRUE(store().get(Kind::kUser, "alice"));
}

TEST_P(StoreContract, ConcurrentWritersShareOneOrder) {
  constexpr int kThreads = 8;
  constexpr int kWrites = 25;
  std::vector<std::vector<Sequence>> sequences(kThreads);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kWrites; ++i) {
        const auto name = "user-" + std::to_string(t) + "-" + std::to_string(i);
        const auto written = store().create(make_user(name), kNobody);
        ASSERT_TRUE(written) << written.error().message;
        // One refused write amid the others.
        EXPECT_FALSE(store().create(make_user(name), kNobody));
        EXPECT_TRUE(store().get(Kind::kUser, name)) << "own write not readable";
        sequences[static_cast<std::size_t>(t)].push_back(written->sequence);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  std::set<Sequence> all;
  for (const auto& mine : sequences) {
    EXPECT_TRUE(std::ranges::is_sorted(mine));
    all.insert(mine.begin(), mine.end());
  }
  EXPECT_EQ(all.size(), std::size_t{kThreads * kWrites});
  EXPECT_EQ(*all.rbegin(), Sequence{kThreads * kWrites});
  const auto events = store().watch(0, 10'000, 0ms).value();
  ASSERT_EQ(events.size(), all.size());
  for (std::size_t i = 0; i < events.size(); ++i) EXPECT_EQ(events[i].sequence, i + 1);
}

TEST_P(StoreContract, OfWritersThatReadTheSameVersionOneWins) {
  constexpr int kThreads = 8;
  constexpr int kRounds = 10;
  const auto created = store().create(make_user("alice"), kNobody).value().resource;
  for (int round = 0; round < kRounds; ++round) {
    const auto before = store().get(Kind::kUser, "alice").value();
    std::atomic<int> winners = 0;
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        auto mine = copy_as<User>(before);
        mine->mutable_metadata()->set_description(std::to_string(round) + "/" + std::to_string(t));
        const auto written =
            store().update(std::move(mine), metadata_of(*before).resourceversion(), kNobody);
        if (written) ++winners;
      });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(winners, 1);
  }
  EXPECT_EQ(store().newest().value(), Sequence{1 + kRounds});
}

TEST_P(StoreContract, ARestartKeepsEverything) {
  const auto alice = store().create(make_user("alice"), kNobody).value().resource;
  const auto bob = store().create(make_user("bob"), kNobody).value().resource;
  ASSERT_TRUE(store().create(make_secret("db", "hunter2"), kNobody));
  ASSERT_TRUE(store().remove(Kind::kUser, metadata_of(*alice).uid()));
  under_test_->restart();
  EXPECT_FALSE(store().get(Kind::kUser, "alice"));
  EXPECT_TRUE(MessageDifferencer::Equals(*store().get(Kind::kUser, "bob").value(), *bob));
  const auto db = store().get(Kind::kSecret, "db").value();
  EXPECT_EQ(static_cast<const Secret&>(*db).data().value(), "hunter2");
  EXPECT_EQ(store().newest().value(), 4u);
  EXPECT_EQ(store().create(make_user("carol"), kNobody).value().sequence, 5u);
  EXPECT_EQ(names_of(store().list(Kind::kUser, {}).value()),
            (std::vector<std::string>{"bob", "carol"}));
}

TEST_P(StoreContract, AWatchResumesAfterARestart) {
  const auto alice = store().create(make_user("alice"), kNobody).value().resource;
  ASSERT_TRUE(store().create(make_secret("db", "hunter2"), kNobody));
  ASSERT_TRUE(store().remove(Kind::kUser, metadata_of(*alice).uid()));
  const Sequence seen = store().watch(0, 1, 0ms).value().back().sequence;
  under_test_->restart();
  ASSERT_TRUE(store().create(make_user("bob"), kNobody));
  const auto events = store().watch(seen, 100, 0ms).value();
  ASSERT_EQ(events.size(), 3u);
  for (std::size_t i = 0; i < events.size(); ++i) EXPECT_EQ(events[i].sequence, seen + 1 + i);
  EXPECT_EQ(static_cast<const Secret&>(*events[0].resource).data().value(), "hunter2");
  EXPECT_EQ(events[1].type, Event::Type::kDeleted);
  EXPECT_TRUE(MessageDifferencer::Equals(*events[1].resource, *alice));
}

TEST_P(StoreContract, KeepsKeysByPurpose) {
  auto& keys = under_test_->keys();
  const auto now = under_test_->clock().now();
  const auto key = [&](const char* id, const char* purpose, std::chrono::seconds age,
                       const char* bytes) {
    return KeyRecord{id, purpose, now - age, base::Secret(bytes)};
  };
  ASSERT_TRUE(keys.put_key(key("new", "token-signing", 1s, "second")));
  ASSERT_TRUE(keys.put_key(key("old", "token-signing", 9s, "first")));
  ASSERT_TRUE(keys.put_key(key("new", "tls-ca", 1s, "third")));
  EXPECT_EQ(keys.put_key(key("new", "tls-ca", 1s, "fourth")).error().code,
            base::Code::kAlreadyExists);
  under_test_->restart();

  auto& again = under_test_->keys();
  const auto signing = again.get_keys("token-signing").value();
  ASSERT_EQ(signing.size(), 2u);
  EXPECT_EQ(signing[0].id, "old");
  EXPECT_EQ(signing[0].created_at, now - 9s);
  EXPECT_EQ(signing[0].bytes.reveal(), "first");
  EXPECT_EQ(signing[1].bytes.reveal(), "second");
  EXPECT_EQ(again.get_keys("tls-ca").value().at(0).bytes.reveal(), "third");
  ASSERT_TRUE(again.remove_key("token-signing", "old"));
  ASSERT_TRUE(again.remove_key("token-signing", "old"));
  EXPECT_EQ(again.get_keys("token-signing").value().size(), 1u);
  EXPECT_TRUE(again.get_keys("nothing").value().empty());
}

}  // namespace
}  // namespace store
