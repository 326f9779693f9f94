#include "identity/key_ring.h"

#include <openssl/evp.h>

#include <algorithm>

namespace identity {
namespace {

constexpr std::size_t kSeedBytes = 32;

struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_MD_CTX, FreeContext>;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

base::Result<std::shared_ptr<const KeyRing>> KeyRing::make(std::span<const Key> keys) {
  if (keys.empty())
    return base::fail(base::Code::kInternal, "signing_key_missing", "there is no signing key");
  std::vector<Loaded> loaded;
  for (const Key& key : keys) {
    if (key.seed.size() != kSeedBytes ||
        std::ranges::any_of(loaded, [&](const Loaded& other) { return other.id == key.id; })) {
      return base::fail(base::Code::kDataLoss, "signing_key_damaged",
                        "a token signing key in the store is damaged");
    }
    std::shared_ptr<EVP_PKEY> pkey(
        EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, bytes_of(key.seed.reveal()),
                                     key.seed.size()),
        EVP_PKEY_free);
    if (!pkey)
      return base::fail(base::Code::kInternal, "signing_key_damaged",
                        "the TLS library refuses a token signing key");
    loaded.push_back({key.id, key.created_at, std::move(pkey)});
  }
  return std::shared_ptr<const KeyRing>(new KeyRing(std::move(loaded)));
}

const KeyRing::Loaded* KeyRing::find(const KeyId& id) const {
  const auto it =
      std::ranges::find_if(keys_, [&](const Loaded& candidate) { return candidate.id == id; });
  return it == keys_.end() ? nullptr : &*it;
}

base::Result<Signature> KeyRing::sign(std::string_view message) const {
  Signature signature{};
  std::size_t size = signature.size();
  const Context context(EVP_MD_CTX_new());
  if (!context ||
      EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, keys_.back().key.get()) != 1 ||
      EVP_DigestSign(context.get(), signature.data(), &size, bytes_of(message), message.size()) !=
          1 ||
      size != signature.size()) {
    return base::fail(base::Code::kInternal, "signing_failed", "a token could not be signed");
  }
  return signature;
}

bool KeyRing::verify(const KeyId& id, std::string_view message, const Signature& signature) const {
  const Loaded* key = find(id);
  if (key == nullptr) return false;
  const Context context(EVP_MD_CTX_new());
  return context &&
         EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key->key.get()) == 1 &&
         EVP_DigestVerify(context.get(), signature.data(), signature.size(), bytes_of(message),
                          message.size()) == 1;
}

}  // namespace identity
