#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "resource/quoted.h"
#include "resource/validate_parts.h"

namespace resource {
namespace {

using Http = corev1::Service::Spec::Config::HTTP;

constexpr std::size_t kMaxHeaders = 256;
constexpr std::size_t kMaxHeaderNameBytes = 256;
constexpr std::size_t kMaxHeaderValueBytes = 8192;
constexpr std::size_t kMaxUsernameBytes = 150;
constexpr std::size_t kMaxPrefixBytes = 512;
constexpr std::uint32_t kMaxBodyBytes = 64u << 20;
constexpr int kFirstStatus = 200;
constexpr int kLastStatus = 599;
constexpr std::size_t kMaxMediaTypeBytes = 128;
constexpr std::size_t kMaxInlineBytes = 50'000;
constexpr std::size_t kMaxInlineBinaryBytes = 35'000;
constexpr std::size_t kMaxHostBytes = 255;

// RFC 9110 §5.6.2
bool is_token_byte(char c) {
  constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         kOthers.find(c) != std::string_view::npos;
}

bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, is_token_byte);
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return out;
}

// Framing, and whether a connection is kept, are settled by the gateway for each side by itself;
// the host of the upstream request has a setting of its own.
bool is_of_the_gateway(std::string_view name) {
  constexpr std::array<std::string_view, 10> kNames = {
      "connection",        "content-length",   "host",    "http2-settings", "keep-alive", "te",
      "transfer-encoding", "proxy-connection", "trailer", "upgrade"};
  return std::ranges::find(kNames, lower(name)) != kNames.end();
}

bool check_header_name(Checker& check, const std::string& path, std::string_view name) {
  if (!check.is_ascii(path, name, kMaxHeaderNameBytes)) return false;
  if (!is_token(name))
    return check.fail(path, fmt::format("{} is not the name of a header", quoted(name)));
  return !is_of_the_gateway(name) ||
         check.fail(path, fmt::format("{} is set by the gateway itself{}", quoted(name),
                                      lower(name) == "host" ? "; see header.host" : ""));
}

// RFC 9110 §5.5, as far as what is sent is concerned: no control characters but tabs, no blanks at
// the ends.
bool check_header_value(Checker& check, const std::string& path, std::string_view value) {
  if (!check.fits(path, value, kMaxHeaderValueBytes)) return false;
  const bool has_control = std::ranges::any_of(value, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\t') || byte == 0x7F;
  });
  const auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
  const bool has_blanks = !value.empty() && (is_blank(value.front()) || is_blank(value.back()));
  if (has_control)
    return check.fail(path, fmt::format("{} has a control character", quoted(value)));
  return !has_blanks ||
         check.fail(path, fmt::format("{} begins or ends with a blank", quoted(value)));
}

void check_additions(Checker& check, const std::string& path,
                     const google::protobuf::RepeatedPtrField<Http::Header::KeyValue>& headers) {
  check.at_most(path, static_cast<std::size_t>(headers.size()), kMaxHeaders, "headers");
  for (int i = 0; i < headers.size(); ++i) {
    const std::string at = indexed(path, i);
    check_header_name(check, at + ".key", headers[i].key());
    if (headers[i].type_case() == Http::Header::KeyValue::TYPE_NOT_SET) {
      check.fail(at + ".value", "must be set");
    } else if (headers[i].has_value()) {
      check_header_value(check, at + ".value", headers[i].value());
    }
  }
}

void check_removals(Checker& check, const std::string& path,
                    const google::protobuf::RepeatedPtrField<std::string>& names) {
  check.at_most(path, static_cast<std::size_t>(names.size()), kMaxHeaders, "headers");
  for (int i = 0; i < names.size(); ++i) check_header_name(check, indexed(path, i), names[i]);
}

// What may stand in a Host header: a name or address and a port, without telling them apart.
bool is_host(std::string_view text) {
  constexpr std::string_view kOthers = "-._[]:";
  return !text.empty() && std::ranges::all_of(text, [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kOthers.find(c) != std::string_view::npos;
  });
}

void check_header(Checker& check, const std::string& path, const Http::Header& header) {
  check_additions(check, path + ".addRequestHeaders", header.addrequestheaders());
  check_removals(check, path + ".removeRequestHeaders", header.removerequestheaders());
  check_additions(check, path + ".addResponseHeaders", header.addresponseheaders());
  check_removals(check, path + ".removeResponseHeaders", header.removeresponseheaders());
  if (!Http::Header::ForwardedMode_IsValid(header.forwardedmode()))
    check.fail(path + ".forwardedMode", "must be DROP, OBFUSCATE or TRANSPARENT");
  if (!Http::Header::AuthorizationMode_IsValid(header.authorizationmode()))
    check.fail(path + ".authorizationMode", "must be PASS or DELETE");
  if (header.has_host() && header.host().type_case() == Http::Header::Host::TYPE_NOT_SET)
    check.fail(path + ".host", "must have preserve or value");
  if (header.host().has_value() &&
      (!is_host(header.host().value()) || header.host().value().size() > kMaxHostBytes))
    check.fail(path + ".host.value", fmt::format("{} is not a host with or without a port",
                                                 quoted(header.host().value())));
}

