#include "api/core_service.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <utility>

#include "api/admission.h"
#include "api/deletion.h"
#include "api/fields.h"
#include "api/listing.h"
#include "api/lookup.h"
#include "base/random.h"

namespace api {
namespace {

using resource::kind_name;
using resource::metadata_of;
using resource::mutable_metadata_of;

constexpr const char* kClusterConfigName = "default";

// A missing spec means an empty one where an empty one is valid: some clients do not send empty
// messages.
bool may_lack_spec(Kind kind) {
  return kind == Kind::kGroup || kind == Kind::kNamespace || kind == Kind::kSecret ||
         kind == Kind::kConfig;
}

bool keeps_metadata(Kind kind) {
  return kind == Kind::kSession || kind == Kind::kDevice || kind == Kind::kAuthenticator;
}

// Writes whose checks would be void if another write came between check and commit: names that
// Namespaces and Services share, addresses and identities that only one User may have, and
// deletions of what others may be about to refer to.
enum class Write : std::uint8_t { kCreate, kUpdate, kDelete };
bool needs_to_be_alone(Kind kind, Write write) {
  return write == Write::kDelete ? kind != Kind::kSession
                                 : kind == Kind::kNamespace || kind == Kind::kUser;
}

class AdmissionLock {
 public:
  AdmissionLock(std::shared_mutex& mutex, Kind kind, Write write) {
    if (needs_to_be_alone(kind, write))
      alone_ = std::unique_lock(mutex);
    else
      beside_ = std::shared_lock(mutex);
  }

