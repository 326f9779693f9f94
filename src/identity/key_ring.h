#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"

struct evp_pkey_st;

namespace identity {

// Names a signing key inside a token.
using KeyId = std::array<unsigned char, 8>;
using Signature = std::array<unsigned char, 64>;

// The Ed25519 keys that tokens are signed with: the newest signs, all verify. Immutable and shared
// by threads; SigningKeys makes a new ring when keys come and go.
class KeyRing {
 public:
  struct Key {
    KeyId id{};
    base::WallTime created_at;
    base::Secret seed;  // the 32 bytes of RFC 8032 §5.1.5
  };

  // At least one key; oldest first. Fails when a seed is not 32 bytes or two keys share an id.
  static base::Result<std::shared_ptr<const KeyRing>> make(std::span<const Key> keys);

  const KeyId& newest() const { return keys_.back().id; }
  base::WallTime newest_created_at() const { return keys_.back().created_at; }
  std::size_t size() const { return keys_.size(); }
  bool has(const KeyId& id) const { return find(id) != nullptr; }

  // With the newest key.
  base::Result<Signature> sign(std::string_view message) const;
  // False for an unknown key as well.
  bool verify(const KeyId& id, std::string_view message, const Signature& signature) const;

 private:
  struct Loaded {
    KeyId id{};
    base::WallTime created_at;
    std::shared_ptr<evp_pkey_st> key;
  };

  explicit KeyRing(std::vector<Loaded> keys) : keys_(std::move(keys)) {}
  const Loaded* find(const KeyId& id) const;

  std::vector<Loaded> keys_;
};

}  // namespace identity
