#pragma once

#include "api/call.h"
#include "base/result.h"

namespace api {

// What a client asks of a list: the page, in which order, of which part (spec/resources.md 1.4).
// Read from the `common` field and the reference fields of a List<Kind>Options message.
//
// kInvalidArgument for a page beyond 10000 or a filter without name and uid, kNotFound for a filter
// that names nothing.
base::Result<store::ListOptions> read_list_options(store::Store& store, const Message& options);

// The page as a <Kind>List message of the type of `out`, each item made by `show`. kNotFound for a
// page after the first that has no items.
using Show = std::function<std::unique_ptr<Message>(const Message&)>;
base::Result<void> fill_list(const store::Page& page, const store::ListOptions& options,
                             std::string_view api_version, const Show& show, Message& out);

}  // namespace api
