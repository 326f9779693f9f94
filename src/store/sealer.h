#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"

namespace store {

// What a sealed value belongs to. A value moved to another record, or used for another purpose,
// does not open.
struct SealBinding {
  std::string_view kind;  // "Secret", "key", ...
  std::string_view uid;
  std::string_view purpose;
};

// Encrypts what must not be readable in a copy of the database: AES-256-GCM under the master key,
// with a random 96-bit nonce per value (NIST SP 800-38D §8.2.2; with at most 2^32 values under one
// key the chance of a repeated nonce stays below 2^-32).
//
// Immutable, so any thread may use it. Does not hide the length of a value, nor that an older value
// of the same record was put back.
class Sealer {
 public:
  static constexpr std::size_t kKeyBytes = 32;

  // `key` must have kKeyBytes.
  static base::Result<Sealer> from_key(base::Secret key);

  // Reads the key file. Refuses one that others than its owner can read or write, or that does not
  // have exactly kKeyBytes.
  static base::Result<Sealer> from_file(const std::filesystem::path& file);

  // Draws a key and writes it, mode 0600, durably. Never overwrites: kAlreadyExists.
  static base::Result<void> make_key_file(const std::filesystem::path& file);

  base::Result<std::string> seal(std::string_view plaintext, const SealBinding& binding) const;
  // kDataLoss when the value was not sealed by this key for this binding, or was changed since.
  base::Result<base::Secret> open(std::string_view sealed, const SealBinding& binding) const;

 private:
  explicit Sealer(base::Secret key) : key_(std::move(key)) {}

  base::Secret key_;
};

}  // namespace store
