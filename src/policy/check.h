#pragma once

#include <string_view>
#include <vector>

#include "policy/subject.h"
#include "resource/problem.h"

namespace policy {

// What keeps expressions of a resource from being compiled, for admission. Paths are the schema's
// spelling ("spec.rules[0].condition.all.of[1].match"); a message about an expression has three
// lines: what is wrong, the expression, a caret. `path` is put in front.
using Problems = std::vector<resource::Problem>;

void check_condition(std::string_view path, const corev1::Condition& condition, bool has_attrs,
                     Problems& problems);
void check_policy_spec(std::string_view path, const corev1::Policy::Spec& spec, Problems& problems);
// Of any kind that has one: the inline policies of `spec.authorization`.
void check_authorization(const resource::Message& owner, Problems& problems);
// Authorization and dynamicConfig.
void check_service(const corev1::Service& service, Problems& problems);

// Everything in a resource of any kind; empty when all compiles.
Problems check(const resource::Message& resource);

}  // namespace policy
