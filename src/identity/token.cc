#include "identity/token.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "base/encoding.h"

namespace identity {
namespace {

constexpr unsigned char kVersion = 1;
// Keeps a signature made for a token from being one for anything else this cluster may sign.
constexpr std::string_view kContext = "octelium gateway token v1:";

constexpr std::size_t kTypeAt = 1;
constexpr std::size_t kKeyIdAt = 2;
constexpr std::size_t kSubjectAt = 10;
constexpr std::size_t kTokenIdAt = 26;
constexpr std::size_t kExpiryAt = 42;
constexpr std::size_t kSignatureAt = 50;
static_assert(kSignatureAt + sizeof(Signature) == kTokenBytes);
static_assert(kTokenBytes % 3 == 0 && kTokenBytes / 3 * 4 == kTokenChars);

using Bytes = std::array<unsigned char, kTokenBytes>;

constexpr std::array<std::int8_t, 256> make_reverse() {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::array<std::int8_t, 256> table{};
  table.fill(-1);
  for (std::size_t i = 0; i < kAlphabet.size(); ++i)
    table[static_cast<unsigned char>(kAlphabet[i])] = static_cast<std::int8_t>(i);
  return table;
}

// base::base64url_decode allocates; this runs for every token that is not in a worker's cache.
bool decode_base64url(std::string_view text, Bytes& out) {
  static constexpr auto kReverse = make_reverse();
  std::size_t at = 0;
  for (std::size_t i = 0; i < kTokenChars; i += 4) {
    int group = 0;
    int bad = 0;
    for (std::size_t j = 0; j < 4; ++j) {
      const int value = kReverse[static_cast<unsigned char>(text[i + j])];
      bad |= value;
      group = (group << 6) | (value & 63);
    }
    if (bad < 0) return false;
    out[at++] = static_cast<unsigned char>(group >> 16);
    out[at++] = static_cast<unsigned char>((group >> 8) & 0xFF);
    out[at++] = static_cast<unsigned char>(group & 0xFF);
  }
  return true;
}

// What the signature is over.
std::array<char, kContext.size() + kSignatureAt> signed_part(const Bytes& bytes) {
  std::array<char, kContext.size() + kSignatureAt> message{};
  std::memcpy(message.data(), kContext.data(), kContext.size());
  std::memcpy(message.data() + kContext.size(), bytes.data(), kSignatureAt);
  return message;
}

}  // namespace

std::optional<UnverifiedToken> decode_token(std::string_view text) {
  UnverifiedToken result;
  Bytes& bytes = result.bytes;
  if (text.size() != kTokenChars || !decode_base64url(text, bytes)) return std::nullopt;
  if (bytes[0] != kVersion || bytes[kTypeAt] < 1 || bytes[kTypeAt] > 3) return std::nullopt;
  std::uint64_t expiry = 0;
  for (std::size_t i = 0; i < 8; ++i) expiry = (expiry << 8u) | bytes[kExpiryAt + i];
  if (expiry > INT64_MAX) return std::nullopt;

  result.token.type = static_cast<TokenType>(bytes[kTypeAt]);
  result.token.expires_at = static_cast<std::int64_t>(expiry);
  std::memcpy(result.key_id.data(), &bytes[kKeyIdAt], result.key_id.size());
  std::memcpy(result.token.subject.bytes.data(), &bytes[kSubjectAt], sizeof(Uid));
  std::memcpy(result.token.token_id.bytes.data(), &bytes[kTokenIdAt], sizeof(Uid));
  return result;
}

bool verify_token(const UnverifiedToken& token, const KeyRing& ring) {
  Signature signature{};
  std::memcpy(signature.data(), &token.bytes[kSignatureAt], signature.size());
  const auto message = signed_part(token.bytes);
  return ring.verify(token.key_id, {message.data(), message.size()}, signature);
}

base::Result<Token> read_token(std::string_view text, TokenType expected, const KeyRing& ring) {
  const auto refuse = [](const char* reason, const char* message) {
    return base::fail(base::Code::kUnauthenticated, reason, message, base::Source::kDownstream);
  };
  const auto decoded = decode_token(text);
  if (!decoded) return refuse("token_malformed", "this is not a token");
  if (!verify_token(*decoded, ring))
    return refuse("token_bad_signature", "the token was not signed by this cluster");
  if (decoded->token.type != expected)
    return refuse("token_wrong_type", "the token is of another type");
  return decoded->token;
}

base::Result<base::Secret> sign_token(const Token& token, const KeyRing& ring) {
  Bytes bytes{};
  bytes[0] = kVersion;
  bytes[kTypeAt] = static_cast<unsigned char>(token.type);
  std::memcpy(&bytes[kKeyIdAt], ring.newest().data(), ring.newest().size());
  std::memcpy(&bytes[kSubjectAt], token.subject.bytes.data(), sizeof(Uid));
  std::memcpy(&bytes[kTokenIdAt], token.token_id.bytes.data(), sizeof(Uid));
  auto expiry = static_cast<std::uint64_t>(std::max<std::int64_t>(token.expires_at, 0));
  for (std::size_t i = 8; i-- > 0; expiry >>= 8u)
    bytes[kExpiryAt + i] = static_cast<unsigned char>(expiry & 0xFFu);

  const auto message = signed_part(bytes);
  BASE_ASSIGN(const Signature signature, ring.sign({message.data(), message.size()}));
  std::memcpy(&bytes[kSignatureAt], signature.data(), signature.size());
  return base::Secret(
      base::base64url_encode({reinterpret_cast<const char*>(bytes.data()), bytes.size()}));
}

}  // namespace identity
