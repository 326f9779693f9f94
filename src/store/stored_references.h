#pragma once

#include "resource/references.h"
#include "store/store.h"

namespace store {

// What is in the store, for the checks that look at other resources. Hidden ones count too.
class StoredReferences final : public resource::References {
 public:
  explicit StoredReferences(Store& store) : store_(store) {}

  std::shared_ptr<const Message> get(Kind kind, std::string_view name) const override;
  void for_each(Kind kind, const std::function<Visit(const Message&)>& visit) const override;

 private:
  Store& store_;
};

}  // namespace store
