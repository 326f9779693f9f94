#include "http/h1_parser.h"

#include <emmintrin.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "http/field.h"

// One pass over the bytes: names byte by byte through a table, values sixteen bytes at a time. What
// the rules ask of the head as a whole (what is there, what is there twice) is collected on the way
// as sets of field ids, so that the rules afterwards look at single fields, and a plain request
// pays for none of them.

namespace http {
namespace {

// --- sets of field ids ---

using FieldSet = std::uint64_t;

constexpr FieldSet set_of(FieldId id) { return FieldSet{1} << static_cast<unsigned>(id); }
template <typename... Ids>
constexpr FieldSet set_of(FieldId first, Ids... rest) {
  return set_of(first) | set_of(rest...);
}
constexpr bool has(FieldSet set, FieldId id) { return (set & set_of(id)) != 0; }

// Must not stand twice, since two readers could take different ones.
constexpr FieldSet kSingle =
    set_of(FieldId::kAuthorization, FieldId::kContentLength, FieldId::kContentType, FieldId::kHost,
           FieldId::kTransferEncoding);

constexpr FieldSet kHopByHop =
    set_of(FieldId::kConnection, FieldId::kHttp2Settings, FieldId::kKeepAlive,
           FieldId::kProxyAuthenticate, FieldId::kProxyAuthorization, FieldId::kProxyConnection,
           FieldId::kTe, FieldId::kTrailer, FieldId::kTransferEncoding, FieldId::kUpgrade);

// What a Connection field must not take away: framing and routing (RFC 9110 §7.6.1 forbids it),
// identity, and what we or policies rely on.
constexpr FieldSet kNotNominable =
    set_of(FieldId::kAuthorization, FieldId::kContentLength, FieldId::kContentType,
           FieldId::kCookie, FieldId::kForwarded, FieldId::kHost, FieldId::kTransferEncoding,
           FieldId::kXOctelium, FieldId::kXForwarded);

constexpr std::size_t kMaxConnectionOptions = 16;

// --- bytes ---

// First byte of [at, end) that cannot stand in a field value: a control byte other than HTAB, or
// DEL. Sixteen bytes at a time; control bytes are those that the unsigned minimum with 0x1F leaves
// as they are.
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

// First byte of [at, end) that cannot stand in a name. Letters, digits and dashes go sixteen at a
// time: nearly every name is done after one step, without a branch that depends on its size.
const char* find_end_of_name(const char* at, const char* end) {
  const auto in_range = [](__m128i bytes, char low, char high) {
    const __m128i offset = _mm_sub_epi8(bytes, _mm_set1_epi8(low));
    const __m128i size = _mm_set1_epi8(static_cast<char>(high - low));
    return _mm_cmpeq_epi8(_mm_min_epu8(offset, size), offset);
  };
  while (end - at >= 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const __m128i letter = in_range(_mm_or_si128(bytes, _mm_set1_epi8(0x20)), 'a', 'z');
    const __m128i digit = in_range(bytes, '0', '9');
    const __m128i dash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('-'));
    const int mask = _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(letter, digit), dash));
    if (mask == 0xFFFF) {
      at += 16;
      continue;
    }
    at += std::countr_one(static_cast<unsigned>(mask));
    if (*at == ':' || !is_token_byte(*at)) return at;
    ++at;
  }
  while (at < end && is_token_byte(*at)) ++at;
  return at;
}

struct Cursor {
  const char* at;
  const char* end;
};

constexpr Parsed kMore{};
Parsed rejected(Reject reject) { return {ParseState::kRejected, 0, reject}; }

std::string_view between(const char* from, const char* to) {
  return {from, static_cast<std::size_t>(to - from)};
}

// Up to the next CRLF; the cursor moves behind it. The only place where a line ends, so bare CR and
// LF cannot.
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
  }
  reject = *stop == '\r' || *stop == '\n' ? Reject::kBareLineBreak : Reject::kFieldValueMalformed;
  return ParseState::kRejected;
}

// --- field lines ---

Reject why_no_name(char c) {
  switch (c) {
    case ' ':
    case '\t':
      return Reject::kObsFold;  // RFC 9112 §5.2
    case '\r':
    case '\n':
      return Reject::kBareLineBreak;
    default:
      return Reject::kFieldNameMalformed;
  }
}

