#include "policy/subject_rules.h"

#include "base/clock.h"
#include "resource/duration.h"

namespace policy {
namespace {

using Reason = corev1::AccessLog::Entry::Common::Reason;
using Session = corev1::Session;

// The first second in which an access token of this authentication no longer holds; 0: no limit.
std::int64_t access_expiry(const Session::Status::Authentication& authentication) {
  if (!authentication.has_accesstokenduration()) return 0;
  const auto length = std::chrono::ceil<std::chrono::seconds>(
      resource::length_of(authentication.accesstokenduration()));
  return authentication.setat().seconds() + length.count();
}

// An action that this version does not know asks for more than it can tell.
ReasonType refused_action(Session::Status::AuthenticatorAction action) {
  switch (action) {
    case Session::Status::AUTHENTICATOR_ACTION_UNSET:
    case Session::Status::AUTHENTICATION_RECOMMENDED:
    case Session::Status::REGISTRATION_RECOMMENDED:
      return Reason::TYPE_UNKNOWN_REASON;
    case Session::Status::REGISTRATION_REQUIRED:
      return Reason::AUTHENTICATOR_REGISTRATION_REQUIRED;
    default:
      return Reason::AUTHENTICATOR_AUTHENTICATION_REQUIRED;
  }
}

// The checks between the Session's expiry and the Service's kind, in their order.
ReasonType first_refusal(const Subject& subject) {
  const Session::Status& session = subject.session->status();
  if (session.islocked()) return Reason::SESSION_LOCKED;
  if (subject.user->status().islocked()) return Reason::USER_LOCKED;
  if (const ReasonType reason = refused_action(session.authenticatoraction());
      reason != Reason::TYPE_UNKNOWN_REASON)
    return reason;
  if (const corev1::Device* device = subject.device; device != nullptr) {
    if (device->spec().state() != corev1::Device::Spec::ACTIVE) return Reason::DEVICE_NOT_ACTIVE;
    if (device->status().islocked()) return Reason::DEVICE_LOCKED;
  }
  if (subject.user->spec().isdisabled()) return Reason::USER_DEACTIVATED;
  return Reason::TYPE_UNKNOWN_REASON;
}

}  // namespace

SubjectRules prepare_subject(const Subject& subject, const PolicySet& policies,
                             AuthorizationCache& cache) {
  const Session& session = *subject.session;
  SubjectRules out;
  const auto add = [&](const resource::Message& owner) {
    auto list = RuleList::make(cache.get(owner), policies);
    if (list == nullptr) return;
    out.reads_body |= list->reads_body();
    out.lists.push_back(std::move(list));
  };
  add(*subject.user);
  for (const corev1::Group* group : subject.groups) add(*group);
  add(session);
  if (subject.device != nullptr) add(*subject.device);

  out.state = session.spec().state();
  out.expires_at = session.spec().expiresat().seconds();
  out.access_expires_at = access_expiry(session.status().authentication());
  out.refused = first_refusal(subject);
  out.is_client = session.status().type() == Session::Status::CLIENT;
  return out;
}

}  // namespace policy