void check_auth(Checker& check, const std::string& path, const Http::Auth& auth) {
  switch (auth.type_case()) {
    case Http::Auth::kBearer:
      check.is_secret(path + ".bearer", auth.bearer().fromsecret());
      return;
    case Http::Auth::kBasic:
      if (check.is_ascii(path + ".basic.username", auth.basic().username(), kMaxUsernameBytes) &&
          auth.basic().username().find(':') != std::string::npos)
        check.fail(path + ".basic.username",
                   "cannot have a colon, which ends the name on the wire");
      check.is_secret(path + ".basic.password", auth.basic().password().fromsecret());
      return;
    case Http::Auth::kCustom:
      check_header_name(check, path + ".custom.header", auth.custom().header());
      check.is_secret(path + ".custom.value", auth.custom().value().fromsecret());
      return;
    case Http::Auth::kOauth2ClientCredentials:  // refused
    case Http::Auth::kSigv4:
      return;
    case Http::Auth::TYPE_NOT_SET:
      break;
  }
  check.fail(path, "must have bearer, basic or custom");
}

bool is_hex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

// What `text` is not, to be a part of a canonical path; empty when it is one.
std::string_view path_fault(std::string_view text) {
  if (!text.starts_with('/')) return "must begin with a slash";
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c <= 0x20 || c >= 0x7F) return "has a blank, a control or a non-ASCII character";
    if (c == '?' || c == '#' || c == '\\') return "has one of ? # \\, which no path has";
    if (c == '%' && (i + 2 >= text.size() || !is_hex(text[i + 1]) || !is_hex(text[i + 2])))
      return "has a % that is not followed by two hexadecimal digits";
  }
  if (text.find("//") != std::string_view::npos) return "has an empty segment";
  const std::string closed = std::string(text) + "/";
  if (closed.find("/./") != std::string::npos || closed.find("/../") != std::string::npos)
    return "has a dot segment";
  return "";
}

void check_prefix(Checker& check, const std::string& path, const std::string& prefix) {
  if (prefix.empty() || !check.fits(path, prefix, kMaxPrefixBytes)) return;
  const auto fault = path_fault(prefix);
  if (!fault.empty()) check.fail(path, fmt::format("{} {}", quoted(prefix), fault));
}

void check_body(Checker& check, const std::string& path, const Http::Body& body) {
  if (!Http::Body::Mode_IsValid(body.mode())) check.fail(path + ".mode", "must be JSON");
  if (body.maxrequestsize() > kMaxBodyBytes)
    check.fail(path + ".maxRequestSize",
               fmt::format("{} is more than {} (64 MiB)", body.maxrequestsize(), kMaxBodyBytes));
}

// RFC 9110 §8.3.1: type "/" subtype and parameters; quoted values are taken as they are.
bool is_media_type(std::string_view text) {
  const auto semicolon = text.find(';');
  std::string_view type = text.substr(0, semicolon);
  while (type.ends_with(' ')) type.remove_suffix(1);
  const auto slash = type.find('/');
  if (slash == std::string_view::npos || !is_token(type.substr(0, slash)) ||
      !is_token(type.substr(slash + 1)))
    return false;
  if (semicolon == std::string_view::npos) return true;
  const std::string_view parameters = text.substr(semicolon + 1);
  return parameters.find('=') != std::string_view::npos &&
         std::ranges::all_of(parameters, [](char c) { return c >= 0x20 && c < 0x7F; });
}

void check_direct(Checker& check, const std::string& path, const Http::Response::Direct& direct) {
  const int status = direct.statuscode();
  if (status != 0 && (status < kFirstStatus || status > kLastStatus))
    check.fail(path + ".statusCode",
               fmt::format("{} is not between {} and {}", status, kFirstStatus, kLastStatus));
  if (!direct.contenttype().empty() &&
      check.fits(path + ".contentType", direct.contenttype(), kMaxMediaTypeBytes) &&
      !is_media_type(direct.contenttype()))
    check.fail(path + ".contentType",
               fmt::format("{} is not a media type", quoted(direct.contenttype())));
  const bool has_body = !direct.inline_().empty() || !direct.inlinebytes().empty();
  if (has_body && (status == 204 || status == 205 || status == 304))
    check.fail(path + ".statusCode", fmt::format("a response {} has no body", status));
  if (direct.has_inline_()) {
    check.fits(path + ".inline", direct.inline_(), kMaxInlineBytes);
  } else if (direct.has_inlinebytes()) {
    check.fits(path + ".inlineBytes", direct.inlinebytes(), kMaxInlineBinaryBytes);
  } else {
    check.fail(path, "must have inline or inlineBytes");
  }
}

}  // namespace

void check_http(Checker& check, const std::string& path, const Http& http) {
  if (http.has_auth()) check_auth(check, path + ".auth", http.auth());
  check_header(check, path + ".header", http.header());
  check_prefix(check, path + ".path.addPrefix", http.path().addprefix());
  check_prefix(check, path + ".path.removePrefix", http.path().removeprefix());
  check_body(check, path + ".body", http.body());
  if (!http.has_response()) return;
  if (http.response().has_direct()) {
    check_direct(check, path + ".response.direct", http.response().direct());
  } else {
    check.fail(path + ".response", "must have direct");
  }
}

}  // namespace resource
