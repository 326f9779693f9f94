#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"
#include "identity/key_ring.h"
#include "identity/uid.h"

namespace identity {

enum class TokenType : std::uint8_t { kAccess = 1, kRefresh = 2, kCredential = 3 };

// What a token says. The subject is the uid of a Session, or of a Credential for kCredential;
// `token_id` is the one that the subject's record must hold for the token to be good.
struct Token {
  TokenType type = TokenType::kAccess;
  Uid subject;
  Uid token_id;
  std::int64_t expires_at = 0;  // seconds since the epoch; 0: the subject's record decides alone

  bool operator==(const Token&) const = default;
};

// The text form: 114 bytes in base64url, which is 152 characters of [A-Za-z0-9_-] and no padding,
// fit for headers, cookies, URLs and forms.
//
//   version 1 | type 1 | key id 8 | subject 16 | token id 16 | expiry 8, big-endian | signature 64
//
// 114 is a multiple of three, so every text has exactly one decoding and no spare bits: a token has
// one spelling. The signature covers a fixed prefix and everything before it.
inline constexpr std::size_t kTokenBytes = 114;
inline constexpr std::size_t kTokenChars = 152;

// A token whose signature was not looked at yet. Nothing in it may be believed except for finding
// out whether verifying is worth the time.
struct UnverifiedToken {
  Token token;
  KeyId key_id{};
  std::array<unsigned char, kTokenBytes> bytes{};
};

// Reads the layout only: nullopt for a wrong length, a foreign character, an unknown version or
// type, a negative expiry. Does not allocate.
std::optional<UnverifiedToken> decode_token(std::string_view text);

// Whether the signature is that of a key in the ring.
bool verify_token(const UnverifiedToken& token, const KeyRing& ring);

// Both steps, and that the type is the expected one. Reasons: token_malformed,
// token_bad_signature, token_wrong_type. Does not look at the expiry.
base::Result<Token> read_token(std::string_view text, TokenType expected, const KeyRing& ring);

base::Result<base::Secret> sign_token(const Token& token, const KeyRing& ring);

}  // namespace identity
