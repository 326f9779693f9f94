#pragma once

#include <chrono>
#include <cstddef>

#include "identity/environment.h"

namespace identity {

// Deletes what has come to its end: Sessions that expired, whose refresh window is over, or whose
// User or Device was deleted; Credentials that expired. Requests do not depend on it, since each
// checks for itself. Owned by main and called from one control thread.
class Reaper {
 public:
  static constexpr std::chrono::minutes kEvery{5};

  struct Swept {
    std::size_t sessions = 0;
    std::size_t credentials = 0;
  };

  explicit Reaper(const Environment& environment) : env_(environment) {}

  // One round. Goes on after a failed deletion; the next round tries again.
  Swept sweep();

 private:
  bool is_over(const corev1::Session& session) const;

  const Environment& env_;
};

}  // namespace identity
