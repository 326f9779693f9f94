#include "policy/scope.h"

#include <algorithm>

#include "resource/builtin.h"
#include "resource/name.h"

namespace policy {
namespace {

using corev1::Scope;
using Names = google::protobuf::RepeatedPtrField<std::string>;

template <typename Matches>
bool covers(const Names& names, Matches matches) {
  return names.empty() || std::ranges::any_of(names, [&](const std::string& name) {
           return name == "*" || matches(name);
         });
}

bool covers(const Scope::Service& scope, const corev1::Service& service) {
  if (scope.type_case() == Scope::Service::kAll) return true;
  const Names& names = scope.filter().names();
  const Names& namespaces = scope.filter().namespaces();
  if (names.empty() && namespaces.empty()) return false;
  const std::string& full = service.metadata().name();
  const resource::ServiceName name = resource::split_service_name(full);
  return covers(names,
                [&](std::string_view wanted) {
                  return wanted == (wanted.find('.') == std::string_view::npos
                                        ? name.service
                                        : std::string_view(full));
                }) &&
         covers(namespaces, [&](std::string_view wanted) { return wanted == name.in_namespace; });
}

bool is_api(const corev1::Service& service) {
  return service.spec().mode() == corev1::Service::Spec::GRPC &&
         service.status().managedservice().type() == "apiserver" &&
         resource::split_service_name(service.metadata().name()).in_namespace ==
             resource::kApiNamespace;
}

bool covers(const Scope::API& scope, const corev1::Service& service, const RequestView& request) {
  if (!is_api(service)) return false;
  if (scope.type_case() == Scope::API::kAll) return true;
  const Scope::API::Filter& filter = scope.filter();
  if (filter.packages().empty() && filter.services().empty() && filter.methods().empty())
    return false;
  const auto is = [](std::string_view text) {
    return [text](std::string_view wanted) { return wanted == text; };
  };
  return covers(filter.packages(), is(request.grpc.package)) &&
         covers(filter.services(), is(request.grpc.service)) &&
         covers(filter.methods(), is(request.grpc.method));
}

}  // namespace

bool is_in_scope(const corev1::Session& session, const corev1::Service& service,
                 const RequestView& request) {
  const auto& scopes = session.status().scopes();
  return scopes.empty() || std::ranges::any_of(scopes, [&](const Scope& scope) {
           switch (scope.type_case()) {
             case Scope::kService:
               return covers(scope.service(), service);
             case Scope::kApi:
               return covers(scope.api(), service, request);
             case Scope::TYPE_NOT_SET:
               break;
           }
           return false;
         });
}

}  // namespace policy
