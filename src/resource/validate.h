#pragma once

#include <vector>

#include "base/clock.h"
#include "resource/problem.h"
#include "resource/references.h"

namespace resource {

// More problems of one resource than these are not reported.
inline constexpr std::size_t kMaxProblems = 25;

// Everything that is wrong with a resource that a client wants to create (`stored` is nullptr) or
// to replace `stored` with; empty when it may be written. `resource` went through apply_defaults
// and carries, on an update, the status and system metadata of `stored`.
//
// Includes what refuse() says. Codes: kPermissionDenied for a system resource, kUnimplemented for a
// kind that this gateway does not have, else kInvalidArgument. Does not look whether the name is
// taken, does not compile expressions, and knows nothing of the caller: those are the API's.
std::vector<Problem> validate(const Message& resource, const References& references,
                              base::WallTime now, const Message* stored = nullptr);

// Everything that is wrong with a config that a dynamicConfig rule of a Service with this spec
// computed: it is held to what applied configs are held to, together with its parent. Paths begin
// with the config's own fields ("upstream.url").
std::vector<Problem> validate_computed_config(const corev1::Service::Spec::Config& config,
                                              const corev1::Service::Spec& spec,
                                              const References& references, base::WallTime now);

// Why a resource cannot be deleted: it is a system resource, or others need it.
std::vector<Problem> validate_delete(const Message& stored, const References& references);

// The problems as one error, a line each ("path: message"), with the code of the first one and the
// reason "resource_invalid". `problems` is not empty.
base::Error to_error(const std::vector<Problem>& problems);

}  // namespace resource
