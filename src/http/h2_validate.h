#pragma once

#include "http/message.h"
#include "http/reject.h"

namespace http {

// The rules for a request head that came in by HTTP/2 (RFC 9113 §8) beyond those that the codec
// enforces: fills in ids, framing facts and flags, and applies the same header rules as for HTTP/1.
Reject validate_h2_request(RequestHead& head);

// Sets ids and says whether every field may be a trailer: those about framing, routing, identity,
// the connection and the reading of the content may not (RFC 9110 §6.5.1). They are marked as not
// to be forwarded.
bool validate_trailers(FieldList& trailers);

}  // namespace http
