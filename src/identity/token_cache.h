#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "identity/live_session.h"
#include "identity/session_table.h"
#include "identity/signing_keys.h"
#include "identity/token.h"

namespace identity {

// What became of an access token. The order of checks is the order here.
enum class TokenStatus : std::uint8_t {
  kGood,
  kMalformed,           // not the layout of a token
  kBadSignature,        // forged, changed, or signed with a key that was forgotten
  kWrongType,           // a refresh or authentication token
  kExpired,             // over by its own expiry
  kUnknownSession,      // deleted, or its User or Device is gone
  kReplaced,            // the Session was refreshed or authenticated again
  kSessionExpired,      // the Session's own end has come
  kCredentialDisabled,  // the Credential that made the Session is disabled or locked
  kUnverified,          // good for nothing, and too many of that kind lately to look closer
};

// A stable snake_case word for logs: "token_malformed", ...; "" for kGood.
std::string_view reason_of(TokenStatus status);

struct Identification {
  TokenStatus status = TokenStatus::kMalformed;
  std::shared_ptr<const LiveSession> session;  // set when kGood
};

// Turns access tokens into LiveSessions for one worker.
//
// Owned by one thread and used by it alone; the references in it outlive it. A token that was seen
// before costs one hash, one comparison and one look at its LiveSession's flag: no lock, no
// allocation, no signature. When the Session changed since, it is looked up again and its token id
// compared; the signature is never verified twice while the token is in the cache.
//
// Costs that a client can cause are bounded. The cache has a fixed size and holds good tokens only.
// A token that could not be good anyway (expired, unknown Session, other token id) has its
// signature verified just to tell in the log what it was, at most kHopelessPerSecond times in a
// second.
//
// The returned reference counts inside this worker, so workers that serve the same Session do not
// write to the same cache line. It may be kept after the cache is gone.
class TokenCache {
 public:
  static constexpr std::size_t kDefaultCapacity = 16'384;
  static constexpr std::uint32_t kHopelessPerSecond = 200;

  // `capacity` is rounded up to a power of two, at least one set.
  TokenCache(const SessionTable& table, const SigningKeys& keys,
             std::size_t capacity = kDefaultCapacity);
  ~TokenCache();
  TokenCache(const TokenCache&) = delete;
  TokenCache& operator=(const TokenCache&) = delete;

  // `now`: seconds since the epoch.
  Identification identify(std::string_view token, std::int64_t now);

  struct Counters {
    std::uint64_t hits = 0;
    std::uint64_t refreshed = 0;  // hits whose Session had to be looked up again
    std::uint64_t misses = 0;
    std::uint64_t verified = 0;  // signatures
  };
  const Counters& counters() const { return counters_; }

 private:
  struct Set;
  struct Entry;

  std::uint64_t hash(std::string_view token) const;
  Identification from_entry(std::uint64_t& tag, Entry& entry, std::int64_t now);
  Identification verify(std::string_view token, std::uint64_t tag, std::int64_t now);
  bool may_verify_hopeless(std::int64_t now);
  std::size_t place_in(const Set& set) const;

  const SessionTable& table_;
  const SigningKeys& keys_;
  std::shared_ptr<const KeyRing> ring_;
  std::uint64_t ring_version_ = 0;
  std::size_t set_mask_ = 0;
  std::unique_ptr<Set[]> sets_;
  std::uint64_t seed_[2] = {};
  std::uint32_t tick_ = 0;
  std::int64_t hopeless_second_ = 0;
  std::uint32_t hopeless_count_ = 0;
  Counters counters_;
};

}  // namespace identity
