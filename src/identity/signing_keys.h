#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>

#include "base/clock.h"
#include "identity/key_ring.h"
#include "store/key_store.h"

namespace identity {

// Keeps the signing keys: loads them, draws a new one every 30 days, forgets those older than 360.
// Owned by main. ring() and version() may be called from any thread; open() and tick() write to
// disk.
class SigningKeys {
 public:
  static constexpr std::chrono::days kRotateAfter{30};
  static constexpr std::chrono::days kForgetAfter{360};
  static constexpr std::string_view kPurpose = "token-signing";

  // Both outlive the result. The first start draws the first key.
  static base::Result<std::unique_ptr<SigningKeys>> open(store::KeyStore& store,
                                                         const base::Clock& clock);

  std::shared_ptr<const KeyRing> ring() const;
  // Changes with every new ring, so that a worker sees without a lock whether its ring is current.
  std::uint64_t version() const { return version_.load(std::memory_order_acquire); }

  // Takes in keys that another node made, then rotates and forgets what is due. Call every few
  // minutes. On failure the current ring stays.
  base::Result<void> tick();

 private:
  SigningKeys(store::KeyStore& store, const base::Clock& clock) : store_(store), clock_(clock) {}
  base::Result<void> put_new_key();

  store::KeyStore& store_;
  const base::Clock& clock_;
  mutable std::mutex mutex_;  // guards ring_
  std::shared_ptr<const KeyRing> ring_;
  std::atomic<std::uint64_t> version_{0};
};

}  // namespace identity
