#include "api/admission.h"

#include <fmt/format.h>

#include "policy/check.h"
#include "resource/defaults.h"
#include "resource/name.h"
#include "resource/validate.h"
#include "store/stored_references.h"

namespace api {
namespace {

using resource::metadata_of;

// Before the checks that look at other resources: what is created twice is told that it exists, not
// that, say, its email address belongs to somebody.
base::Result<void> check_name_is_free(store::Store& store, const Message& candidate) {
  const Kind kind = resource::kind_of(candidate);
  const auto& name = metadata_of(candidate).name();
  if (!resource::is_name(kind, name) || !store.get(kind, name)) return {};
  return base::fail(base::Code::kAlreadyExists, "resource_exists",
                    fmt::format("The {} {} already exists", resource::kind_name(kind), name));
}

// Of several lines each: the expression and a caret follow. Indented, so that a line that begins
// with a field's path is a problem of its own.
policy::Problems expression_problems(const Message& candidate) {
  auto problems = policy::check(candidate);
  for (auto& problem : problems) {
    for (auto at = problem.message.find('\n'); at != std::string::npos;
         at = problem.message.find('\n', at + 1))
      problem.message.insert(at + 1, "  ");
  }
  return problems;
}

}  // namespace

base::Result<void> admit(store::Store& store, Message& candidate, const Message* stored,
                         base::WallTime now) {
  const store::StoredReferences references(store);
  resource::apply_defaults(candidate, references);
  if (stored == nullptr) BASE_TRY(check_name_is_free(store, candidate));
  auto problems = resource::validate(candidate, references, now, stored);
  // What has the wrong shape need not compile.
  if (problems.empty()) problems = expression_problems(candidate);
  if (!problems.empty()) return std::unexpected(resource::to_error(problems));
  return {};
}

}  // namespace api
