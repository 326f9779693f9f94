#include "cli/session_store.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <sstream>
#include <thread>

namespace cli {
namespace {

using namespace std::chrono_literals;
using google::protobuf::Timestamp;

constexpr auto kMaxWait = 30s;
constexpr std::uintmax_t kMaxFileBytes = 16u << 20;

base::Result<void> failed(std::string_view what, const std::filesystem::path& path) {
  return base::fail(base::Code::kInternal, "state_file",
                    fmt::format("cannot {} {}: {}", what, path.string(), std::strerror(errno)));
}

// Writes all bytes to a new file that only its owner can read, and to the disk.
base::Result<void> write_new(const std::filesystem::path& path, std::string_view bytes) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return failed("create", path);
  bool good = true;
  while (good && !bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written > 0) bytes.remove_prefix(static_cast<std::size_t>(written));
    good = written > 0 || (written < 0 && errno == EINTR);
  }
  good = good && fsync(fd) == 0;
  const int error = errno;
  ::close(fd);
  errno = error;
  if (!good) return failed("write", path);
  return {};
}

}  // namespace

bool StoredSession::is_usable(base::WallTime now) const {
  return !token.accesstoken().empty() &&
         now < set_at + std::chrono::seconds(token.refreshtokenexpiresin());
}

bool StoredSession::is_stale(base::WallTime now) const {
  const std::chrono::seconds lifetime(token.expiresin());
  if (lifetime == 0s) return false;
  const std::chrono::seconds margin = lifetime < 1h ? 600s : lifetime / 2;
  return now > set_at + lifetime - margin;
}

SessionStore::Lock::~Lock() {
  if (fd_ >= 0) ::close(fd_);
}

base::Result<std::unique_ptr<SessionStore>> SessionStore::open(const std::filesystem::path& home) {
  if (!home.empty() && !std::filesystem::exists(home)) {
    std::error_code error;
    if (home.has_parent_path()) std::filesystem::create_directories(home.parent_path(), error);
    if (::mkdir(home.c_str(), 0700) != 0 && errno != EEXIST) {
      return std::unexpected(failed("create", home).error());
    }
  }
  return std::unique_ptr<SessionStore>(new SessionStore(home));
}

base::Result<SessionStore::Lock> SessionStore::lock() {
  if (home_.empty()) return Lock(-1);
  const std::filesystem::path path = home_ / "octelium.db.lock";
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return std::unexpected(failed("open", path).error());
  Lock lock(fd);
  for (auto waited = 0ms; flock(fd, LOCK_EX | LOCK_NB) != 0; waited += 20ms) {
    if (errno != EWOULDBLOCK && errno != EINTR)
      return std::unexpected(failed("lock", path).error());
    if (waited >= kMaxWait) {
      return base::fail(base::Code::kUnavailable, "state_locked",
                        fmt::format("another program has held {} for {} seconds", path.string(),
                                    kMaxWait.count()));
    }
    std::this_thread::sleep_for(20ms);
  }
  return lock;
}

base::Result<clientv1::State> SessionStore::read() const {
  if (home_.empty()) return memory_;
  const std::filesystem::path path = home_ / "octelium.db";
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  if (error == std::errc::no_such_file_or_directory) return clientv1::State();
  std::ifstream file(path, std::ios::binary);
  std::stringstream bytes;
  clientv1::State state;
  if (error || size > kMaxFileBytes || (size > 0 && !(bytes << file.rdbuf())) ||
      !state.ParseFromString(bytes.str())) {
    return base::fail(base::Code::kDataLoss, "state_damaged",
                      fmt::format("{} cannot be read; remove it and log in again", path.string()));
  }
  return state;
}

base::Result<void> SessionStore::write(const clientv1::State& state) {
  if (home_.empty()) {
    memory_ = state;
    return {};
  }
  const std::filesystem::path path = home_ / "octelium.db";
  const std::filesystem::path fresh = home_ / fmt::format("octelium.db.{}", getpid());
  std::error_code ignored;
  std::filesystem::remove(fresh, ignored);
  BASE_TRY(write_new(fresh, state.SerializeAsString()));
  if (::rename(fresh.c_str(), path.c_str()) != 0) return failed("replace", path);
  return {};
}

base::Result<std::optional<StoredSession>> SessionStore::load(const std::string& domain) {
  BASE_ASSIGN(const clientv1::State state, read());
  const auto found = state.domainmap().find(domain);
  if (found == state.domainmap().end()) return std::nullopt;
  const Timestamp& set_at = found->second.sessiontokensetat();
  return StoredSession{found->second.sessiontoken(),
                       base::WallTime(std::chrono::seconds(set_at.seconds()) +
                                      std::chrono::nanoseconds(set_at.nanos()))};
}

base::Result<void> SessionStore::save(const std::string& domain, const StoredSession& session) {
  BASE_ASSIGN(clientv1::State state, read());
  clientv1::State::Domain& entry = (*state.mutable_domainmap())[domain];
  *entry.mutable_sessiontoken() = session.token;
  const auto nanoseconds = session.set_at.time_since_epoch().count();
  entry.mutable_sessiontokensetat()->set_seconds(nanoseconds / 1'000'000'000);
  entry.mutable_sessiontokensetat()->set_nanos(static_cast<int>(nanoseconds % 1'000'000'000));
  return write(state);
}

base::Result<void> SessionStore::erase(const std::string& domain) {
  BASE_ASSIGN(clientv1::State state, read());
  if (state.mutable_domainmap()->erase(domain) == 0) return {};
  return write(state);
}

}  // namespace cli
