#include "cli/signed_in.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <thread>

#include "cli/fake_cluster.h"
#include "corev1.pb.h"

namespace cli {
namespace {

namespace corev1 = resource::corev1;
using namespace std::chrono_literals;

std::filesystem::path fresh_directory() {
  std::string pattern = ::testing::TempDir() + "/cliXXXXXX";
  return std::filesystem::path(mkdtemp(pattern.data())) / "state";
}

class SignedInTest : public ::testing::Test {
 protected:
  SignedInTest() {
    settings.domain = "example.com";
    settings.home = fresh_directory();
    settings.authentication_token = base::Secret("AUTH");
    cluster.add("kind: User\nmetadata: {name: alice}");
  }

  // One command of a program that begins now.
  base::Result<void> run() {
    auto store = SessionStore::open(settings.home);
    EXPECT_TRUE(store);
    SignedIn signed_in(cluster, **store, settings, clock);
    corev1::User user;
    resource::metav1::GetOptions options;
    options.set_name("alice");
    return signed_in.call({.method = "GetUser", .metadata = {}}, options, user);
  }

  FakeCluster cluster;
  Settings settings;
  base::FakeClock clock;
};

TEST_F(SignedInTest, LogsInOnceAndKeepsTheSession) {
  EXPECT_TRUE(run());
  EXPECT_TRUE(run());
  EXPECT_EQ(cluster.logins, 1);
  struct stat info{};
  ASSERT_EQ(stat((settings.home / "octelium.db").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777u, 0600u);
  ASSERT_EQ(stat(settings.home.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777u, 0700u);
}

TEST_F(SignedInTest, RefreshesAfterHalfTheLifetime) {
  EXPECT_TRUE(run());
  clock.advance(2h - 1s);
  EXPECT_TRUE(run());
  EXPECT_EQ(cluster.refreshes, 0);
  clock.advance(2s);
  EXPECT_TRUE(run());
  EXPECT_EQ(cluster.refreshes, 1);
  EXPECT_EQ(cluster.logins, 1);
}

TEST_F(SignedInTest, RefreshesWhenTheAccessTokenIsRefused) {
  EXPECT_TRUE(run());
  cluster.valid_token = "another";
  EXPECT_TRUE(run());
  EXPECT_EQ(cluster.refreshes, 1);
}

TEST_F(SignedInTest, LogsInAgainWhenTheSessionIsGone) {
  EXPECT_TRUE(run());
  cluster.valid_token = "another";
  cluster.errors["AuthenticateWithRefreshToken"] =
      server_error(base::Code::kUnauthenticated, "Unauthenticated User");
  EXPECT_TRUE(run());
  EXPECT_EQ(cluster.logins, 2);
}

TEST_F(SignedInTest, LogsInAgainAfterTheRefreshTokenEnded) {
  EXPECT_TRUE(run());
  clock.advance(24h * 15);
  EXPECT_TRUE(run());
  EXPECT_EQ(cluster.refreshes, 0);
  EXPECT_EQ(cluster.logins, 2);
}

TEST_F(SignedInTest, KeepsTheTokenWhenRefreshedTooOften) {
  EXPECT_TRUE(run());
  clock.advance(3h);
  cluster.errors["AuthenticateWithRefreshToken"] =
      server_error(base::Code::kAlreadyExists, "later");
  EXPECT_TRUE(run());
  EXPECT_EQ(cluster.logins, 1);
}

TEST_F(SignedInTest, SaysWhatToDoWithoutASession) {
  settings.authentication_token = base::Secret();
  const auto result = run();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().message,
            "not logged in to example.com: set OCTELIUM_AUTH_TOKEN or run \"octelium login "
            "--auth-token TOKEN\"");
}

TEST_F(SignedInTest, AFixedAccessTokenIsUsedAsItIs) {
  settings.access_token = base::Secret("FIXED");
  cluster.valid_token = "FIXED";
  EXPECT_TRUE(run());
  cluster.valid_token = "another";
  EXPECT_FALSE(run());
  EXPECT_EQ(cluster.logins + cluster.refreshes, 0);
}

TEST_F(SignedInTest, ErrorsOfTheCallItselfAreNotAnswered) {
  cluster.errors["GetUser"] = server_error(base::Code::kPermissionDenied, "Octelium: Unauthorized");
  const auto result = run();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, base::Code::kPermissionDenied);
  EXPECT_EQ(cluster.logins, 1);
}

TEST_F(SignedInTest, LogoutForgetsTheSessionEvenWithoutTheServer) {
  auto store = SessionStore::open(settings.home);
  ASSERT_TRUE(store);
  SignedIn signed_in(cluster, **store, settings, clock);
  EXPECT_TRUE(signed_in.logout());
  ASSERT_TRUE(signed_in.login({}, {}));
  cluster.errors["Logout"] = server_error(base::Code::kUnavailable, "gone");
  EXPECT_FALSE(signed_in.logout());
  EXPECT_FALSE(*(*store)->load(settings.domain));
  EXPECT_EQ(signed_in.login({}, {}), SignedIn::Login::kNew);
  EXPECT_EQ(signed_in.login(base::Secret("OTHER"), {}), SignedIn::Login::kAlready);
}

TEST_F(SignedInTest, InMemoryNothingReachesTheDisk) {
  settings.home.clear();
  EXPECT_TRUE(run());
  EXPECT_TRUE(run());
  EXPECT_EQ(cluster.logins, 2);
}

TEST(SessionStore, WritersDoNotLoseEachOthersDomains) {
  const auto home = fresh_directory();
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&home, i] {
      auto store = SessionStore::open(home);
      for (int j = 0; j < 10; ++j) {
        const auto lock = (*store)->lock();
        ASSERT_TRUE(lock);
        ASSERT_TRUE((*store)->save(std::to_string(i * 10 + j), {}));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  auto store = SessionStore::open(home);
  for (int i = 0; i < 80; ++i) EXPECT_TRUE(*(*store)->load(std::to_string(i))) << i;
}

TEST(SessionStore, ADamagedFileIsNotOverwritten) {
  const auto home = fresh_directory();
  auto store = SessionStore::open(home);
  ASSERT_TRUE(store);
  ASSERT_TRUE((*store)->save("a", {}));
  std::filesystem::resize_file(home / "octelium.db", 1);
  EXPECT_FALSE((*store)->load("a"));
  EXPECT_FALSE((*store)->save("b", {}));
}

}  // namespace
}  // namespace cli
