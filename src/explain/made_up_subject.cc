#include "explain/made_up_subject.h"

#include <fmt/format.h>

#include "base/suggest.h"
#include "resource/quoted.h"

namespace explain {
namespace {

using resource::Kind;

constexpr std::int64_t kSessionSeconds = 3600;
// Of resources that are not stored.
constexpr std::string_view kNoUid = "00000000-0000-4000-8000-000000000000";

template <typename T>
void refer(const T& to, std::string_view kind, resource::metav1::ObjectReference& out) {
  out.set_apiversion("core/v1");
  out.set_kind(std::string(kind));
  out.set_name(to.metadata().name());
  out.set_uid(to.metadata().uid());
}

corev1::Session make_session(const extv1::Identity& identity, const corev1::User& user,
                             std::int64_t now) {
  corev1::Session session;
  session.set_apiversion("core/v1");
  session.set_kind("Session");
  session.mutable_metadata()->set_name(user.metadata().name() + "-made-up");
  session.mutable_metadata()->set_uid(std::string(kNoUid));
  session.mutable_spec()->set_state(corev1::Session::Spec::ACTIVE);
  session.mutable_spec()->mutable_expiresat()->set_seconds(now + kSessionSeconds);
  auto& status = *session.mutable_status();
  status.set_type(corev1::Session::Status::CLIENTLESS);
  refer(user, "User", *status.mutable_userref());
  status.mutable_authentication()->mutable_setat()->set_seconds(now);
  session.MergeFrom(identity.session());
  return session;
}

corev1::Device make_device(const extv1::Identity& identity, const corev1::User& user) {
  corev1::Device device;
  device.set_apiversion("core/v1");
  device.set_kind("Device");
  device.mutable_metadata()->set_name(user.metadata().name() + "-device-made-up");
  device.mutable_metadata()->set_uid(std::string(kNoUid));
  device.mutable_spec()->set_state(corev1::Device::Spec::ACTIVE);
  refer(user, "User", *device.mutable_status()->mutable_userref());
  device.MergeFrom(identity.device());
  return device;
}

}  // namespace

base::Result<MadeUpSubject> MadeUpSubject::make(const extv1::Identity& identity,
                                                const resource::References& resources,
                                                base::WallTime now) {
  MadeUpSubject out;
  const auto user = resources.get(Kind::kUser, identity.user());
  if (user == nullptr) return std::unexpected(unknown(Kind::kUser, identity.user(), resources));
  out.user_ = static_cast<const corev1::User&>(*user);
  if (identity.groups_size() > 0) *out.user_.mutable_spec()->mutable_groups() = identity.groups();
  for (const std::string& name : out.user_.spec().groups()) {
    auto group = resources.get(Kind::kGroup, name);
    if (group == nullptr && identity.groups_size() > 0)
      return std::unexpected(unknown(Kind::kGroup, name, resources));
    if (group == nullptr) continue;  // as for a Session: gone, and so is what it granted
    out.groups_.push_back(static_cast<const corev1::Group*>(group.get()));
    out.kept_.push_back(std::move(group));
  }
  out.session_ = make_session(identity, out.user_, base::to_seconds(now));
  if (identity.has_device()) {
    out.device_ = make_device(identity, out.user_);
    refer(*out.device_, "Device", *out.session_.mutable_status()->mutable_deviceref());
  }
  return out;
}

policy::Subject MadeUpSubject::subject() const {
  policy::Subject out;
  out.session = &session_;
  out.user = &user_;
  out.groups = groups_;
  out.device = device_ ? &*device_ : nullptr;
  return out;
}

base::Error unknown(Kind kind, const std::string& name, const resource::References& resources) {
  std::vector<std::string> names;
  resources.for_each(kind, [&](const resource::Message& resource) {
    names.push_back(resource::metadata_of(resource).name());
    // "api" is as good a name of a Service as "api.default".
    if (kind == Kind::kService && names.back().ends_with(".default"))
      names.push_back(names.back().substr(0, names.back().size() - 8));
    return resource::References::Visit::kContinue;
  });
  const std::vector<std::string_view> views(names.begin(), names.end());
  const std::string_view near = base::nearest(name, views);
  return {.code = base::Code::kNotFound,
          .source = base::Source::kDownstream,
          .reason = "not_found",
          .message = fmt::format("the {} {} does not exist{}", resource::kind_name(kind),
                                 resource::quoted(name),
                                 near.empty() ? "" : fmt::format("; did you mean \"{}\"?", near))};
}

}  // namespace explain