// Field lines up to and including the empty one; `seen` receives what there is.
Parsed take_fields(Cursor& cursor, const char* begin, const Limits& limits, FieldList& fields,
                   FieldSet& seen) {
  while (true) {
    const char* const name = cursor.at;
    const char* const at = find_end_of_name(name, cursor.end);
    if (static_cast<std::size_t>(at - name) > limits.max_name)
      return rejected(Reject::kHeadTooLarge);
    if (at == cursor.end) return kMore;
    if (at == name) {
      if (*at == '\r' && at + 1 == cursor.end) return kMore;
      if (*at != '\r' || at[1] != '\n') return rejected(why_no_name(*at));
      cursor.at = at + 2;
      return {ParseState::kDone, static_cast<std::size_t>(cursor.at - begin), Reject::kNone};
    }
    if (*at != ':')
      return rejected(*at == '\n' ? Reject::kBareLineBreak : Reject::kFieldNameMalformed);

    Field field;
    field.name = between(name, at);
    cursor.at = at + 1;
    std::string_view line;
    Reject why = Reject::kNone;
    const ParseState state = take_line(cursor, line, why);
    if (state == ParseState::kRejected) return rejected(why);
    if (state == ParseState::kNeedMore) return kMore;
    field.value = trim_whitespace(line);
    if (field.value.size() > limits.max_value) return rejected(Reject::kHeadTooLarge);

    field.id = classify(field.name);
    field.hop_by_hop = has(kHopByHop, field.id);
    if (has(kSingle, field.id)) {
      // `content_length` is another field, but one that somebody behind us may read as the length.
      if (field.name.find('_') != std::string_view::npos)
        return rejected(Reject::kFieldNameMalformed);
      if (has(seen, field.id)) return rejected(Reject::kDuplicateField);
    }
    if (fields.size() >= limits.max_fields || !fields.push(field))
      return rejected(Reject::kTooManyFields);
    seen |= set_of(field.id);
  }
}

// --- Connection ---

struct ConnectionOptions {
  bool close = false;
  bool keep_alive = false;
  bool upgrade = false;
  bool te = false;
};

// One option; one that names a field keeps that from being forwarded.
Reject apply_option(std::string_view option, FieldList& fields, ConnectionOptions& options) {
  if (equals_ignoring_case(option, "close")) {
    options.close = true;
  } else if (equals_ignoring_case(option, "keep-alive")) {
    options.keep_alive = true;
  } else if (equals_ignoring_case(option, "upgrade")) {
    options.upgrade = true;
  } else if (equals_ignoring_case(option, "te")) {
    options.te = true;
  } else {
    if (!is_token(option)) return Reject::kFieldValueMalformed;
    if (has(kNotNominable, classify(option))) return Reject::kConnectionField;
    for (Field& field : fields)
      if (equals_ignoring_case(field.name, option)) field.hop_by_hop = true;
  }
  return Reject::kNone;
}

// RFC 9110 §7.6.1. The number of options is bounded because each walks over all fields.
Reject apply_connection(FieldList& fields, ConnectionOptions& options) {
  std::size_t count = 0;
  for (const Field& connection : fields) {
    if (connection.id != FieldId::kConnection) continue;
    std::string_view list = connection.value;
    std::string_view option;
    while (next_element(list, option)) {
      if (++count > kMaxConnectionOptions) return Reject::kConnectionField;
      if (option.empty()) continue;
      if (const Reject r = apply_option(option, fields, options); r != Reject::kNone) return r;
    }
  }
  return Reject::kNone;
}

bool keeps_alive(Version version, const ConnectionOptions& options) {
  return !options.close && (version == Version::kHttp11 || options.keep_alive);  // RFC 9112 §9.3
}

// --- requests ---

