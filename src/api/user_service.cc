#include "api/user_service.h"

#include "api/fields.h"
#include "api/listing.h"
#include "api/lookup.h"
#include "userv1.pb.h"

namespace api {
namespace {

namespace userv1 = octelium::api::main::user::v1;
using resource::metadata_of;

template <typename T>
base::Result<std::shared_ptr<const T>> get(store::Store& store, Kind kind, std::string_view uid) {
  BASE_ASSIGN(auto found, store.get_by_uid(kind, uid));
  return std::static_pointer_cast<const T>(found);
}

void set_metadata(const metav1::Metadata& from, metav1::Metadata& to) {
  to.set_uid(from.uid());
  to.set_name(from.name());
  to.set_displayname(from.displayname());
  to.set_description(from.description());
}

std::unique_ptr<Message> service_for_user(const Message& resource) {
  const auto& service = static_cast<const corev1::Service&>(resource);
  auto out = std::make_unique<userv1::Service>();
  out->set_apiversion("user/v1");
  out->set_kind("Service");
  set_metadata(service.metadata(), *out->mutable_metadata());
  auto& spec = *out->mutable_spec();
  spec.set_port(service.status().port());
  spec.set_type(static_cast<userv1::Service::Spec::Type>(service.spec().mode()));
  spec.set_istls(service.spec().istls());
  spec.set_ispublic(service.spec().ispublic());
  auto& status = *out->mutable_status();
  status.set_namespace_(service.status().namespaceref().name());
  status.set_primaryhostname(service.status().primaryhostname());
  for (const auto& address : service.status().addresses()) {
    if (!address.dualstackip().ipv4().empty()) status.add_addresses(address.dualstackip().ipv4());
    if (!address.dualstackip().ipv6().empty()) status.add_addresses(address.dualstackip().ipv6());
  }
  return out;
}

std::unique_ptr<Message> namespace_for_user(const Message& resource) {
  auto out = std::make_unique<userv1::Namespace>();
  out->set_apiversion("user/v1");
  out->set_kind("Namespace");
  set_metadata(metadata_of(resource), *out->mutable_metadata());
  out->mutable_spec();
  out->mutable_status();
  return out;
}

// The two enums have the same numbers by declaration of the schema.
static_assert(static_cast<int>(userv1::Service::Spec::LLM) ==
              static_cast<int>(corev1::Service::Spec::LLM));

void set_cluster(store::Store& store, userv1::GetStatusResponse& out) {
  auto& metadata = *out.mutable_cluster()->mutable_metadata();
  const auto config = store.get(Kind::kClusterConfig, "default");
  if (!config) return;
  metadata.set_displayname(metadata_of(**config).displayname());
  metadata.set_description(metadata_of(**config).description());
}

Answer get_status(store::Store& store, const std::string& domain, const Call& call) {
  BASE_ASSIGN(const Caller caller, find_caller(store, call));
  const auto& session = *caller.session;
  BASE_ASSIGN(const auto user, get<corev1::User>(store, Kind::kUser, caller.user_uid()));
  auto out = std::make_unique<userv1::GetStatusResponse>();
  out->set_domain(domain);
  set_cluster(store, *out);

  auto& of_user = *out->mutable_user();
  set_metadata(user->metadata(), *of_user.mutable_metadata());
  of_user.mutable_metadata()->set_picurl(user->metadata().picurl());
  of_user.mutable_spec()->set_email(user->spec().email());
  of_user.mutable_spec()->set_type(
      static_cast<userv1::GetStatusResponse::User::Spec::Type>(user->spec().type()));
  of_user.mutable_status();

  auto& of_session = *out->mutable_session();
  of_session.mutable_metadata()->set_uid(session.metadata().uid());
  of_session.mutable_metadata()->set_name(session.metadata().name());
  of_session.mutable_metadata()->set_picurl(session.metadata().picurl());
  of_session.mutable_spec();
  of_session.mutable_status()->set_type(
      static_cast<userv1::GetStatusResponse::Session::Status::Type>(session.status().type()));
  of_session.mutable_status()->set_isconnected(session.status().isconnected());
  return out;
}

bool is_visible(const Message& resource) { return !metadata_of(resource).isuserhidden(); }

Answer list_namespaces(store::Store& store, const Call& call, const Message& request) {
  BASE_TRY(find_caller(store, call));
  BASE_ASSIGN(auto options, read_list_options(store, request));
  options.filter = is_visible;
  BASE_ASSIGN(const auto page, store.list(Kind::kNamespace, options));
  auto out = std::make_unique<userv1::NamespaceList>();
  BASE_TRY(fill_list(page, options, "user/v1", namespace_for_user, *out));
  return out;
}

Answer list_services(store::Store& store, const Call& call, const Message& message) {
  BASE_TRY(find_caller(store, call));
  const auto& request = static_cast<const userv1::ListServiceOptions&>(message);
  BASE_ASSIGN(auto options, read_list_options(store, request));
  if (!request.namespace_().empty())
    BASE_TRY(find_one(store, Kind::kNamespace, request.namespace_(), ""));
  options.filter = [&request](const Message& item) {
    const auto& service = static_cast<const corev1::Service&>(item);
    return is_visible(item) &&
           (request.namespace_().empty() ||
            service.status().namespaceref().name() == request.namespace_()) &&
           (request.type() == userv1::Service::Spec::UNSET ||
            static_cast<int>(request.type()) == static_cast<int>(service.spec().mode()));
  };
  BASE_ASSIGN(const auto page, store.list(Kind::kService, options));
  auto out = std::make_unique<userv1::ServiceList>();
  BASE_TRY(fill_list(page, options, "user/v1", service_for_user, *out));
  return out;
}

Answer get_service(store::Store& store, const Call& call, const Message& message) {
  BASE_TRY(find_caller(store, call));
  const auto& request = static_cast<const metav1::GetOptions&>(message);
  BASE_ASSIGN(const auto service, find_one(store, Kind::kService, request.name(), request.uid()));
  if (!is_visible(*service) || metadata_of(*service).issystemhidden())
    return base::fail(base::Code::kPermissionDenied, "resource_hidden",
                      "This Service cannot be seen by Users");
  return service_for_user(*service);
}

}  // namespace

void add_user_methods(Router& router, store::Store& store, std::string domain) {
  const auto& service = service_beside<userv1::GetStatusResponse>();
  router.add(service, "GetStatus",
             [&store, domain = std::move(domain)](const Call& call, const Message&) {
               return get_status(store, domain, call);
             });
  const auto add = [&](const char* method,
                       Answer (*handler)(store::Store&, const Call&, const Message&)) {
    router.add(service, method, [&store, handler](const Call& call, const Message& request) {
      return handler(store, call, request);
    });
  };
  add("ListNamespace", list_namespaces);
  add("ListService", list_services);
  add("GetService", get_service);
}

}  // namespace api
