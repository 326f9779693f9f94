#pragma once

#include <cstdint>
#include <string_view>

namespace gateway {

// Makes the identifiers of requests, of the form that access logs use
// (spec/visibility-and-operations.md 1.1): five groups of lower-case letters and digits,
// 4-4-24-4-4, the first character a letter. Unique with overwhelming likelihood, not secret. One
// per worker.
class IdentifierSource {
 public:
  static constexpr std::size_t kSize = 44;

  IdentifierSource();  // seeded by the operating system
  // Writes kSize characters to `out` and returns a view of them.
  std::string_view next(char* out);
  // Uniform enough for choosing an endpoint.
  std::uint64_t number();

 private:
  std::uint64_t state_[4];
};

}  // namespace gateway
