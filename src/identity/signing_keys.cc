#include "identity/signing_keys.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <vector>

#include "base/encoding.h"
#include "base/log.h"
#include "base/random.h"

namespace identity {
namespace {

std::optional<KeyId> parse_key_id(std::string_view text) {
  const auto bytes = base::base64url_decode(text);
  KeyId id{};
  if (!bytes || bytes->size() != id.size()) return std::nullopt;
  std::copy(bytes->begin(), bytes->end(), reinterpret_cast<char*>(id.data()));
  return id;
}

base::Result<std::vector<KeyRing::Key>> load(store::KeyStore& store) {
  BASE_ASSIGN(const auto records, store.get_keys(SigningKeys::kPurpose));
  std::vector<KeyRing::Key> keys;
  for (const auto& record : records) {
    const auto id = parse_key_id(record.id);
    if (!id)
      return base::fail(base::Code::kDataLoss, "signing_key_damaged",
                        "a token signing key in the store has a bad id");
    keys.push_back({*id, record.created_at, record.bytes});
  }
  return keys;
}

}  // namespace

base::Result<std::unique_ptr<SigningKeys>> SigningKeys::open(store::KeyStore& store,
                                                             const base::Clock& clock) {
  std::unique_ptr<SigningKeys> keys(new SigningKeys(store, clock));
  BASE_TRY(keys->tick());
  return keys;
}

std::shared_ptr<const KeyRing> SigningKeys::ring() const {
  const std::scoped_lock lock(mutex_);
  return ring_;
}

base::Result<void> SigningKeys::put_new_key() {
  KeyId id{};
  base::random_bytes(id);
  std::array<unsigned char, 32> seed{};
  base::random_bytes(seed);
  const auto text = [](auto& bytes) {
    return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  };
  store::KeyRecord record;
  record.id = base::base64url_encode(text(id));
  record.purpose = kPurpose;
  record.created_at = clock_.now();
  record.bytes = base::Secret(text(seed));
  OPENSSL_cleanse(seed.data(), seed.size());
  return store_.put_key(record);
}

base::Result<void> SigningKeys::tick() {
  const auto now = clock_.now();
  BASE_ASSIGN(auto keys, load(store_));
  if (keys.empty() || now - keys.back().created_at >= kRotateAfter) {
    BASE_TRY(put_new_key());
    if (!keys.empty()) spdlog::info("tokens are signed with a new key from now on");
    BASE_ASSIGN(keys, load(store_));
  }
  // The newest key is never forgotten, whatever the clock says.
  while (keys.size() > 1 && now - keys.front().created_at >= kForgetAfter) {
    const std::string id(reinterpret_cast<const char*>(keys.front().id.data()),
                         keys.front().id.size());
    BASE_TRY(store_.remove_key(kPurpose, base::base64url_encode(id)));
    keys.erase(keys.begin());
  }
  const auto before = ring();
  if (before && before->size() == keys.size() &&
      std::ranges::all_of(keys, [&](const KeyRing::Key& key) { return before->has(key.id); })) {
    return {};
  }
  BASE_ASSIGN(auto made, KeyRing::make(keys));
  {
    const std::scoped_lock lock(mutex_);
    ring_ = std::move(made);
  }
  version_.fetch_add(1, std::memory_order_release);
  return {};
}

}  // namespace identity
