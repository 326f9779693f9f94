#pragma once

#include "policy/request_view.h"
#include "policy/subject.h"

namespace policy {

// Whether the Session's scopes cover the request. No scopes cover everything; otherwise one must.
// Lists of a filter that are not empty must all match, and one of them must be there; `*` matches
// any. API scopes are about the gateway's own API only.
bool is_in_scope(const corev1::Session& session, const corev1::Service& service,
                 const RequestView& request);

}  // namespace policy
