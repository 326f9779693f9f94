#include "identity/token_cache.h"

#include <array>
#include <bit>
#include <cstring>
#include <span>

#include "base/random.h"

// The cache is set-associative: the hash of a token picks a set of four places, and a full set
// gives up the place that was used longest ago. That bounds the memory and the work per request,
// needs no lists, and keeps a busy token in place whatever else comes by. Only the tail of a token
// is hashed: it is signature, which nobody can choose.

namespace identity {
namespace {

constexpr std::size_t kWays = 4;

struct Text {
  std::array<std::uint64_t, kTokenChars / 8> words{};
};
static_assert(sizeof(Text) == kTokenChars);

// Looks at every word, whatever the first ones say.
bool equal_constant_time(const Text& held, std::string_view token) {
  std::uint64_t difference = 0;
  for (std::size_t i = 0; i < held.words.size(); ++i) {
    std::uint64_t word = 0;
    std::memcpy(&word, token.data() + i * 8, 8);
    difference |= word ^ held.words[i];
  }
  return difference == 0;
}

std::uint64_t fold(std::uint64_t a, std::uint64_t b) {
  const auto product = static_cast<unsigned __int128>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64u);
}

// The same LiveSession behind a reference count of this worker's own.
std::shared_ptr<const LiveSession> localise(std::shared_ptr<const LiveSession> shared) {
  const LiveSession* session = shared.get();
  return {std::make_shared<std::shared_ptr<const LiveSession>>(std::move(shared)), session};
}

}  // namespace

struct TokenCache::Entry {
  Text token;
  std::int64_t expires_at = 0;  // of the token
  std::shared_ptr<const LiveSession> session;
  std::uint32_t used_at = 0;  // in ticks of the cache
};

struct alignas(64) TokenCache::Set {
  std::array<std::uint64_t, kWays> tags{};  // hash of the token in that place; 0: free
  std::array<Entry, kWays> entries;
};

std::string_view reason_of(TokenStatus status) {
  switch (status) {
    case TokenStatus::kGood:
      return "";
    case TokenStatus::kMalformed:
      return "token_malformed";
    case TokenStatus::kBadSignature:
      return "token_bad_signature";
    case TokenStatus::kWrongType:
      return "token_wrong_type";
    case TokenStatus::kExpired:
      return "token_expired";
    case TokenStatus::kUnknownSession:
      return "session_unknown";
    case TokenStatus::kReplaced:
      return "token_replaced";
    case TokenStatus::kSessionExpired:
      return "session_expired";
    case TokenStatus::kCredentialDisabled:
      return "credential_disabled";
    case TokenStatus::kUnverified:
      return "token_unverified";
  }
  return "";
}

TokenCache::TokenCache(const SessionTable& table, const SigningKeys& keys, std::size_t capacity)
    : table_(table), keys_(keys) {
  const std::size_t sets = std::bit_ceil(std::max<std::size_t>(capacity / kWays, 1));
  set_mask_ = sets - 1;
  sets_ = std::make_unique<Set[]>(sets);
  base::random_bytes({reinterpret_cast<unsigned char*>(seed_), sizeof seed_});
}

TokenCache::~TokenCache() = default;

std::uint64_t TokenCache::hash(std::string_view token) const {
  std::array<std::uint64_t, 4> tail{};
  std::memcpy(tail.data(), token.data() + kTokenChars - sizeof tail, sizeof tail);
  const std::uint64_t mixed =
      fold(tail[0] ^ seed_[0], tail[1] ^ seed_[1]) ^ fold(tail[2] ^ seed_[1], tail[3] ^ ~seed_[0]);
  return mixed == 0 ? 1 : mixed;
}

Identification TokenCache::identify(std::string_view token, std::int64_t now) {
  if (token.size() != kTokenChars) return {TokenStatus::kMalformed, nullptr};
  const std::uint64_t tag = hash(token);
  Set& set = sets_[tag & set_mask_];
  for (std::size_t way = 0; way < kWays; ++way) {
    if (set.tags[way] == tag && equal_constant_time(set.entries[way].token, token)) {
      ++counters_.hits;
      return from_entry(set.tags[way], set.entries[way], now);
    }
  }
  ++counters_.misses;
  return verify(token, tag, now);
}

Identification TokenCache::from_entry(std::uint64_t& tag, Entry& entry, std::int64_t now) {
  const auto drop = [&](TokenStatus status) -> Identification {
    tag = 0;
    entry.session.reset();
    return {status, nullptr};
  };
  if (!entry.session->is_current()) {
    ++counters_.refreshed;
    auto fresh = table_.lookup(entry.session->uid);
    if (!fresh) return drop(TokenStatus::kUnknownSession);
    if (!identity::equal_constant_time(fresh->token_id, entry.session->token_id))
      return drop(TokenStatus::kReplaced);
    entry.session = localise(std::move(fresh));
  }
  if (now >= entry.expires_at) return drop(TokenStatus::kExpired);
  entry.used_at = ++tick_;
  // These two may change back without a new token, so the entry stays.
  if (entry.session->is_expired(now)) return {TokenStatus::kSessionExpired, nullptr};
  if (entry.session->is_credential_disabled) return {TokenStatus::kCredentialDisabled, nullptr};
  return {TokenStatus::kGood, entry.session};
}

bool TokenCache::may_verify_hopeless(std::int64_t now) {
  if (now != hopeless_second_) {
    hopeless_second_ = now;
    hopeless_count_ = 0;
  }
  return hopeless_count_++ < kHopelessPerSecond;
}

Identification TokenCache::verify(std::string_view token, std::uint64_t tag, std::int64_t now) {
  const auto decoded = decode_token(token);
  if (!decoded) return {TokenStatus::kMalformed, nullptr};
  const Token& claims = decoded->token;
  std::shared_ptr<const LiveSession> session;
  TokenStatus verdict = TokenStatus::kGood;
  if (claims.type != TokenType::kAccess) {
    verdict = TokenStatus::kWrongType;
  } else if (now >= claims.expires_at) {
    verdict = TokenStatus::kExpired;
  } else if (session = table_.lookup(claims.subject); !session) {
    verdict = TokenStatus::kUnknownSession;
  } else if (!identity::equal_constant_time(session->token_id, claims.token_id)) {
    verdict = TokenStatus::kReplaced;
  }
  if (verdict != TokenStatus::kGood && !may_verify_hopeless(now))
    return {TokenStatus::kUnverified, nullptr};

  if (const auto version = keys_.version(); version != ring_version_) {
    ring_ = keys_.ring();
    ring_version_ = version;
  }
  ++counters_.verified;
  if (!verify_token(*decoded, *ring_)) return {TokenStatus::kBadSignature, nullptr};
  if (verdict != TokenStatus::kGood) return {verdict, nullptr};

  Set& set = sets_[tag & set_mask_];
  const std::size_t way = place_in(set);
  Entry& entry = set.entries[way];
  std::memcpy(entry.token.words.data(), token.data(), kTokenChars);
  entry.expires_at = claims.expires_at;
  entry.session = localise(std::move(session));
  set.tags[way] = tag;
  return from_entry(set.tags[way], entry, now);
}

std::size_t TokenCache::place_in(const Set& set) const {
  std::size_t oldest = 0;
  for (std::size_t way = 0; way < kWays; ++way) {
    if (set.tags[way] == 0) return way;
    // Differences, so that the counter may wrap around.
    if (tick_ - set.entries[way].used_at > tick_ - set.entries[oldest].used_at) oldest = way;
  }
  return oldest;
}

}  // namespace identity
