#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "policy/authorization.h"

namespace policy {

// Walks the rules of several lists as one: by rank, among equals in the order of the lists. A
// policy that several lists have is met again, which changes nothing but the work. Owns nothing;
// made per decision, on the stack.
class RuleWalk {
 public:
  static constexpr std::uint32_t kNoTag = ~std::uint32_t{0};

  // `tag` is what tag() gives for rules of that list.
  void add(const RuleList* list, std::uint32_t tag = kNoTag) {
    if (list == nullptr) return;
    if (dangling_.empty()) dangling_ = list->dangling();
    if (list->entries().empty()) return;
    const RuleList::Entry* begin = list->entries().data();
    const Cursor cursor{begin, begin, begin + list->entries().size(), tag};
    if (size_ < kFew)
      few_[size_++] = cursor;
    else
      rest_.push_back(cursor);
  }

  // A name that no Policy has, of any of the lists; empty: none.
  std::string_view dangling() const { return dangling_; }

  std::size_t size() const {  // what is left
    std::size_t count = 0;
    for (std::size_t i = 0; i < size_; ++i)
      count += static_cast<std::size_t>(few_[i].end - few_[i].at);
    for (const Cursor& cursor : rest_) count += static_cast<std::size_t>(cursor.end - cursor.at);
    return count;
  }

  // To the first rule again.
  void rewind() {
    for (std::size_t i = 0; i < size_; ++i) few_[i].at = few_[i].begin;
    for (Cursor& cursor : rest_) cursor.at = cursor.begin;
  }

  // nullptr at the end.
  const RuleList::Entry* next() {
    Cursor* best = nullptr;
    const auto consider = [&](Cursor& cursor) {
      if (cursor.at == cursor.end) return;
      if (best == nullptr || cursor.at->rule->rank() < best->at->rule->rank()) best = &cursor;
    };
    for (std::size_t i = 0; i < size_; ++i) consider(few_[i]);
    for (Cursor& cursor : rest_) consider(cursor);
    if (best == nullptr) return nullptr;
    tag_ = best->tag;
    return best->at++;
  }

  // Of the list that the last rule was of.
  std::uint32_t tag() const { return tag_; }

 private:
  struct Cursor {
    const RuleList::Entry* begin;
    const RuleList::Entry* at;
    const RuleList::Entry* end;
    std::uint32_t tag;
  };
  static constexpr std::size_t kFew = 12;

  std::string_view dangling_;
  std::uint32_t tag_ = 0;
  std::array<Cursor, kFew> few_;
  std::size_t size_ = 0;
  std::vector<Cursor> rest_;
};

}  // namespace policy
