#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>

namespace http {

// Fields that the gateway itself looks at; everything else is kOther. Resolved once, while parsing.
enum class FieldId : std::uint8_t {
  kOther,
  kAccept,
  kAuthorization,
  kConnection,
  kContentLength,
  kContentType,
  kCookie,
  kDate,
  kExpect,
  kForwarded,
  kGrpcStatus,
  kHost,
  kHttp2Settings,
  kKeepAlive,
  kOrigin,
  kProxyAuthenticate,
  kProxyAuthorization,
  kProxyConnection,
  kReferer,
  kServer,
  kTe,
  kTrailer,
  kTransferEncoding,
  kUpgrade,
  kUserAgent,
  kVia,
  kXOctelium,   // any x-octelium-*
  kXForwarded,  // x-forwarded-*, x-real-ip, x-envoy-*
  kXRequestId,
};

// One header or trailer field. The views point into memory that the message's owner keeps.
struct Field {
  std::string_view name;   // as received in HTTP/1; lower case in HTTP/2
  std::string_view value;  // without surrounding whitespace
  FieldId id = FieldId::kOther;
  bool hop_by_hop = false;  // not to be forwarded: a hop-by-hop field, or nominated by Connection
};

// A bounded list of fields without heap memory. Order is kept. Making one touches nothing and
// copying one touches only what it holds: requests have several, and 5 KiB each would be felt.
class FieldList {
 public:
  static constexpr std::size_t kCapacity = 128;

  FieldList() {}
  FieldList(const FieldList& other) { *this = other; }
  FieldList& operator=(const FieldList& other) {
    if (this == &other) return *this;
    std::memcpy(storage_, other.storage_, other.size_ * sizeof(Field));
    size_ = other.size_;
    return *this;
  }

  bool push(const Field& field) {
    if (size_ == kCapacity) return false;
    new (storage_ + size_++ * sizeof(Field)) Field(field);
    return true;
  }
  void clear() { size_ = 0; }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  Field* begin() { return reinterpret_cast<Field*>(storage_); }
  Field* end() { return begin() + size_; }
  const Field* begin() const { return reinterpret_cast<const Field*>(storage_); }
  const Field* end() const { return begin() + size_; }
  Field& operator[](std::size_t i) { return begin()[i]; }
  const Field& operator[](std::size_t i) const { return begin()[i]; }
  std::span<const Field> span() const { return {begin(), size_}; }

  // The first field of that id or (case-insensitive) name; nullptr if there is none.
  const Field* find(FieldId id) const;
  const Field* find(std::string_view name) const;

 private:
  static_assert(std::is_trivially_copyable_v<Field>);
  std::uint32_t size_ = 0;
  alignas(Field) std::byte storage_[kCapacity * sizeof(Field)];  // the first size_ are made
};

enum class Version : std::uint8_t { kHttp10, kHttp11, kHttp2 };

// How the end of a body is known.
enum class Framing : std::uint8_t {
  kNone,        // no body
  kLength,      // content_length bytes
  kChunked,     // HTTP/1.1 chunked coding
  kUntilClose,  // HTTP/1 responses only
  kStream,      // HTTP/2: until END_STREAM; content_length, if present, must agree
};

// A request head. Owns nothing; the connection or stream keeps the bytes for as long as the request
// lives.
struct RequestHead {
  std::string_view method;
  std::string_view target;     // as received: origin-form, absolute-form or `*` (:path in HTTP/2)
  std::string_view authority;  // Host or :authority as received, not yet parsed
  std::string_view scheme;     // :scheme in HTTP/2; else empty
  FieldList fields;            // Host stays in the list in HTTP/1
  Version version = Version::kHttp11;
  Framing framing = Framing::kNone;
  std::optional<std::uint64_t> content_length;
  bool keep_alive = true;
  bool upgrade_websocket = false;
  bool expect_continue = false;
  bool te_trailers = false;
};

struct ResponseHead {
  int status = 0;
  FieldList fields;
  Version version = Version::kHttp11;
  Framing framing = Framing::kNone;
  std::optional<std::uint64_t> content_length;
  bool keep_alive = true;
  bool upgrade_websocket = false;
};

// Why a message was refused. Names in reject.h; the status is a function of the reason.
enum class Reject : std::uint8_t;

}  // namespace http
