#pragma once

#include <string>
#include <vector>

#include "resource/kind.h"

namespace resource {

// One field that two messages disagree on, as compact JSON; empty text where the field is absent.
// The content of a Secret is never in it.
struct Difference {
  std::string path;
  std::string before;
  std::string after;

  bool operator==(const Difference&) const = default;
};

// What turns `before` into `after`, field by field in the order of the schema; lists are compared
// element by element, maps by key. Both are of the same type. Empty if and only if they are equal.
std::vector<Difference> diff(const Message& before, const Message& after);

// Whether the part of a resource that its author writes is the same: spec, data, and of the
// metadata name, displayName, description, labels, annotations, tags and picURL.
bool same_intent(const Message& before, const Message& after);

// Copies only that part into an empty message of the same type; apply compares and shows these.
std::unique_ptr<Message> intent_of(const Message& message);

}  // namespace resource
