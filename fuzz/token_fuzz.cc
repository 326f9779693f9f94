#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>

#include "base/encoding.h"
#include "identity/form.h"
#include "identity/scope.h"
#include "identity/token.h"

namespace {

std::shared_ptr<const identity::KeyRing> ring() {
  identity::KeyRing::Key key;
  key.id.fill(7);
  key.seed = base::Secret(std::string(32, 'k'));
  return *identity::KeyRing::make({&key, 1});
}

void check(bool holds) {
  if (!holds) std::abort();
}

// A text that decodes has one spelling, and no text but ours verifies.
void check_token(std::string_view text, const identity::KeyRing& keys) {
  const auto decoded = identity::decode_token(text);
  if (!decoded) return;
  const std::string_view bytes(reinterpret_cast<const char*>(decoded->bytes.data()),
                               decoded->bytes.size());
  check(base::base64url_encode(bytes) == text);
  check(decoded->token.expires_at >= 0);
  if (!identity::verify_token(*decoded, keys)) return;
  const auto again = identity::sign_token(decoded->token, keys);
  check(again && again->reveal() == text);
}

}  // namespace

// The input is taken as the text of a token, as its bytes, as a form and as a list of scopes.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto keys = ring();
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_token(text, *keys);
  if (size == identity::kTokenBytes) check_token(base::base64url_encode(text), *keys);
  static_cast<void>(identity::parse_form(text));
  if (const auto scopes = identity::parse_scope_list(text))
    check(scopes->size() <= identity::kMaxScopes);
  return 0;
}
