// What a failing disk and a killed process may and may not do.
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <map>
#include <set>
#include <thread>

#include "store/contract_test.h"
#include "store/sqlite_store.h"
#include "store/sqlite_testkit_test.h"

namespace store {
namespace {

using namespace std::chrono_literals;
using resource::metadata_of;

// Files may not grow beyond `bytes`: a disk that is full, at a byte of our choice.
class FullDisk {
 public:
  explicit FullDisk(std::uintmax_t bytes) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    before_handler_ = ::signal(SIGXFSZ, SIG_IGN);
    rlimit limit = before_;
    limit.rlim_cur = bytes;
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;
  ~FullDisk() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    ::signal(SIGXFSZ, before_handler_);
  }

 private:
  rlimit before_{};
  void (*before_handler_)(int) = nullptr;
};

TEST(SqliteFailure, AFullDiskFailsTheWriteAndKeepsTheRest) {
  const TemporaryFolder folder;
  const base::FakeClock clock;
  auto store = SqliteStore::open(options_in(folder.path(), clock)).value();
  std::set<std::string> acknowledged;
  int refused = 0;
  // The disk fills up at every half kilobyte of the journal that one write needs.
  for (int step = 0; step < 40; ++step) {
    const std::string name = "user-" + std::to_string(step);
    {
      const auto journal = std::filesystem::file_size(folder.path() / "store.db-wal");
      const FullDisk full(journal + static_cast<std::uintmax_t>(step) * 512);
      const auto written = store->create(make_user(name), {});
      if (written) {
        acknowledged.insert(name);
      } else {
        ++refused;
        EXPECT_EQ(written.error().code, base::Code::kUnavailable) << written.error().message;
        EXPECT_FALSE(store->get(Kind::kUser, name));
      }
    }
    const std::string after = "after-" + std::to_string(step);
    const auto written = store->create(make_user(after), {});
    ASSERT_TRUE(written) << "does not recover: " << written.error().message;
    acknowledged.insert(after);
  }
  EXPECT_GT(refused, 5);
  store.reset();
  store = SqliteStore::open(options_in(folder.path(), clock)).value();
  EXPECT_EQ(store->list(Kind::kUser, {}).value().total_count, acknowledged.size());
  for (const auto& name : acknowledged) EXPECT_TRUE(store->get(Kind::kUser, name)) << name;
  EXPECT_EQ(store->newest().value(), acknowledged.size());
}

// Runs in a process of its own that the next test kills: writes with several threads and tells
// every acknowledged write on standard output.
TEST(SqliteFailure, WriterProcess) {
  const char* const folder = ::getenv("STORE_TEST_WRITER_FOLDER");
  if (folder == nullptr) GTEST_SKIP() << "only as a child of the next test";
  const base::SystemClock clock;
  auto store = SqliteStore::open(options_in(folder, clock)).value();
  const std::string run = std::to_string(::getpid());
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0;; ++i) {
        const std::string name = "s-" + run + "-" + std::to_string(t) + "-" + std::to_string(i);
        auto written = store->create(make_secret(name, "value of " + name), {});
        if (!written) ::_exit(3);
        const std::string line = "=" + name + "\n";
        if (::write(STDOUT_FILENO, line.data(), line.size()) < 0) ::_exit(4);
      }
    });
  }
  for (auto& thread : threads) thread.join();
}

pid_t start_writer(const std::filesystem::path& folder, int output) {
  const std::string variable = "STORE_TEST_WRITER_FOLDER=" + folder.string();
  const pid_t child = ::fork();
  if (child != 0) return child;
  ::dup2(output, STDOUT_FILENO);
  ::putenv(const_cast<char*>(variable.c_str()));
  ::execl("/proc/self/exe", "store_test", "--gtest_filter=SqliteFailure.WriterProcess", nullptr);
  ::_exit(5);
}

// Reads acknowledgements until there are `enough`, kills the writer, and reads what is left.
std::set<std::string> acknowledged_until_killed(const std::filesystem::path& folder,
                                                std::size_t enough) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return {};
  const pid_t child = start_writer(folder, ends[1]);
  ::close(ends[1]);
  std::set<std::string> names;
  std::string text;
  char buffer[4096];
  bool is_killed = false;
  for (ssize_t count; (count = ::read(ends[0], buffer, sizeof buffer)) > 0;) {
    text.append(buffer, static_cast<std::size_t>(count));
    for (std::size_t end; (end = text.find('\n')) != std::string::npos; text.erase(0, end + 1))
      if (text[0] == '=') names.insert(text.substr(1, end - 1));
    if (names.size() >= enough && !is_killed) {
      ::kill(child, SIGKILL);
      is_killed = true;
    }
  }
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status)) << "the writer ended by itself: " << status;
  return names;
}

TEST(SqliteFailure, AKilledProcessLosesNoAcknowledgedWrite) {
  const TemporaryFolder folder;
  const base::SystemClock clock;
  std::set<std::string> acknowledged;
  Sequence seen = 0;
  for (const std::size_t enough : {1u, 40u, 150u, 300u}) {
    acknowledged.merge(acknowledged_until_killed(folder.path(), enough));
    auto opened = SqliteStore::open(options_in(folder.path(), clock));
    ASSERT_TRUE(opened) << opened.error().message;
    Store& store = **opened;
    for (const auto& name : acknowledged) {
      const auto found = store.get(Kind::kSecret, name);
      ASSERT_TRUE(found) << "lost: " << name;
      EXPECT_EQ(static_cast<const resource::corev1::Secret&>(**found).data().value(),
                "value of " + name);
    }
    // The watch goes on where it was, and tells exactly what there is.
    while (seen < store.newest().value()) {
      const auto events = store.watch(seen, 64, 0ms);
      ASSERT_TRUE(events) << events.error().message;
      for (const Event& event : *events) ASSERT_EQ(event.sequence, ++seen);
    }
    EXPECT_EQ(store.list(Kind::kSecret, {}).value().total_count, seen);
  }
}

}  // namespace
}  // namespace store
