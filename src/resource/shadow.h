#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "resource/kind.h"

namespace resource {

// The annotation that marks rules as shadow: evaluated and logged, never enforced
// (docs/adr/0008-shadow-policies.md). On a Policy: `*` or the names of rules; on an owner of inline
// policies: `*`, or names of such policies, or `policy/rule`. Separated by commas.
inline constexpr std::string_view kShadowAnnotation = "octelium-ext-shadow";
inline constexpr std::size_t kMaxShadowBytes = 4096;

// What the annotation of one resource says. Owns its text.
class ShadowMarks {
 public:
  ShadowMarks() = default;  // nothing is marked
  explicit ShadowMarks(const metav1::Metadata& metadata);

  bool empty() const { return items_.empty(); }
  const std::vector<std::string>& items() const { return items_; }  // without blanks around them

  // Whether the rule is marked, of a Policy or of an inline policy. Unnamed ones are by `*` only.
  bool covers(std::string_view rule) const;
  bool covers(std::string_view inline_policy, std::string_view rule) const;

 private:
  bool has(std::string_view item) const;

  std::vector<std::string> items_;
};

}  // namespace resource
