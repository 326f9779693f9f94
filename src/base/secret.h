#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace base {

// Bytes that must never be printed: a token, a key, an upstream's credential. Has no stream
// operator, no formatter and no conversion; whoever needs the bytes says `reveal()`, which is what
// reviews look for. Overwrites its memory when it goes.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string bytes) : bytes_(std::move(bytes)) {}
  Secret(const Secret&) = default;
  Secret(Secret&& other) noexcept : bytes_(std::move(other.bytes_)) { other.wipe(); }
  Secret& operator=(const Secret& other);
  Secret& operator=(Secret&& other) noexcept;
  ~Secret() { wipe(); }

  std::string_view reveal() const { return bytes_; }
  bool empty() const { return bytes_.empty(); }
  std::size_t size() const { return bytes_.size(); }

 private:
  void wipe();

  std::string bytes_;
};

// Equality in time that depends on the lengths only.
bool equal_constant_time(std::string_view a, std::string_view b);

}  // namespace base
