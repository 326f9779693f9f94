#include "store/stored_references.h"

namespace store {

std::shared_ptr<const Message> StoredReferences::get(Kind kind, std::string_view name) const {
  auto found = store_.get(kind, name);
  return found ? std::move(*found) : nullptr;
}

void StoredReferences::for_each(Kind kind,
                                const std::function<Visit(const Message&)>& visit) const {
  const auto all = store_.list(kind, {.include_system_hidden = true});
  if (!all) return;
  for (const auto& resource : all->items)
    if (visit(*resource) == Visit::kStop) return;
}

}  // namespace store
