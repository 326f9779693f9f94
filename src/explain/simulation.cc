#include "explain/simulation.h"

#include <algorithm>
#include <map>
#include <optional>

#include "explain/made_up_request.h"
#include "explain/made_up_subject.h"
#include "policy/authorization_block.h"
#include "policy/explanation.h"
#include "resource/name.h"
#include "resource/service_hosts.h"

namespace explain {
namespace {

using resource::Kind;
using resource::Message;
using resource::References;

std::string domain_of(const References& resources) {
  const auto cluster = resources.get(Kind::kClusterConfig, "default");
  if (cluster == nullptr) return "";
  return static_cast<const corev1::ClusterConfig&>(*cluster).status().domain();
}

// What a clock can say: the years 1678 to 2261.
base::Result<base::WallTime> to_wall_time(const google::protobuf::Timestamp& time) {
  constexpr std::int64_t kFurthest = 9'200'000'000;
  if (time.seconds() < -kFurthest || time.seconds() > kFurthest || time.nanos() < 0 ||
      time.nanos() > 999'999'999)
    return base::fail_invalid("time_out_of_range", "the time is outside the years 1678 to 2261");
  return base::WallTime(std::chrono::seconds(time.seconds()) +
                        std::chrono::nanoseconds(time.nanos()));
}

// The Policies of those names, and their parents.
void add_policies(const auto& names, const References& resources, policy::PolicySet& set) {
  for (std::string_view name : names) {
    for (; !name.empty(); name = resource::parent_policy_name(name)) {
      if (set.find(name) != nullptr) continue;
      if (const auto found = resources.get(Kind::kPolicy, name))
        set = set.with(static_cast<const corev1::Policy&>(*found));
    }
  }
}

// By name, as everywhere.
std::shared_ptr<const std::vector<policy::TriggerRules>> trigger_rules(
    const References& resources) {
  std::map<std::string, std::shared_ptr<const policy::Trigger>> triggers;
  policy::PolicySet policies;
  resources.for_each(Kind::kPolicyTrigger, [&](const Message& resource) {
    auto trigger = policy::Trigger::compile(static_cast<const corev1::PolicyTrigger&>(resource));
    if (trigger != nullptr && trigger->authorization != nullptr)
      add_policies(trigger->authorization->names(), resources, policies);
    if (trigger != nullptr) triggers[resource::metadata_of(resource).name()] = std::move(trigger);
    return References::Visit::kContinue;
  });
  if (triggers.empty()) return nullptr;
  auto out = std::make_shared<std::vector<policy::TriggerRules>>();
  for (const auto& [name, trigger] : triggers)
    out->push_back({trigger, policy::RuleList::make(trigger->authorization, policies)});
  return out;
}

struct Rules {
  policy::ServiceRules service;
  std::optional<policy::SubjectRules> subject;  // nullopt for nobody
};

Rules compile_rules(const References& resources, const policy::Subject& subject) {
  const auto cluster = resources.get(Kind::kClusterConfig, "default");
  std::vector<const Message*> owners = {subject.service, subject.name_space};
  if (cluster != nullptr) owners.push_back(cluster.get());
  if (subject.session != nullptr) {
    owners.insert(owners.end(), {subject.user, subject.session});
    owners.insert(owners.end(), subject.groups.begin(), subject.groups.end());
    if (subject.device != nullptr) owners.push_back(subject.device);
  }
  policy::PolicySet policies;
  for (const Message* owner : owners) {
    policy::visit_authorization(
        *owner, [&](const auto& names, const auto&) { add_policies(names, resources, policies); });
  }
  const auto rules_of = [&](const Message& owner) {
    return policy::RuleList::make(policy::Authorization::compile(owner), policies);
  };
  Rules out;
  out.service.service = rules_of(*subject.service);
  out.service.name_space = rules_of(*subject.name_space);
  if (cluster != nullptr) out.service.cluster = rules_of(*cluster);
  out.service.triggers = trigger_rules(resources);
  policy::AuthorizationCache cache(0);  // what is made up has no uid or version of its own
  if (subject.session != nullptr) out.subject = policy::prepare_subject(subject, policies, cache);
  return out;
}

// An answer that comes before any policy is asked.
extv1::Explanation refused(const corev1::Service& service, const policy::RequestView& view,
                           std::string_view code, std::string_view detail) {
  extv1::Explanation out;
  auto& asked = *out.mutable_asked();
  asked.set_service(service.metadata().name());
  asked.set_method(std::string(view.method));
  asked.set_path(std::string(view.path));
  asked.set_host(std::string(view.host));
  policy::fill_decision({.code = code, .detail = detail}, out);
  return out;
}

}  // namespace

Simulation::Simulation(const References& resources)
    : resources_(resources), domain_(domain_of(resources)) {}

base::Result<std::shared_ptr<const corev1::Service>> Simulation::find_service(
    const std::string& name) const {
  auto found = resources_.get(Kind::kService, resource::full_name(Kind::kService, name));
  if (found == nullptr) {
    resources_.for_each(Kind::kService, [&](const Message& service) {
      const std::string& full = resource::metadata_of(service).name();
      const auto hosts = resource::public_hosts(full, domain_);
      if (std::ranges::find(hosts, name) == hosts.end()) return References::Visit::kContinue;
      found = resources_.get(Kind::kService, full);
      return References::Visit::kStop;
    });
  }
  if (found == nullptr) return std::unexpected(unknown(Kind::kService, name, resources_));
  return std::static_pointer_cast<const corev1::Service>(found);
}

base::Result<extv1::Explanation> Simulation::run(const extv1::Hypothetical& hypothetical,
                                                 base::WallTime now) const {
  if (hypothetical.has_time()) {
    BASE_ASSIGN(now, to_wall_time(hypothetical.time()));
  }
  BASE_ASSIGN(const auto service, find_service(hypothetical.service()));
  const std::string& name = service->metadata().name();
  const auto hosts = resource::public_hosts(name, domain_);
  const bool is_grpc = service->spec().mode() == corev1::Service::Spec::GRPC;
  // The host that was named; else the shortest, which is the one that people use.
  const auto asked = std::ranges::find(hosts, hypothetical.service());
  const std::string& host = asked == hosts.end() ? hosts.back() : *asked;
  BASE_ASSIGN(const auto request, MadeUpRequest::make(hypothetical.request(), host, is_grpc));
  const auto refuse = [&](std::string_view code, std::string_view detail) {
    extv1::Explanation out = refused(*service, request->view(), code, detail);
    out.set_ishypothetical(true);
    return out;
  };
  if (!service->spec().ispublic())
    return refuse("service_not_public", "the gateway answers for Services with isPublic only");
  if (service->spec().isdisabled()) return refuse("service_disabled", "the Service has isDisabled");
  const auto name_space =
      resources_.get(Kind::kNamespace, resource::split_service_name(name).in_namespace);
  if (name_space == nullptr) return refuse("service_broken", "its Namespace does not exist");

  std::vector<resource::Problem> problems;
  const auto dynamic = policy::DynamicConfig::compile(*service, &problems);
  if (!problems.empty())
    return refuse("service_broken", problems.front().path + ": " + problems.front().message);

  const policy::Access access = policy::access_of(*service);
  std::optional<MadeUpSubject> caller;
  if (access == policy::Access::kAuthenticated) {
    if (!hypothetical.has_identity() || hypothetical.identity().user().empty())
      return refuse("token_missing", "the Service is not anonymous, so somebody has to ask");
    BASE_ASSIGN(caller, MadeUpSubject::make(hypothetical.identity(), resources_, now));
  }
  policy::Subject subject = caller ? caller->subject() : policy::Subject{};
  subject.service = service.get();
  subject.name_space = static_cast<const corev1::Namespace*>(name_space.get());
  const Rules rules = compile_rules(resources_, subject);

  // Rules are compiled from the Namespace even where none is asked; configs do not see it then.
  if (access == policy::Access::kAnonymous) subject.name_space = nullptr;
  policy::RequestContext context(request->view(), subject, now);
  extv1::Explanation out;
  policy::explain(context,
                  {.access = access,
                   .rules = rules.service,
                   .subject = rules.subject ? &*rules.subject : nullptr,
                   .dynamic = dynamic.get()},
                  policy::Disclosure::kEverything, out);
  out.set_ishypothetical(true);
  return out;
}

}  // namespace explain
