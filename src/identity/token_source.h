#pragma once

#include <cstdint>
#include <string_view>

#include "http/message.h"

namespace identity {

enum class TokenSource : std::uint8_t { kNone, kHeader, kCookie, kBearer };

struct FoundToken {
  TokenSource source = TokenSource::kNone;
  std::string_view token;  // views the field; may be empty or nonsense
};

// The access token of a request: field `X-Octelium-Auth`, else cookie `octelium_auth`, else
// `Authorization: Bearer `. The first source present decides, good or bad. A source that is there
// twice with different values says nothing: its token is empty, which no reader takes for good.
FoundToken find_token(const http::FieldList& fields);

// The refresh token of a call to the authentication API: `x-octelium-refresh-token`, else cookie
// `octelium_rt`.
FoundToken find_refresh_token(const http::FieldList& fields);

}  // namespace identity
