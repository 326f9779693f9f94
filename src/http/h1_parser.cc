#include "http/h1_parser.h"

#include <emmintrin.h>

#include <bit>

#include "http/field.h"

namespace http {
namespace {

// Walks over one head. Every step either succeeds, wants more bytes, or knows why the head is refused.
struct Cursor {
  const char* at;
  const char* end;

  std::size_t left() const { return static_cast<std::size_t>(end - at); }
};

// First byte of [at, end) that cannot stand in a field value: a control byte other than HTAB, or DEL. Sixteen bytes
// at a time: control bytes are those below 0x20, by unsigned comparison.
const char* find_control(const char* at, const char* end) {
  const __m128i limit = _mm_set1_epi8(0x1F);
  const __m128i tab = _mm_set1_epi8('\t');
  const __m128i del = _mm_set1_epi8(0x7F);
  while (end - at >= 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(bytes, limit), bytes);
    const __m128i control = _mm_andnot_si128(_mm_cmpeq_epi8(bytes, tab), low);
    const int mask = _mm_movemask_epi8(_mm_or_si128(control, _mm_cmpeq_epi8(bytes, del)));
    if (mask != 0) return at + std::countr_zero(static_cast<unsigned>(mask));
    at += 16;
  }
  while (at < end) {
    const auto byte = static_cast<unsigned char>(*at);
    if ((byte < 0x20 && byte != '\t') || byte == 0x7F) return at;
    ++at;
  }
  return end;
}

Parsed need_more() { return {}; }
Parsed rejected(Reject reject) { return {ParseState::kRejected, 0, reject}; }

std::string_view between(const char* from, const char* to) {
  return {from, static_cast<std::size_t>(to - from)};
}

// A line that ends in CRLF, without it; the cursor moves behind. Refuses bare CR and LF.
ParseState take_line(Cursor& cursor, std::string_view& line, Reject& reject) {
  const char* stop = find_control(cursor.at, cursor.end);
  if (stop == cursor.end) return ParseState::kNeedMore;
  if (*stop == '\r') {
    if (stop + 1 == cursor.end) return ParseState::kNeedMore;
    if (stop[1] == '\n') {
      line = between(cursor.at, stop);
      cursor.at = stop + 2;
      return ParseState::kDone;
    }
    reject = Reject::kBareLineBreak;
    return ParseState::kRejected;
  }
  reject = *stop == '\n' ? Reject::kBareLineBreak : Reject::kFieldValueMalformed;
  return ParseState::kRejected;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Field lines up to and including the empty one.
Parsed take_fields(Cursor& cursor, const char* begin, const Limits& limits, FieldList& fields) {
  fields.clear();
  while (true) {
    if (cursor.left() >= 1 && *cursor.at == '\r') {
      if (cursor.left() < 2) return need_more();
      if (cursor.at[1] != '\n') return rejected(Reject::kBareLineBreak);
      cursor.at += 2;
      return {ParseState::kDone, static_cast<std::size_t>(cursor.at - begin), Reject::kNone};
    }
    if (cursor.left() >= 1 && (*cursor.at == ' ' || *cursor.at == '\t'))
      return rejected(Reject::kObsFold);
    std::string_view line;
    Reject why = Reject::kNone;
    const ParseState state = take_line(cursor, line, why);
    if (state == ParseState::kRejected) return rejected(why);
    if (state == ParseState::kNeedMore) return need_more();
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || !is_token(line.substr(0, colon)))
      return rejected(Reject::kFieldNameMalformed);
    Field field;
    field.name = line.substr(0, colon);
    field.value = trim(line.substr(colon + 1));
    if (field.name.size() > limits.max_name || field.value.size() > limits.max_value)
      return rejected(Reject::kHeadTooLarge);
    field.id = classify(field.name);
    if (fields.size() >= limits.max_fields || !fields.push(field))
      return rejected(Reject::kTooManyFields);
  }
}

// Fields that a Connection field must not take away from us: framing, routing, identity (RFC 9110 §7.6.1 forbids
// the first; the others are ours).
bool may_be_nominated(FieldId id) {
  switch (id) {
    case FieldId::kAuthorization:
    case FieldId::kContentLength:
    case FieldId::kContentType:
    case FieldId::kCookie:
    case FieldId::kForwarded:
    case FieldId::kHost:
    case FieldId::kTransferEncoding:
    case FieldId::kXOctelium:
    case FieldId::kXForwarded: return false;
    default: return true;
  }
}

bool is_hop_by_hop(FieldId id) {
  switch (id) {
    case FieldId::kConnection:
    case FieldId::kHttp2Settings:
    case FieldId::kKeepAlive:
    case FieldId::kProxyAuthenticate:
    case FieldId::kProxyAuthorization:
    case FieldId::kProxyConnection:
    case FieldId::kTe:
    case FieldId::kTrailer:
    case FieldId::kTransferEncoding:
    case FieldId::kUpgrade: return true;
    default: return false;
  }
}

struct ConnectionOptions {
  bool close = false;
  bool keep_alive = false;
  bool upgrade = false;
  bool te = false;
};

// Reads every Connection field and marks what is not to be forwarded.
Reject apply_connection(FieldList& fields, ConnectionOptions& options) {
  for (Field& field : fields)
    if (is_hop_by_hop(field.id)) field.hop_by_hop = true;
  for (const Field& field : fields) {
    if (field.id != FieldId::kConnection) continue;
    std::string_view list = field.value;
    std::string_view option;
    while (next_element(list, option)) {
      if (option.empty()) continue;
      if (!is_token(option)) return Reject::kFieldValueMalformed;
      if (equals_ignoring_case(option, "close")) options.close = true;
      if (equals_ignoring_case(option, "keep-alive")) options.keep_alive = true;
      if (equals_ignoring_case(option, "upgrade")) options.upgrade = true;
      if (equals_ignoring_case(option, "te")) options.te = true;
      if (!may_be_nominated(classify(option))) return Reject::kConnectionField;
      for (Field& other : fields)
        if (equals_ignoring_case(other.name, option)) other.hop_by_hop = true;
    }
  }
  return Reject::kNone;
}

// Fields that must not stand twice, since two readers could take different ones.
struct Singles {
  const Field* host = nullptr;
  const Field* content_length = nullptr;
  const Field* transfer_encoding = nullptr;
  const Field* authorization = nullptr;
  const Field* content_type = nullptr;
};

Reject find_singles(const FieldList& fields, Singles& out) {
  for (const Field& field : fields) {
    const Field** slot = nullptr;
    switch (field.id) {
      case FieldId::kHost: slot = &out.host; break;
      case FieldId::kContentLength: slot = &out.content_length; break;
      case FieldId::kTransferEncoding: slot = &out.transfer_encoding; break;
      case FieldId::kAuthorization: slot = &out.authorization; break;
      case FieldId::kContentType: slot = &out.content_type; break;
      default: continue;
    }
    // `_` for `-` makes another field, but one that somebody behind us may read as this one.
    if (field.name.find('_') != std::string_view::npos) return Reject::kFieldNameMalformed;
    if (*slot != nullptr) return Reject::kDuplicateField;
    *slot = &field;
  }
  return Reject::kNone;
}

Reject apply_framing(const Singles& singles, RequestHead& out) {
  out.framing = Framing::kNone;
  out.content_length.reset();
  if (singles.transfer_encoding != nullptr) {
    if (out.version != Version::kHttp11 || singles.content_length != nullptr)
      return Reject::kFramingConflict;
    if (!equals_ignoring_case(singles.transfer_encoding->value, "chunked"))
      return Reject::kTransferCodingUnsupported;
    out.framing = Framing::kChunked;
  } else if (singles.content_length != nullptr) {
    out.content_length = parse_content_length(singles.content_length->value);
    if (!out.content_length) return Reject::kContentLengthMalformed;
    out.framing = Framing::kLength;
  }
  return Reject::kNone;
}

Reject apply_request_options(RequestHead& out, const ConnectionOptions& options) {
  out.keep_alive = out.version == Version::kHttp11 ? !options.close : options.keep_alive && !options.close;
  out.upgrade_websocket = out.expect_continue = out.te_trailers = false;
  for (const Field& field : out.fields) {
    switch (field.id) {
      case FieldId::kUpgrade:
        if (options.upgrade && out.version == Version::kHttp11 &&
            equals_ignoring_case(field.value, "websocket")) {
          if (out.framing != Framing::kNone && out.content_length != 0) return Reject::kUpgradeMalformed;
          out.upgrade_websocket = true;
        }
        break;
      case FieldId::kExpect:
        if (out.version != Version::kHttp11) break;  // RFC 9110 §10.1.1
        if (!equals_ignoring_case(field.value, "100-continue")) return Reject::kExpectationUnsupported;
        out.expect_continue = out.framing != Framing::kNone;
        break;
      case FieldId::kTe:
        if (equals_ignoring_case(field.value, "trailers")) out.te_trailers = options.te;
        break;
      default: break;
    }
  }
  for (Field& field : out.fields)
    if (field.id == FieldId::kExpect) field.hop_by_hop = true;  // answered by us
  return Reject::kNone;
}

Reject parse_request_line(std::string_view line, const Limits& limits, RequestHead& out) {
  const auto first = line.find(' ');
  const auto last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return Reject::kRequestLineMalformed;
  out.method = line.substr(0, first);
  out.target = line.substr(first + 1, last - first - 1);
  const std::string_view version = line.substr(last + 1);
  if (!is_token(out.method)) return Reject::kMethodMalformed;
  if (out.target.empty() || out.target.find_first_of(" \t") != std::string_view::npos)
    return Reject::kRequestLineMalformed;
  if (version.size() != 8 || !version.starts_with("HTTP/")) return Reject::kRequestLineMalformed;
  if (version == "HTTP/1.1") {
    out.version = Version::kHttp11;
  } else if (version == "HTTP/1.0") {
    out.version = Version::kHttp10;
  } else {
    return Reject::kVersionUnsupported;
  }
  if (out.target.size() > limits.max_target) return Reject::kTargetTooLong;
  if (out.method == "CONNECT" || out.method == "TRACE") return Reject::kMethodNotAllowed;
  return Reject::kNone;
}

Reject finish_request(RequestHead& out) {
  Singles singles;
  ConnectionOptions options;
  if (const Reject r = find_singles(out.fields, singles); r != Reject::kNone) return r;
  if (const Reject r = apply_connection(out.fields, options); r != Reject::kNone) return r;
  if (singles.host == nullptr) return Reject::kHostMissing;
  out.authority = singles.host->value;
  if (const Reject r = apply_framing(singles, out); r != Reject::kNone) return r;
  return apply_request_options(out, options);
}

}  // namespace