Reject parse_request_line(std::string_view line, const Limits& limits, RequestHead& out) {
  const auto first = line.find(' ');
  const auto second = first == std::string_view::npos ? first : line.find(' ', first + 1);
  if (second == std::string_view::npos) return Reject::kRequestLineMalformed;
  out.method = line.substr(0, first);
  out.target = line.substr(first + 1, second - first - 1);
  const std::string_view version = line.substr(second + 1);
  if (!is_token(out.method)) return Reject::kMethodMalformed;
  if (out.target.empty() || out.target.find('\t') != std::string_view::npos)
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

// RFC 9112 §6.3, without the forgiveness: one length or one chunked coding, never both, never
// another.
Reject apply_request_framing(FieldSet seen, RequestHead& out) {
  if (has(seen, FieldId::kTransferEncoding)) {
    if (out.version != Version::kHttp11 || has(seen, FieldId::kContentLength))
      return Reject::kFramingConflict;
    if (!equals_ignoring_case(out.fields.find(FieldId::kTransferEncoding)->value, "chunked"))
      return Reject::kTransferCodingUnsupported;
    out.framing = Framing::kChunked;
  } else if (has(seen, FieldId::kContentLength)) {
    out.content_length = parse_content_length(out.fields.find(FieldId::kContentLength)->value);
    if (!out.content_length) return Reject::kContentLengthMalformed;
    out.framing = Framing::kLength;
  }
  return Reject::kNone;
}

// Upgrades other than to WebSocket are not for us to make; the request is served without them (RFC
// 9110 §7.8).
Reject apply_upgrade(const ConnectionOptions& options, RequestHead& out) {
  if (!options.upgrade || out.version != Version::kHttp11) return Reject::kNone;
  const bool websocket = std::any_of(out.fields.begin(), out.fields.end(), [](const Field& field) {
    return field.id == FieldId::kUpgrade && equals_ignoring_case(field.value, "websocket");
  });
  if (!websocket) return Reject::kNone;
  // RFC 6455 §4.1. With a body it would be in doubt where the other protocol begins.
  const bool has_body = out.framing == Framing::kChunked || out.content_length.value_or(0) != 0;
  if (out.method != "GET" || has_body) return Reject::kUpgradeMalformed;
  out.upgrade_websocket = true;
  return Reject::kNone;
}

// RFC 9110 §10.1.1. We answer it ourselves, so it is not forwarded.
Reject apply_expect(RequestHead& out) {
  for (Field& field : out.fields) {
    if (field.id != FieldId::kExpect) continue;
    field.hop_by_hop = true;
    if (out.version == Version::kHttp10) continue;
    if (!equals_ignoring_case(field.value, "100-continue")) return Reject::kExpectationUnsupported;
    out.expect_continue = out.framing != Framing::kNone;
  }
  return Reject::kNone;
}

Reject finish_request(FieldSet seen, RequestHead& out) {
  ConnectionOptions options;
  if (has(seen, FieldId::kConnection)) {
    if (const Reject r = apply_connection(out.fields, options); r != Reject::kNone) return r;
  }
  out.keep_alive = keeps_alive(out.version, options);
  if (!has(seen, FieldId::kHost)) return Reject::kHostMissing;
  if (const Reject r = apply_request_framing(seen, out); r != Reject::kNone) return r;
  if (has(seen, FieldId::kUpgrade)) {
    if (const Reject r = apply_upgrade(options, out); r != Reject::kNone) return r;
  }
  if (has(seen, FieldId::kExpect)) {
    if (const Reject r = apply_expect(out); r != Reject::kNone) return r;
  }
  if (has(seen, FieldId::kTe) && options.te)
    out.te_trailers = equals_ignoring_case(out.fields.find(FieldId::kTe)->value, "trailers");
  return Reject::kNone;
}

// Nothing of an earlier request may show through, since a refused one is logged with what was
// understood of it.
void clear(RequestHead& out) {
  out.method = out.target = out.authority = out.scheme = {};
  out.fields.clear();
  out.version = Version::kHttp11;
  out.framing = Framing::kNone;
  out.content_length.reset();
  out.keep_alive = out.upgrade_websocket = out.expect_continue = out.te_trailers = false;
}

Parsed parse_request_head(Cursor cursor, const char* begin, const Limits& limits,
                          RequestHead& out) {
  std::string_view line;
  Reject why = Reject::kNone;
  const ParseState state = take_line(cursor, line, why);
  if (state == ParseState::kNeedMore) return kMore;
  if (state == ParseState::kRejected)
    return rejected(why == Reject::kFieldValueMalformed ? Reject::kRequestLineMalformed : why);
  if (const Reject r = parse_request_line(line, limits, out); r != Reject::kNone)
    return rejected(r);

  FieldSet seen = 0;
  const Parsed parsed = take_fields(cursor, begin, limits, out.fields, seen);
  if (has(seen, FieldId::kHost)) out.authority = out.fields.find(FieldId::kHost)->value;
  if (parsed.state != ParseState::kDone) return parsed;
  if (const Reject r = finish_request(seen, out); r != Reject::kNone) return rejected(r);
  return parsed;
}

// --- responses ---

// RFC 9112 §4. The reason phrase may be missing, with the space before it.
bool parse_status_line(std::string_view line, ResponseHead& out) {
  if (!line.starts_with("HTTP/1.1 ") && !line.starts_with("HTTP/1.0 ")) return false;
  if (line.size() < 12 || (line.size() > 12 && line[12] != ' ')) return false;
  out.version = line[7] == '1' ? Version::kHttp11 : Version::kHttp10;
  out.status = 0;
  for (const char c : line.substr(9, 3)) {
    if (c < '0' || c > '9') return false;
    out.status = out.status * 10 + (c - '0');
  }
  return out.status >= 100 && out.status <= 599;
}

// RFC 9112 §6.3.
Reject apply_response_framing(FieldSet seen, std::string_view method, ResponseHead& out) {
  const bool chunked = has(seen, FieldId::kTransferEncoding);
  if (chunked) {
    // RFC 9112 §6.1: not in HTTP/1.0, not beside a length, and not where there cannot be a body.
    const bool never = out.status < 200 || out.status == 204;
    if (out.version != Version::kHttp11 || has(seen, FieldId::kContentLength) || never)
      return Reject::kFramingConflict;
    if (!equals_ignoring_case(out.fields.find(FieldId::kTransferEncoding)->value, "chunked"))
      return Reject::kTransferCodingUnsupported;
  }
  if (has(seen, FieldId::kContentLength)) {
    out.content_length = parse_content_length(out.fields.find(FieldId::kContentLength)->value);
    if (!out.content_length) return Reject::kContentLengthMalformed;
  }
  if (out.status < 200 || out.status == 204 || out.status == 304 || method == "HEAD") {
    out.framing = Framing::kNone;
  } else if (chunked) {
    out.framing = Framing::kChunked;
  } else if (out.content_length) {
    out.framing = Framing::kLength;
  } else {
    out.framing = Framing::kUntilClose;
    out.keep_alive = false;
  }
  return Reject::kNone;
}

Parsed parse_response_head(Cursor cursor, const char* begin, const Limits& limits,
                           std::string_view method, ResponseHead& out) {
  std::string_view line;
  Reject why = Reject::kNone;
  const ParseState state = take_line(cursor, line, why);
  if (state == ParseState::kNeedMore) return kMore;
  if (state == ParseState::kRejected) return rejected(why);
  if (!parse_status_line(line, out)) return rejected(Reject::kRequestLineMalformed);

  FieldSet seen = 0;
  const Parsed parsed = take_fields(cursor, begin, limits, out.fields, seen);
  if (parsed.state != ParseState::kDone) return parsed;
  ConnectionOptions options;
  if (has(seen, FieldId::kConnection)) {
    if (const Reject r = apply_connection(out.fields, options); r != Reject::kNone)
      return rejected(r);
  }
  out.keep_alive = keeps_alive(out.version, options);
  if (out.status == 101) {
    const Field* upgrade =
        has(seen, FieldId::kUpgrade) ? out.fields.find(FieldId::kUpgrade) : nullptr;
    out.upgrade_websocket =
        options.upgrade && upgrade != nullptr && equals_ignoring_case(upgrade->value, "websocket");
    if (!out.upgrade_websocket) return rejected(Reject::kUpgradeMalformed);
  }
  if (const Reject r = apply_response_framing(seen, method, out); r != Reject::kNone)
    return rejected(r);
  return parsed;
}

// An unfinished head that has reached the limit will not become a good one.
Parsed within_limit(Parsed parsed, std::size_t size, const Limits& limits) {
  if (parsed.state == ParseState::kNeedMore && size >= limits.max_head_bytes)
    return rejected(Reject::kHeadTooLarge);
  return parsed;
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
  clear(out);
  Cursor cursor{bytes.data(), bytes.data() + std::min(bytes.size(), limits.max_head_bytes)};
  // RFC 9112 §2.2: one empty line before the request line is forgiven.
  if (cursor.end - cursor.at >= 2 && cursor.at[0] == '\r' && cursor.at[1] == '\n') cursor.at += 2;
  return within_limit(parse_request_head(cursor, bytes.data(), limits, out), bytes.size(), limits);
}

Parsed parse_response(std::string_view bytes, const Limits& limits, std::string_view method,
                      ResponseHead& out) {
  out = ResponseHead();
  const Cursor cursor{bytes.data(), bytes.data() + std::min(bytes.size(), limits.max_head_bytes)};
  return within_limit(parse_response_head(cursor, bytes.data(), limits, method, out), bytes.size(),
                      limits);
}

}  // namespace http
