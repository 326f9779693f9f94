#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "authv1.pb.h"
#include "base/clock.h"
#include "base/result.h"
#include "clientv1.pb.h"

namespace cli {

namespace authv1 = octelium::api::main::auth::v1;
namespace clientv1 = octelium::api::client::config::v1;

// Tokens of a Session and when they were issued.
struct StoredSession {
  authv1::SessionToken token;
  base::WallTime set_at;

  // The refresh token can still be used.
  bool is_usable(base::WallTime now) const;
  // The access token has lived long enough to be replaced before it is used again.
  bool is_stale(base::WallTime now) const;
};

// The Sessions of this user, one for each domain, in `<home>/octelium.db`. Several programs may
// share it: whoever changes it holds the lock from reading to writing. With an empty home
// everything is kept in memory.
class SessionStore {
 public:
  // Held by one program at a time; released when it goes.
  class Lock {
   public:
    explicit Lock(int fd) : fd_(fd) {}
    Lock(Lock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Lock& operator=(Lock&&) = delete;
    ~Lock();

   private:
    int fd_;
  };

  // Makes the directory, for its owner only, when it is missing.
  static base::Result<std::unique_ptr<SessionStore>> open(const std::filesystem::path& home);

  // Waits a bounded time for another program.
  base::Result<Lock> lock();

  base::Result<std::optional<StoredSession>> load(const std::string& domain);
  // Both take effect completely or not at all. Only under the lock.
  base::Result<void> save(const std::string& domain, const StoredSession& session);
  base::Result<void> erase(const std::string& domain);

 private:
  explicit SessionStore(std::filesystem::path home) : home_(std::move(home)) {}

  base::Result<clientv1::State> read() const;
  base::Result<void> write(const clientv1::State& state);

  std::filesystem::path home_;
  clientv1::State memory_;
};

}  // namespace cli
