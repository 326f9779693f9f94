#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <string_view>
#include <vector>

namespace identity {

// Slows down whoever keeps presenting bad credentials: each client address has a bucket of
// kBurst failures that refills by kPerSecond.
//
// Tokens cannot be guessed, so this protects processor time and logs, not secrets; it is generous
// and never looks at the Credential, since then anyone could lock anyone out. Memory is fixed: when
// more addresses fail than there is room for, the one that failed longest ago is forgotten.
// Loopback is never blocked, because a proxy on this machine speaks for everybody behind it.
// Safe to call from any thread.
class FailureThrottle {
 public:
  static constexpr std::uint32_t kBurst = 200;
  static constexpr std::uint32_t kPerSecond = 2;
  static constexpr std::size_t kDefaultSets = 1024;

  explicit FailureThrottle(std::size_t sets = kDefaultSets);

  // `now`: seconds since the epoch.
  bool is_blocked(std::string_view address, std::int64_t now);
  void failed(std::string_view address, std::int64_t now);
  // Gives back two failures: a client that tries HTTP Basic first and then the form is not to blame
  // for the first.
  void succeeded(std::string_view address, std::int64_t now);

 private:
  struct Bucket {
    std::uint64_t key = 0;  // 0: free
    std::int64_t at = 0;
    std::uint32_t failures = 0;
  };
  using Set = std::array<Bucket, 4>;

  std::uint64_t key_of(std::string_view address) const;
  Bucket* find(std::uint64_t key, std::int64_t now);
  Bucket& find_or_claim(std::uint64_t key, std::int64_t now);

  std::mutex mutex_;
  std::vector<Set> sets_;
  std::uint64_t seed_ = 0;
};

}  // namespace identity