std::optional<std::uint64_t> parse_content_length(std::string_view text) {
  constexpr std::uint64_t kMax = INT64_MAX;
  if (text.empty() || text.size() > 19) return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + static_cast<std::uint64_t>(c - '0');  // 19 digits fit
  }
  if (value > kMax) return std::nullopt;
  return value;
}

Parsed parse_request(std::string_view bytes, const Limits& limits, RequestHead& out) {
  out.method = out.target = out.authority = out.scheme = {};
  out.fields.clear();
  out.keep_alive = false;
  const bool whole = bytes.size() >= limits.max_head_bytes;
  Cursor cursor{bytes.data(), bytes.data() + std::min(bytes.size(), limits.max_head_bytes)};
  const auto more = [&] { return whole ? rejected(Reject::kHeadTooLarge) : need_more(); };
  // RFC 9112 §2.2: one empty line before the request line is forgiven.
  if (cursor.left() >= 2 && cursor.at[0] == '\r' && cursor.at[1] == '\n') cursor.at += 2;
  std::string_view line;
  Reject why = Reject::kNone;
  const ParseState state = take_line(cursor, line, why);
  if (state == ParseState::kRejected)
    return rejected(why == Reject::kFieldValueMalformed ? Reject::kRequestLineMalformed : why);
  if (state == ParseState::kNeedMore) return more();
  if (const Reject r = parse_request_line(line, limits, out); r != Reject::kNone) return rejected(r);
  const Parsed parsed = take_fields(cursor, bytes.data(), limits, out.fields);
  if (parsed.state == ParseState::kNeedMore) return more();
  if (parsed.state == ParseState::kRejected) return parsed;
  if (const Reject r = finish_request(out); r != Reject::kNone) return rejected(r);
  return parsed;
}

