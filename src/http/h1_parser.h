#pragma once

#include <cstddef>
#include <string_view>

#include "http/message.h"
#include "http/reject.h"

namespace http {

struct Limits {
  std::size_t max_head_bytes = 16 * 1024;  // an HTTP/1 head must fit one buffer of the loop
  std::size_t max_fields = 100;
  std::size_t max_name = 256;
  std::size_t max_value = 12 * 1024;
  std::size_t max_target = 8 * 1024;
};

enum class ParseState : std::uint8_t { kNeedMore, kDone, kRejected };

struct Parsed {
  ParseState state = ParseState::kNeedMore;
  std::size_t consumed = 0;  // bytes of the head, when done
  Reject reject = Reject::kNone;
};

// Parses a head from the front of `bytes` (RFC 9112, strictly: CRLF only, no folding, no space
// before a colon, single spaces in the first line; docs/architecture.md has the whole list). The
// views in `out` point into `bytes`. Stateless: with kNeedMore, call again with more bytes and the
// same beginning.
Parsed parse_request(std::string_view bytes, const Limits& limits, RequestHead& out);

// Likewise for a response to a request of `method`, which decides whether there is a body. Interim
// responses come out as heads of their own.
Parsed parse_response(std::string_view bytes, const Limits& limits, std::string_view method,
                      ResponseHead& out);

// `Content-Length`: digits only, at most 2^63-1 (RFC 9110 §8.6).
std::optional<std::uint64_t> parse_content_length(std::string_view text);

}  // namespace http
