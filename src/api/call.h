#pragma once

#include <string>
#include <string_view>

#include "store/store.h"

namespace api {

namespace corev1 = resource::corev1;
namespace metav1 = resource::metav1;
using resource::Kind;
using resource::Message;

// One call as the handlers see it. Views live as long as the call.
struct Call {
  std::string_view method;       // "octelium.api.main.core.v1.MainService/GetUser"
  std::string_view session_uid;  // of the caller; empty for calls without identity
  std::string_view client_address;
  std::string_view user_agent;
  std::string_view refresh_token;
  bool is_dry_run = false;
};

// The calling Session, as it is in the store.
struct Caller {
  std::shared_ptr<const corev1::Session> session;

  std::string_view user_uid() const { return session->status().userref().uid(); }
  store::Actor actor(const Call& call) const;
};

// kUnauthenticated when the call has no Session, or one that is gone.
base::Result<Caller> find_caller(store::Store& store, const Call& call);

}  // namespace api
