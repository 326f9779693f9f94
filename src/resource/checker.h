#pragma once

#include <google/protobuf/repeated_field.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "resource/problem.h"
#include "resource/references.h"

namespace resource {

// Collects what is wrong with one resource, and makes the checks that many fields share. Paths are
// passed along as text, so that each check reads as the field it is about. Every check returns
// whether the value is fine, for callers that want to look further only then.
class Checker {
 public:
  Checker(const References& references, base::WallTime now) : references_(references), now_(now) {}

  const References& references() const { return references_; }
  base::WallTime now() const { return now_; }
  bool is_clean() const { return problems_.empty(); }
  std::vector<Problem> take() { return std::move(problems_); }

  // Always false. What exceeds kMaxProblems is dropped.
  bool fail(std::string path, std::string message, base::Code code = base::Code::kInvalidArgument);

  // `what` is plural: "holds 101 rules; at most 100 are allowed".
  bool at_most(const std::string& path, std::size_t count, std::size_t limit,
               std::string_view what);
  // At most `limit` bytes.
  bool fits(const std::string& path, std::string_view text, std::size_t limit);
  // 1 to `limit` bytes of ASCII.
  bool is_ascii(const std::string& path, std::string_view text, std::size_t limit);
  bool is_label(const std::string& path, std::string_view text);
  // The name of a resource that exists.
  bool is_name_of(const std::string& path, Kind kind, std::string_view name);
  // Where a `fromSecret` member is expected; `name` is empty when it is not set.
  bool is_secret(const std::string& path, std::string_view name);
  // At least a second, at most a hundred years.
  bool is_duration(const std::string& path, const metav1::Duration& duration);
  bool is_attrs(const std::string& path, const google::protobuf::Struct& attrs);

 private:
  bool has_attribute_names(const std::string& path, const google::protobuf::Struct& attrs);

  const References& references_;
  base::WallTime now_;
  std::vector<Problem> problems_;
};

// "spec.rules[3]"
std::string indexed(std::string_view path, int index);

}  // namespace resource