 private:
  std::unique_lock<std::shared_mutex> alone_;
  std::shared_lock<std::shared_mutex> beside_;
};

base::Result<void> check_parts(Kind kind, const Message& request) {
  if (!has_field(request, "metadata"))
    return base::fail_invalid("metadata_missing", "metadata: must be set");
  if (!has_field(request, "spec") && !may_lack_spec(kind))
    return base::fail_invalid("spec_missing", "spec: Resource spec must be set");
  const auto& uid = metadata_of(request).uid();
  if (!uid.empty() && !base::is_uuid_v4(uid))
    return base::fail_invalid("uid_malformed", "metadata.uid: must be a UUID version 4");
  return {};
}

// What the client writes, and nothing else, put into `to`.
void copy_content(const Message& request, Message& to) {
  copy_field(request, to, "spec");
  mutable_field(to, "spec");
  if (to.GetDescriptor()->FindFieldByName("data") != nullptr) copy_field(request, to, "data");
}

std::unexpected<base::Error> fail_hidden(const Message& resource) {
  return base::fail(
      base::Code::kPermissionDenied, "resource_hidden",
      fmt::format("The {} {} belongs to the cluster itself", kind_name(resource::kind_of(resource)),
                  metadata_of(resource).name()));
}

}  // namespace

CoreService::CoreService(store::Store& store, identity::Authenticator& authenticator,
                         const base::Clock& clock,
                         std::function<void(store::Sequence)> wait_applied)
    : store_(store),
      authenticator_(authenticator),
      clock_(clock),
      wait_applied_(std::move(wait_applied)) {}

void CoreService::add_methods(Router& router) {
  using Verb = Answer (CoreService::*)(Kind, const Call&, const Message&);
  const std::pair<std::string_view, Verb> verbs[] = {{"Create", &CoreService::create},
                                                     {"Get", &CoreService::get},
                                                     {"List", &CoreService::list},
                                                     {"Update", &CoreService::update},
                                                     {"Delete", &CoreService::remove}};
  const auto& service = service_beside<corev1::Service>();
  for (int i = 0; i < service.method_count(); ++i) {
    const std::string_view name = service.method(i)->name();
    for (const auto& entry : verbs) {
      const std::string_view prefix = entry.first;
      const auto kind = name.starts_with(prefix) ? resource::parse_kind(name.substr(prefix.size()))
                                                 : std::nullopt;
      if (!kind) continue;
      router.add(service, std::string(name),
                 [this, verb = entry.second, of = *kind](const Call& call, const Message& request) {
                   return (this->*verb)(of, call, request);
                 });
    }
  }
  router.add(service, "GetClusterConfig",
             [this](const Call& call, const Message&) { return get_cluster_config(call); });
  router.add(service, "UpdateClusterConfig", [this](const Call& call, const Message& request) {
    return update_cluster_config(call, request);
  });
  router.add(service, "GenerateCredentialToken", [this](const Call& call, const Message& request) {
    return generate_token(call, request);
  });
}

Answer CoreService::create(Kind kind, const Call& call, const Message& request) {
  BASE_ASSIGN(const Caller caller, find_caller(store_, call));
  BASE_TRY(check_parts(kind, request));
  auto draft = resource::make_message(kind);
  auto& metadata = mutable_metadata_of(*draft);
  metadata.set_name(metadata_of(request).name());
  copy_client_metadata(metadata_of(request), metadata);
  copy_content(request, *draft);
  mutable_field(*draft, "status");

  std::optional<AdmissionLock> lock(std::in_place, admission_, kind, Write::kCreate);
  BASE_TRY(admit(store_, *draft, nullptr, clock_.now()));
  if (call.is_dry_run) return shown(*draft);
  auto written = store_.create(std::move(draft), caller.actor(call));
  lock.reset();
  return answer_written(std::move(written));
}

Answer CoreService::get(Kind kind, const Call& call, const Message& request) {
  BASE_TRY(find_caller(store_, call));
  const auto& options = static_cast<const metav1::GetOptions&>(request);
  BASE_ASSIGN(const auto found, find_one(store_, kind, options.name(), options.uid()));
  if (metadata_of(*found).issystemhidden()) return fail_hidden(*found);
  return shown(*found);
}

Answer CoreService::list(Kind kind, const Call& call, const Message& request) {
  BASE_TRY(find_caller(store_, call));
  BASE_ASSIGN(const auto options, read_list_options(store_, request));
  BASE_ASSIGN(const auto page, store_.list(kind, options));
  const auto* type = request.GetDescriptor()->file()->FindMessageTypeByName(
      fmt::format("{}List", kind_name(kind)));
  std::unique_ptr<Message> out(
      google::protobuf::MessageFactory::generated_factory()->GetPrototype(type)->New());
  BASE_TRY(fill_list(page, options, "core/v1", shown, *out));
  return out;
}

Answer CoreService::update(Kind kind, const Call& call, const Message& request) {
  BASE_ASSIGN(const Caller caller, find_caller(store_, call));
  BASE_TRY(check_parts(kind, request));
  const auto& metadata = metadata_of(request);
  BASE_ASSIGN(const auto stored, find_one(store_, kind, metadata.name(), metadata.uid()));
  return change(stored, request, call, caller);
}

Answer CoreService::change(const store::Resource& stored, const Message& request, const Call& call,
                           const Caller& caller) {
  const Kind kind = resource::kind_of(*stored);
  auto candidate = copy_of(*stored);
  if (!keeps_metadata(kind))
    copy_client_metadata(metadata_of(request), mutable_metadata_of(*candidate));
  copy_content(request, *candidate);
  BASE_TRY(check_self_protection(*candidate, caller));

  std::optional<AdmissionLock> lock(std::in_place, admission_, kind, Write::kUpdate);
  BASE_TRY(admit(store_, *candidate, stored.get(), clock_.now()));
  if (call.is_dry_run) return shown(*candidate);
  auto written = store_.update(std::move(candidate), metadata_of(*stored).resourceversion(),
                               caller.actor(call));
  lock.reset();
  return answer_written(std::move(written));
}

Answer CoreService::answer_written(base::Result<store::Written> written) {
  if (!written) return std::unexpected(std::move(written).error());
  // Also after a write that changed nothing: what it found may be on its way to the data plane.
  wait_applied_(written->sequence);
  return shown(*written->resource);
}

Answer CoreService::remove(Kind kind, const Call& call, const Message& request) {
  BASE_ASSIGN(const Caller caller, find_caller(store_, call));
  const auto& options = static_cast<const metav1::DeleteOptions&>(request);
  std::optional<AdmissionLock> lock(std::in_place, admission_, kind, Write::kDelete);
  BASE_ASSIGN(const auto found, find_one(store_, kind, options.name(), options.uid()));
  BASE_TRY(check_deletion(store_, *found, caller));
  if (call.is_dry_run) return std::make_unique<metav1::OperationResult>();
  BASE_ASSIGN(store::Sequence last, store_.remove(kind, metadata_of(*found).uid()));
  lock.reset();
  // After the resource itself: once a User is gone it gets no new Sessions.
  BASE_ASSIGN(const store::Sequence dependents, delete_dependents(store_, *found));
  last = std::max(last, dependents);
  wait_applied_(last);
  return std::make_unique<metav1::OperationResult>();
}

Answer CoreService::get_cluster_config(const Call& call) {
  BASE_TRY(find_caller(store_, call));
  BASE_ASSIGN(const auto found, store_.get(Kind::kClusterConfig, kClusterConfigName));
  return shown(*found);
}

// The one system resource that is there to be changed; its name in the request does not matter.
Answer CoreService::update_cluster_config(const Call& call, const Message& request) {
  BASE_ASSIGN(const Caller caller, find_caller(store_, call));
  BASE_TRY(check_parts(Kind::kClusterConfig, request));
  BASE_ASSIGN(const auto stored, store_.get(Kind::kClusterConfig, kClusterConfigName));
  return change(stored, request, call, caller);
}

Answer CoreService::generate_token(const Call& call, const Message& message) {
  BASE_ASSIGN(const Caller caller, find_caller(store_, call));
  const auto& request = static_cast<const corev1::GenerateCredentialTokenRequest&>(message);
  const auto& reference = request.credentialref();
  BASE_ASSIGN(const auto credential,
              find_one(store_, Kind::kCredential, reference.name(), reference.uid()));
  if (call.is_dry_run)
    return base::fail_invalid("dry_run", "A token cannot be generated without ending the old one");
  BASE_ASSIGN(auto token, authenticator_.generate_credential_token(reference_to(*credential),
                                                                   caller.actor(call)));
  return std::make_unique<corev1::CredentialToken>(std::move(token));
}

}  // namespace api
