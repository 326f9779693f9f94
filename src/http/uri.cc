#include "http/uri.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "http/field.h"

namespace http {
namespace {

constexpr std::size_t kMaxHost = 253;  // RFC 1035 §2.3.4
constexpr std::size_t kMaxLabel = 63;

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

char hex_upper(char c) { return c >= 'a' && c <= 'f' ? static_cast<char>(c - 32) : c; }

// RFC 3986 §2.3.
bool is_unreserved(unsigned char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

bool is_control_or_space(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte <= 0x20 || byte == 0x7F;
}

// Bytes that mean the same wherever they stand in a path: unreserved characters and delimiters,
// without `/`, `.`, `;`.
constexpr std::array<bool, 256> kPlain = [] {
  std::array<bool, 256> table{};
  for (unsigned char c = '0'; c <= '9'; ++c) table[c] = true;
  for (unsigned char c = 'a'; c <= 'z'; ++c) table[c] = true;
  for (unsigned char c = 'A'; c <= 'Z'; ++c) table[c] = true;
  for (const char c : std::string_view("-_~!$&'()*+,=:@"))
    table[static_cast<unsigned char>(c)] = true;
  return table;
}();

// The common case, decided in one pass: plain bytes, no empty segment, no segment that begins with
// a dot.
bool is_plainly_canonical(std::string_view path) {
  if (path.empty() || path[0] != '/') return false;
  for (std::size_t i = 1; i < path.size(); ++i) {
    const char c = path[i];
    if (kPlain[static_cast<unsigned char>(c)]) continue;
    const bool inside_segment = path[i - 1] != '/';
    if (!inside_segment || (c != '.' && c != '/')) return false;
  }
  return true;
}

// First pass: escapes. Unreserved ones are decoded once, others kept in upper case.
Reject normalise_escapes(std::string_view raw, std::string& out) {
  for (std::size_t i = 0; i < raw.size(); ++i) {
    const char c = raw[i];
    if (is_control_or_space(c) || c == '#') return Reject::kPathControl;
    if (c == '\\') return Reject::kPathBackslash;
    if (static_cast<unsigned char>(c) >= 0x80) return Reject::kPathNonAscii;
    if (c != '%') {
      out.push_back(c);
      continue;
    }
    if (i + 2 >= raw.size()) return Reject::kPathEscapeMalformed;
    const int high = hex_value(raw[i + 1]);
    const int low = hex_value(raw[i + 2]);
    if (high < 0 || low < 0) return Reject::kPathEscapeMalformed;
    const auto byte = static_cast<unsigned char>(high * 16 + low);
    if (byte == '/' || byte == '\\' || byte < 0x20 || byte == 0x7F)
      return Reject::kPathEscapeForbidden;
    if (is_unreserved(byte)) {
      out.push_back(static_cast<char>(byte));
    } else {
      out.push_back('%');
      out.push_back(hex_upper(raw[i + 1]));
      out.push_back(hex_upper(raw[i + 2]));
    }
    i += 2;
  }
  return Reject::kNone;
}

// `;` hides what a segment is from readers that drop parameters: `..;x`, `;x`, and the same with
// `%3B`.
bool has_doubtful_parameter(std::string_view segment) {
  const auto semicolon = std::min(segment.find(';'), segment.find("%3B"));
  if (semicolon == std::string_view::npos) return false;
  const std::string_view name = segment.substr(0, semicolon);
  return name.empty() || name == "." || name == "..";
}

// Second pass: dot segments and empty segments (RFC 3986 §5.2.4, with `//` merged).
Reject resolve_segments(std::string& path) {
  std::string out;
  out.reserve(path.size());
  std::size_t at = 1;
  bool trailing = false;
  while (at <= path.size()) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    const std::string_view segment(path.data() + at, end - at);
    if (has_doubtful_parameter(segment)) return Reject::kPathParameterSegment;
    trailing = end < path.size();
    if (segment == "..") {
      const auto slash = out.rfind('/');
      out.resize(slash == std::string::npos ? 0 : slash);
      trailing = true;
    } else if (segment.empty() || segment == ".") {
      trailing = true;
    } else {
      out += '/';
      out += segment;
    }
    at = end + 1;
  }
  if (trailing || out.empty()) out += '/';
  path = std::move(out);
  return Reject::kNone;
}

bool is_query(std::string_view query) {
  return std::ranges::none_of(query, [](char c) { return is_control_or_space(c) || c == '#'; });
}

Reject take_query(std::string_view query, CanonicalTarget& out) {
  if (!is_query(query)) return Reject::kQueryMalformed;
  out.query = query;
  out.has_query = true;
  return Reject::kNone;
}

bool is_port(std::string_view digits) {
  if (digits.empty()) return true;  // RFC 3986 §3.2.3
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  return error == std::errc{} && end == digits.data() + digits.size() && port != 0;
}

// The path and the query of origin-form, into `out`.
Reject canonicalise_origin(std::string_view target, CanonicalTarget& out) {
  const auto question = target.find('?');
  const Reject path = canonicalise_path(target.substr(0, question), out.path_storage, out.path);
  if (path != Reject::kNone || question == std::string_view::npos) return path;
  return take_query(target.substr(question + 1), out);
}

// The length of `http://` or `https://`; 0 for anything else.
std::size_t scheme_size(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"})
    if (equals_ignoring_case(target.substr(0, scheme.size()), scheme)) return scheme.size();
  return 0;
}

// RFC 9112 §3.2.2: what a client says to a proxy. Accepted only when it names the host in the same
// words as Host.
Reject canonicalise_absolute(const RequestHead& head, CanonicalTarget& out) {
  const std::size_t start = scheme_size(head.target);
  if (start == 0 || head.version == Version::kHttp2) return Reject::kTargetMalformed;
  const std::size_t end = std::min(head.target.find_first_of("/?", start), head.target.size());
  if (!equals_ignoring_case(head.target.substr(start, end - start), head.authority))
    return Reject::kAuthorityConflict;
  const std::string_view rest = head.target.substr(end);
  if (rest.empty()) {
    out.path = head.method == "OPTIONS" ? "*" : "/";  // RFC 9112 §3.2.4
    return Reject::kNone;
  }
  if (rest[0] == '/') return canonicalise_origin(rest, out);
  out.path = "/";
  return take_query(rest.substr(1), out);
}

Reject canonicalise_target(const RequestHead& head, CanonicalTarget& out) {
  if (head.target.starts_with('/')) return canonicalise_origin(head.target, out);
  if (head.target != "*") return canonicalise_absolute(head, out);
  if (head.method != "OPTIONS") return Reject::kTargetMalformed;
  out.path = head.target;
  return Reject::kNone;
}

}  // namespace

bool canonicalise_host(std::string_view authority, char* storage, std::string_view& out) {
  // No Service is named by an IP literal in brackets, so the first colon starts the port.
  const auto colon = authority.find(':');
  if (colon != std::string_view::npos && !is_port(authority.substr(colon + 1))) return false;
  std::string_view host = authority.substr(0, colon);
  if (host.ends_with('.')) host.remove_suffix(1);
  if (host.empty() || host.size() > kMaxHost) return false;
  std::size_t label = 0;
  for (std::size_t i = 0; i < host.size(); ++i) {
    const char c = host[i] >= 'A' && host[i] <= 'Z' ? static_cast<char>(host[i] + 32) : host[i];
    storage[i] = c;
    if (c == '.') {
      if (label == 0) return false;
      label = 0;
      continue;
    }
    const bool allowed = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    if (!allowed || ++label > kMaxLabel) return false;
  }
  if (label == 0) return false;
  out = {storage, host.size()};
  return true;
}

Reject canonicalise_path(std::string_view raw, std::string& storage, std::string_view& out) {
  if (is_plainly_canonical(raw)) {
    out = raw;
    return Reject::kNone;
  }
  if (raw.empty() || raw[0] != '/') return Reject::kTargetMalformed;
  storage.clear();
  if (const Reject r = normalise_escapes(raw, storage); r != Reject::kNone) return r;
  if (const Reject r = resolve_segments(storage); r != Reject::kNone) return r;
  out = storage == raw ? raw : std::string_view(storage);
  return Reject::kNone;
}

Reject canonicalise(const RequestHead& head, CanonicalTarget& out) {
  out.host = out.path = out.query = {};
  out.has_query = false;
  const bool host = canonicalise_host(head.authority, out.host_storage, out.host);
  const Reject target = canonicalise_target(head, out);
  return host ? target : Reject::kHostMalformed;
}

}  // namespace http
