#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "resource/kind.h"

namespace resource {

// The resources that exist beside the one being validated. Virtual for the store and the tests'
// fake.
class References {
 public:
  enum class Visit : std::uint8_t { kContinue, kStop };

  virtual ~References() = default;

  // By the name as it is stored; nullptr when there is none.
  virtual std::shared_ptr<const Message> get(Kind kind, std::string_view name) const = 0;

  // Shows every resource of the kind, in any order, until `visit` says kStop.
  virtual void for_each(Kind kind, const std::function<Visit(const Message&)>& visit) const = 0;

  bool exists(Kind kind, std::string_view name) const { return get(kind, name) != nullptr; }
};

}  // namespace resource
