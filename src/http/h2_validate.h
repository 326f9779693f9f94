#pragma once

#include "http/message.h"
#include "http/reject.h"

namespace http {

// The rules for a request head that came in by HTTP/2 (RFC 9113 §8) beyond those that the codec enforces: fills in
// ids, framing facts and flags, and applies the same header rules as for HTTP/1.
Reject validate_h2_request(RequestHead& head);

// Sets ids and says whether every field may be a trailer: framing, routing, identity and connection fields may not.
bool validate_trailers(FieldList& trailers);

}  // namespace http
