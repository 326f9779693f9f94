#include "identity/failure_throttle.h"

#include <arpa/inet.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <string>

#include "base/random.h"

namespace identity {
namespace {

bool is_loopback(std::string_view address) {
  return address.starts_with("127.") || address == "::1" || address.starts_with("::ffff:127.");
}

// One customer's IPv6 addresses share a /64, so that is what has a bucket.
std::string network_of(std::string_view address) {
  std::string text(address.substr(0, 64));
  in6_addr parsed{};
  if (text.find(':') == std::string::npos || text.starts_with("::ffff:") ||
      inet_pton(AF_INET6, text.c_str(), &parsed) != 1) {
    return text;
  }
  return {reinterpret_cast<const char*>(&parsed), 8};
}

}  // namespace

FailureThrottle::FailureThrottle(std::size_t sets) : sets_(std::bit_ceil(sets)) {
  base::random_bytes({reinterpret_cast<unsigned char*>(&seed_), sizeof seed_});
}

std::uint64_t FailureThrottle::key_of(std::string_view address) const {
  std::uint64_t key = seed_;
  for (const char c : network_of(address)) {
    key = (key ^ static_cast<unsigned char>(c)) * 0x9E3779B97F4A7C15u;
    key ^= key >> 29u;
  }
  return key == 0 ? 1 : key;
}

// The bucket of the key, with what has leaked out since it was last looked at.
FailureThrottle::Bucket* FailureThrottle::find(std::uint64_t key, std::int64_t now) {
  for (Bucket& bucket : sets_[key & (sets_.size() - 1)]) {
    if (bucket.key != key) continue;
    const auto passed = static_cast<std::uint64_t>(std::max<std::int64_t>(now - bucket.at, 0));
    const std::uint64_t leaked = passed * kPerSecond;
    bucket.failures =
        leaked >= bucket.failures ? 0 : bucket.failures - static_cast<std::uint32_t>(leaked);
    bucket.at = now;
    return &bucket;
  }
  return nullptr;
}

FailureThrottle::Bucket& FailureThrottle::find_or_claim(std::uint64_t key, std::int64_t now) {
  if (Bucket* bucket = find(key, now)) return *bucket;
  Set& set = sets_[key & (sets_.size() - 1)];
  // A free one has `at` 0 and so comes first.
  Bucket& oldest = *std::ranges::min_element(set, {}, &Bucket::at);
  oldest = {key, now, 0};
  return oldest;
}

bool FailureThrottle::is_blocked(std::string_view address, std::int64_t now) {
  if (is_loopback(address)) return false;
  const std::scoped_lock lock(mutex_);
  const Bucket* bucket = find(key_of(address), now);
  return bucket != nullptr && bucket->failures >= kBurst;
}

void FailureThrottle::failed(std::string_view address, std::int64_t now) {
  const std::scoped_lock lock(mutex_);
  Bucket& bucket = find_or_claim(key_of(address), now);
  bucket.failures = std::min(bucket.failures + 1, kBurst);
}

void FailureThrottle::succeeded(std::string_view address, std::int64_t now) {
  const std::scoped_lock lock(mutex_);
  if (Bucket* bucket = find(key_of(address), now))
    bucket->failures = bucket->failures > 2 ? bucket->failures - 2 : 0;
}

}  // namespace identity
