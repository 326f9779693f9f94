#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"

namespace store {

// A private key of the cluster itself. Never a resource: it has no name a client could ask for.
struct KeyRecord {
  std::string id;       // chosen by the maker, unique within its purpose
  std::string purpose;  // "token-signing", "tls-ca", ...: what the key may be used for
  base::WallTime created_at;
  base::Secret bytes;
};

// Where the cluster's own private keys are kept, sealed under the master key and bound to their id
// and purpose. All methods may be called from any thread and may block for a disk write.
class KeyStore {
 public:
  virtual ~KeyStore() = default;

  // kAlreadyExists when the purpose has a key of that id: a key is never replaced.
  virtual base::Result<void> put_key(const KeyRecord& key) = 0;
  // All keys of a purpose, oldest first. kDataLoss when one cannot be opened.
  virtual base::Result<std::vector<KeyRecord>> get_keys(std::string_view purpose) = 0;
  // Removing what is not there succeeds.
  virtual base::Result<void> remove_key(std::string_view purpose, std::string_view id) = 0;
};

}  // namespace store
