#include "resource/validate.h"

#include <fmt/format.h>

#include <algorithm>

#include "resource/name.h"
#include "resource/quoted.h"
#include "resource/refuse.h"
#include "resource/validate_parts.h"

namespace resource {
namespace {

template <typename T>
const T* as(const Message* message) {
  return static_cast<const T*>(message);
}

void check_kind(Checker& check, Kind kind, const Message& resource, const Message* stored) {
  switch (kind) {
    case Kind::kNamespace:
      return check_namespace(check, static_cast<const corev1::Namespace&>(resource),
                             as<corev1::Namespace>(stored));
    case Kind::kService:
      return check_service(check, static_cast<const corev1::Service&>(resource),
                           as<corev1::Service>(stored));
    case Kind::kUser:
      return check_user(check, static_cast<const corev1::User&>(resource));
    case Kind::kGroup:
      return check_group(check, static_cast<const corev1::Group&>(resource));
    case Kind::kPolicy:
      return check_policy(check, static_cast<const corev1::Policy&>(resource),
                          as<corev1::Policy>(stored));
    case Kind::kCredential:
      return check_credential(check, static_cast<const corev1::Credential&>(resource),
                              as<corev1::Credential>(stored));
    case Kind::kSecret:
      return check_secret(check, static_cast<const corev1::Secret&>(resource));
    case Kind::kConfig:
      return check_config(check, static_cast<const corev1::Config&>(resource));
    case Kind::kSession:
      return check_session(check, static_cast<const corev1::Session&>(resource));
    case Kind::kClusterConfig:
      return check_cluster_config(check, static_cast<const corev1::ClusterConfig&>(resource));
    default:
      return;  // refused as a whole
  }
}

bool is_inside(std::string_view path, std::string_view outer) {
  if (outer.empty()) return true;
  if (!path.starts_with(outer)) return false;
  return path.size() == outer.size() || path[outer.size()] == '.' || path[outer.size()] == '[';
}

// A mistake inside a part that is refused anyway is no help.
std::vector<Problem> join(std::vector<Problem> refused, std::vector<Problem> wrong) {
  const std::size_t count = refused.size();
  for (Problem& problem : wrong) {
    const auto end = refused.begin() + static_cast<std::ptrdiff_t>(count);
    const bool is_refused = std::any_of(refused.begin(), end, [&](const Problem& outer) {
      return is_inside(problem.path, outer.path);
    });
    if (!is_refused) refused.push_back(std::move(problem));
  }
  if (refused.size() > kMaxProblems) refused.resize(kMaxProblems);
  return refused;
}

// ClusterConfig is of the cluster and yet the administrator's; Devices and Authenticators carry the
// mark without meaning.
bool is_read_only(Kind kind, const Message& stored) {
  return metadata_of(stored).issystem() && kind != Kind::kClusterConfig && kind != Kind::kDevice &&
         kind != Kind::kAuthenticator;
}

Problem read_only(Kind kind, const Message& stored) {
  return {base::Code::kPermissionDenied, "",
          fmt::format("This is a System Resource: the {} {} belongs to the cluster",
                      kind_name(kind), metadata_of(stored).name())};
}

// The name of a resource of `kind` that needs `owner`; empty when there is none.
std::string find_dependent(const References& references, Kind kind,
                           const std::function<bool(const Message&)>& needs) {
  std::string name;
  references.for_each(kind, [&](const Message& message) {
    if (!needs(message)) return References::Visit::kContinue;
    name = metadata_of(message).name();
    return References::Visit::kStop;
  });
  return name;
}

}  // namespace

std::vector<Problem> validate(const Message& resource, const References& references,
                              base::WallTime now, const Message* stored) {
  const Kind kind = kind_of(resource);
  if (stored != nullptr && is_read_only(kind, *stored)) return {read_only(kind, *stored)};
  Checker check(references, now);
  check_metadata(check, kind, resource);
  check_kind(check, kind, resource, stored);
  check_shadow(check, resource, stored);
  return join(refuse(resource), check.take());
}

std::vector<Problem> validate_computed_config(const corev1::Service::Spec::Config& config,
                                              const corev1::Service::Spec& spec,
                                              const References& references, base::WallTime now) {
  Checker check(references, now);
  const auto merged = check_computed_config(check, config, spec);
  return join(refuse_part(merged), check.take());
}

std::vector<Problem> validate_delete(const Message& stored, const References& references) {
  const Kind kind = kind_of(stored);
  const std::string& name = metadata_of(stored).name();
  if (is_read_only(kind, stored)) return {read_only(kind, stored)};
  const auto in_use = [&](Kind by, std::string_view verb, const auto& needs) {
    const std::string dependent = find_dependent(references, by, needs);
    if (dependent.empty()) return std::vector<Problem>();
    return std::vector<Problem>{
        {.message = fmt::format("the {} {} cannot be deleted: the {} {} {}", kind_name(kind),
                                quoted(name), kind_name(by), quoted(dependent), verb)}};
  };
  switch (kind) {
    case Kind::kNamespace:
      return in_use(Kind::kService, "is in it", [&](const Message& service) {
        return split_service_name(metadata_of(service).name()).in_namespace == name;
      });
    case Kind::kGroup:
      return in_use(Kind::kUser, "is a member", [&](const Message& user) {
        const auto& groups = static_cast<const corev1::User&>(user).spec().groups();
        return std::ranges::find(groups, name) != groups.end();
      });
    case Kind::kPolicy:
      return in_use(Kind::kPolicy, "extends it", [&](const Message& policy) {
        return parent_policy_name(metadata_of(policy).name()) == name;
      });
    default:
      return {};
  }
}

base::Error to_error(const std::vector<Problem>& problems) {
  base::Error error{.code = problems.front().code, .reason = "resource_invalid"};
  for (const Problem& problem : problems) {
    if (!error.message.empty()) error.message += '\n';
    error.message += to_string(problem);
  }
  return error;
}

}  // namespace resource
