#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <thread>

#include "identity/authenticator.h"
#include "identity/bootstrap.h"
#include "identity/record.h"
#include "identity/token_cache.h"
#include "store/sqlite_store.h"

namespace identity {
namespace {

// What main wires up, on a real database: a thread that follows the store into the table, and flows
// that wait for it.
class Node {
 public:
  explicit Node(const std::filesystem::path& folder)
      : store_(*store::SqliteStore::open({.file = folder / "store.db",
                                          .master_key_file = folder / "master.key",
                                          .clock = &clock_})),
        keys_(*SigningKeys::open(*store_, clock_)) {
    if (!store_->get(store::Kind::kUser, "root")) make_root();
    applied_ = *table_.load(*store_);
    follower_ = std::thread([this] { follow(); });
  }
  ~Node() {
    stop_ = true;
    follower_.join();
  }

  void wait_applied(store::Sequence sequence) {
    std::unique_lock lock(mutex_);
    progress_.wait(lock, [&] { return applied_ >= sequence; });
  }

 private:
  void make_root() {
    auto user = std::make_unique<corev1::User>();
    user->mutable_metadata()->set_name("root");
    user->mutable_spec()->set_type(corev1::User::Spec::WORKLOAD);
    const auto root = store_->create(std::move(user), {});
    ASSERT_TRUE(root);
    auto credential = std::make_unique<corev1::Credential>();
    credential->mutable_metadata()->set_name(std::string(kRootCredential));
    credential->mutable_spec()->set_type(corev1::Credential::Spec::AUTH_TOKEN);
    credential->mutable_spec()->set_user("root");
    credential->mutable_spec()->set_sessiontype(corev1::Session::Status::CLIENT);
    *credential->mutable_status()->mutable_userref() = reference_to(*root->resource);
    ASSERT_TRUE(store_->create(std::move(credential), {}));
  }

  void follow() {
    while (!stop_) {
      const auto events = store_->watch(applied_, 100, std::chrono::milliseconds(20));
      ASSERT_TRUE(events);
      for (const auto& event : *events) {
        table_.apply(event);
        const std::scoped_lock lock(mutex_);
        applied_ = event.sequence;
      }
      progress_.notify_all();
    }
  }

  base::SystemClock clock_;
  std::unique_ptr<store::SqliteStore> store_;
  std::unique_ptr<SigningKeys> keys_;
  SessionTable table_;
  std::mutex mutex_;
  std::condition_variable progress_;
  store::Sequence applied_ = 0;
  std::atomic<bool> stop_{false};
  std::thread follower_;

 public:
  Authenticator authenticator{{*store_, table_, *keys_, clock_,
                               [this](store::Sequence sequence) { wait_applied(sequence); }}};
  SigningKeys& keys() { return *keys_; }
  SessionTable& table() { return table_; }
  std::int64_t now() const { return base::to_seconds(clock_.now()); }
};

class DurableFlow : public testing::Test {
 protected:
  DurableFlow() {
    std::string pattern = testing::TempDir() + "identityXXXXXX";
    folder_ = mkdtemp(pattern.data());
  }
  ~DurableFlow() override { std::filesystem::remove_all(folder_); }

  std::string root_token() const {
    std::string token(kTokenChars, '\0');
    FILE* file = std::fopen((folder_ / "root-token").c_str(), "r");
    EXPECT_EQ(std::fread(token.data(), 1, token.size(), file), token.size());
    std::fclose(file);
    return token;
  }

  std::filesystem::path folder_;
};

TEST_F(DurableFlow, RootLogsInAndItsSessionSurvivesARestart) {
  base::Secret access;
  base::Secret refresh;
  std::string token;
  {
    Node node(folder_);
    ASSERT_EQ(ensure_root_token(node.authenticator, node.keys(), folder_ / "root-token"),
              RootToken::kIssued);
    token = root_token();
    const auto tokens = node.authenticator.authenticate_with_token({token, {}, {}}, {});
    ASSERT_TRUE(tokens) << tokens.error().reason;
    TokenCache cache(node.table(), node.keys());
    EXPECT_EQ(cache.identify(tokens->access_token.reveal(), node.now()).status, TokenStatus::kGood);
    access = tokens->access_token;
    refresh = tokens->refresh_token;
  }
  Node node(folder_);
  EXPECT_EQ(ensure_root_token(node.authenticator, node.keys(), folder_ / "root-token"),
            RootToken::kKept);
  TokenCache cache(node.table(), node.keys());
  const auto found = cache.identify(access.reveal(), node.now());
  ASSERT_EQ(found.status, TokenStatus::kGood);
  EXPECT_EQ(found.session->user->metadata().name(), "root");
  EXPECT_EQ(found.session->type, corev1::Session::Status::CLIENT);

  const auto renewed = node.authenticator.refresh(refresh.reveal(), {});
  ASSERT_TRUE(renewed) << renewed.error().reason;
  EXPECT_EQ(cache.identify(access.reveal(), node.now()).status, TokenStatus::kReplaced);
  EXPECT_EQ(cache.identify(renewed->access_token.reveal(), node.now()).status, TokenStatus::kGood);
  ASSERT_TRUE(node.authenticator.logout(renewed->refresh_token.reveal(), {}));
  EXPECT_EQ(cache.identify(renewed->access_token.reveal(), node.now()).status,
            TokenStatus::kUnknownSession);
  EXPECT_TRUE(node.authenticator.authenticate_with_token({token, {}, {}}, {}));
}

TEST_F(DurableFlow, EveryLoginOfManyAtOnceIsGoodOnEveryWorkerWhenItReturns) {
  Node node(folder_);
  ASSERT_TRUE(ensure_root_token(node.authenticator, node.keys(), folder_ / "root-token"));
  const std::string token = root_token();
  std::vector<std::thread> clients;
  std::atomic<int> good{0};
  for (int i = 0; i < 4; ++i)
    clients.emplace_back([&] {
      TokenCache worker(node.table(), node.keys(), 64);
      for (int j = 0; j < 5; ++j) {
        const auto tokens = node.authenticator.authenticate_with_token({token, {}, {}}, {});
        if (tokens &&
            worker.identify(tokens->access_token.reveal(), node.now()).status == TokenStatus::kGood)
          ++good;
      }
    });
  for (auto& client : clients) client.join();
  EXPECT_EQ(good, 20);
}

}  // namespace
}  // namespace identity
