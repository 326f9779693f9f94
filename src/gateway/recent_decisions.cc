#include "gateway/recent_decisions.h"

#include <fmt/format.h>

#include <algorithm>

#include "resource/quoted.h"

namespace gateway {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

std::uint64_t hash_of(std::string_view id) { return std::hash<std::string_view>()(id) & ~1ull; }

}  // namespace

DecisionRing::DecisionRing(const RecentOptions& options)
    : options_(options), forgotten_(kForgotten) {}

bool DecisionRing::Allowance::refill(std::int64_t now, double per_second, std::int64_t part) {
  const bool is_first = filled_at == 0;
  const std::int64_t passed =
      is_first ? kSecond : std::clamp<std::int64_t>(now - filled_at, 0, kSecond);
  filled_at = std::max(filled_at, now);
  const double most = std::max(1.0, per_second / static_cast<double>(part));
  tokens = std::min(most, tokens + most * static_cast<double>(passed) / kSecond);
  time_left = std::min(kBurst / part, time_left + passed / kShare / part);
  return tokens >= 1 && time_left > 0;
}

DecisionRing::Allowance& DecisionRing::share_of(std::string_view who) {
  return shares_[std::hash<std::string_view>()(who) % kShares];
}

bool DecisionRing::wants(std::string_view id, std::string_view who, bool is_allowed,
                         std::int64_t now) {
  if (is_allowed && (options_.sample == 0 || ++skipped_ < options_.sample)) return false;
  Allowance& share = share_of(who);
  const bool is_left = all_.refill(now, options_.per_second, 1);
  if (!share.refill(now, options_.per_second, 2) || !is_left) {
    forget(id, Fate::kTooMany);
    return false;
  }
  all_.tokens -= 1;
  share.tokens -= 1;
  if (is_allowed) skipped_ = 0;
  return true;
}

void DecisionRing::spend(std::string_view who, std::int64_t nanoseconds) {
  all_.time_left -= nanoseconds;
  share_of(who).time_left -= nanoseconds;
}

// The oldest of whoever has more than half, found by Boyer and Moore's vote; of all, if nobody has.
std::size_t DecisionRing::next_to_go() const {
  const bool by_number = entries_.size() > options_.entries;
  const auto weight = [&](const Entry& entry) { return by_number ? 1 : entry.bytes.size(); };
  std::uint64_t who = 0;
  std::size_t votes = 0, theirs = 0, all = 0;
  for (const Entry& entry : entries_) {
    if (entry.who == who)
      votes += weight(entry);
    else if (votes >= weight(entry))
      votes -= weight(entry);
    else
      votes = weight(entry) - votes, who = entry.who;
  }
  for (const Entry& entry : entries_) {
    all += weight(entry);
    if (entry.who == who) theirs += weight(entry);
  }
  if (theirs * 2 <= all) return 0;
  return static_cast<std::size_t>(std::ranges::find(entries_, who, &Entry::who) - entries_.begin());
}

void DecisionRing::keep(std::string_view id, std::string_view who,
                        const policy::extv1::Explanation& explanation) {
  Entry entry{std::string(id), std::hash<std::string_view>()(who), explanation.SerializeAsString()};
  if (entry.bytes.size() > options_.bytes) return forget(id, Fate::kTooMany);
  const std::lock_guard lock(mutex_);
  bytes_ += entry.bytes.size();
  entries_.push_back(std::move(entry));
  while (entries_.size() > options_.entries || bytes_ > options_.bytes) {
    const auto gone = entries_.begin() + static_cast<std::ptrdiff_t>(next_to_go());
    bytes_ -= gone->bytes.size();
    forget(gone->id, Fate::kRotatedOut);
    entries_.erase(gone);
  }
}

void DecisionRing::forget(std::string_view id, Fate fate) {
  const std::uint64_t value = hash_of(id) | (fate == Fate::kTooMany ? 1 : 0);
  forgotten_[next_forgotten_++ % kForgotten].store(value, std::memory_order_relaxed);
}

DecisionRing::Fate DecisionRing::find(std::string_view id, std::string& out) const {
  {
    const std::lock_guard lock(mutex_);
    const auto found = std::ranges::find(entries_, id, &Entry::id);
    if (found != entries_.end()) {
      out = found->bytes;
      return Fate::kKept;
    }
  }
  const std::uint64_t hash = hash_of(id);
  for (const auto& each : forgotten_) {
    const std::uint64_t value = each.load(std::memory_order_relaxed);
    if ((value & ~1ull) == hash) return (value & 1) != 0 ? Fate::kTooMany : Fate::kRotatedOut;
  }
  return Fate::kUnknown;
}

RecentDecisions::RecentDecisions(const RecentOptions& options, int workers) : options_(options) {
  if (options.entries == 0 || options.per_second == 0) return;
  for (int i = 0; i < workers; ++i) rings_.push_back(std::make_unique<DecisionRing>(options));
}

base::Result<policy::extv1::Explanation> RecentDecisions::find(std::string_view id) const {
  using Fate = DecisionRing::Fate;
  const auto not_kept = [&](std::string_view why) {
    return base::fail(
        base::Code::kNotFound, "explanation_not_kept",
        fmt::format("the decision on request {} is not kept: {}", resource::quoted(id), why));
  };
  if (rings_.empty())
    return not_kept("this gateway keeps none (--explain-ring, --explain-per-second)");
  for (const auto& ring : rings_) {
    std::string bytes;
    switch (ring->find(id, bytes)) {
      case Fate::kKept: {
        policy::extv1::Explanation out;
        out.ParseFromString(bytes);
        return out;
      }
      case Fate::kRotatedOut:
        return not_kept("newer ones took its place");
      case Fate::kTooMany:
        return not_kept(
            fmt::format("sampled out, since more were to be kept at that time than {} a "
                        "second and worker, half of them of one User, or explaining took too long",
                        options_.per_second));
      case Fate::kUnknown:
        break;
    }
  }
  return not_kept(fmt::format(
      "unknown id, or allowed and sampled out ({}), or answered before a decision (then ext.reason "
      "of its line in the access log says why)",
      options_.sample == 0 ? "no allowed ones are kept"
                           : fmt::format("one of {} is kept", options_.sample)));
}

}  // namespace gateway
