#pragma once

#include <functional>
#include <string_view>

#include "api/router.h"
#include "base/clock.h"
#include "extv1.pb.h"

namespace api {

// What is kept of a request that was decided; kNotFound says why there is nothing.
using FindExplanation =
    std::function<base::Result<octelium::api::ext::v1::Explanation>(std::string_view request_id)>;

// ext.v1.ExplainService: why a request was, or would be, allowed or denied. Reads only, but shows
// other people's requests: whoever may call it is for Policy to say. All that is referred to
// outlives the router.
void add_explain_methods(Router& router, store::Store& store, const base::Clock& clock,
                         FindExplanation find);

}  // namespace api