Parsed parse_response(std::string_view bytes, const Limits& limits, std::string_view method,
                      ResponseHead& out) {
  const bool whole = bytes.size() >= limits.max_head_bytes;
  Cursor cursor{bytes.data(), bytes.data() + std::min(bytes.size(), limits.max_head_bytes)};
  const auto more = [&] { return whole ? rejected(Reject::kHeadTooLarge) : need_more(); };
  std::string_view line;
  Reject why = Reject::kNone;
  const ParseState state = take_line(cursor, line, why);
  if (state == ParseState::kRejected) return rejected(why);
  if (state == ParseState::kNeedMore) return more();
  // RFC 9112 §4; the reason phrase and the space before it may be missing.
  const bool plain = line.size() >= 12 && (line.starts_with("HTTP/1.1 ") || line.starts_with("HTTP/1.0 "));
  if (!plain || (line.size() > 12 && line[12] != ' ')) return rejected(Reject::kRequestLineMalformed);
  out.version = line[7] == '1' ? Version::kHttp11 : Version::kHttp10;
  out.status = 0;
  for (const char c : line.substr(9, 3)) {
    if (c < '0' || c > '9') return rejected(Reject::kRequestLineMalformed);
    out.status = out.status * 10 + (c - '0');
  }
  if (out.status < 100 || out.status > 599) return rejected(Reject::kRequestLineMalformed);
  const Parsed parsed = take_fields(cursor, bytes.data(), limits, out.fields);
  if (parsed.state == ParseState::kNeedMore) return more();
  if (parsed.state == ParseState::kRejected) return parsed;

  Singles singles;
  ConnectionOptions options;
  if (const Reject r = find_singles(out.fields, singles); r != Reject::kNone) return rejected(r);
  if (const Reject r = apply_connection(out.fields, options); r != Reject::kNone) return rejected(r);
  out.keep_alive = out.version == Version::kHttp11 ? !options.close : options.keep_alive && !options.close;
  out.upgrade_websocket = false;
  out.content_length.reset();
  if (singles.transfer_encoding != nullptr &&
      (singles.content_length != nullptr || out.version != Version::kHttp11))
    return rejected(Reject::kFramingConflict);
  if (singles.content_length != nullptr) {
    out.content_length = parse_content_length(singles.content_length->value);
    if (!out.content_length) return rejected(Reject::kContentLengthMalformed);
  }
  if (out.status == 101) {
    const Field* upgrade = out.fields.find(FieldId::kUpgrade);
    out.upgrade_websocket =
        options.upgrade && upgrade != nullptr && equals_ignoring_case(upgrade->value, "websocket");
    if (!out.upgrade_websocket) return rejected(Reject::kUpgradeMalformed);
  }
  // RFC 9112 §6.3.
  if (out.status < 200 || out.status == 204 || out.status == 304 || method == "HEAD") {
    out.framing = Framing::kNone;
  } else if (singles.transfer_encoding != nullptr) {
    if (!equals_ignoring_case(singles.transfer_encoding->value, "chunked"))
      return rejected(Reject::kTransferCodingUnsupported);
    out.framing = Framing::kChunked;
  } else if (out.content_length) {
    out.framing = Framing::kLength;
  } else {
    out.framing = Framing::kUntilClose;
    out.keep_alive = false;
  }
  return parsed;
}

}  // namespace http
