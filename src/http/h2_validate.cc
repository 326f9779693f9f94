#include "http/h2_validate.h"

#include <algorithm>
#include <array>

#include "http/field.h"
#include "http/h1_parser.h"

namespace http {
namespace {

// RFC 9113 §8.2.2.
bool is_connection_specific(FieldId id) {
  return id == FieldId::kConnection || id == FieldId::kKeepAlive ||
         id == FieldId::kProxyConnection || id == FieldId::kTransferEncoding ||
         id == FieldId::kUpgrade;
}

// The fields that must not stand twice.
struct Singles {
  const Field* host = nullptr;
  const Field* content_length = nullptr;
  const Field* authorization = nullptr;
  const Field* content_type = nullptr;
  const Field* te = nullptr;
  const Field* expect = nullptr;

  const Field** slot(FieldId id) {
    switch (id) {
      case FieldId::kHost:
        return &host;
      case FieldId::kContentLength:
        return &content_length;
      case FieldId::kAuthorization:
        return &authorization;
      case FieldId::kContentType:
        return &content_type;
      case FieldId::kTe:
        return &te;
      case FieldId::kExpect:
        return &expect;
      default:
        return nullptr;
    }
  }
};

bool is_for_this_hop(FieldId id) {
  return id == FieldId::kExpect || id == FieldId::kHttp2Settings ||
         id == FieldId::kProxyAuthenticate || id == FieldId::kProxyAuthorization ||
         id == FieldId::kTe || id == FieldId::kTrailer;
}

Reject check_fields(FieldList& fields, Singles& singles) {
  for (Field& field : fields) {
    if (!is_token(field.name)) return Reject::kFieldNameMalformed;
    field.id = classify(field.name);
    if (!is_field_value(field.value)) return Reject::kFieldValueMalformed;
    if (is_connection_specific(field.id)) return Reject::kConnectionField;
    field.hop_by_hop = is_for_this_hop(field.id);
    const Field** slot = singles.slot(field.id);
    if (slot == nullptr) continue;
    // `content_length` is another field, but one that somebody behind us may read as the length.
    if (field.name.find('_') != std::string_view::npos) return Reject::kFieldNameMalformed;
    if (*slot != nullptr) return Reject::kDuplicateField;
    *slot = &field;
  }
  return Reject::kNone;
}

Reject check_authority(const Singles& singles, RequestHead& head) {
  if (singles.host != nullptr) {
    if (head.authority.empty()) head.authority = singles.host->value;
    if (!equals_ignoring_case(head.authority, singles.host->value))
      return Reject::kAuthorityConflict;
  }
  return head.authority.empty() ? Reject::kHostMissing : Reject::kNone;
}

// What cannot end a message: RFC 9110 §6.5.1 names framing, routing, request modifiers,
// authentication, and how the content is to be read. Those without an id of their own:
constexpr std::array<std::string_view, 16> kNeverTrailers = {
    "age",
    "cache-control",
    "content-encoding",
    "content-range",
    "expires",
    "if-match",
    "if-none-match",
    "if-range",
    "location",
    "max-forwards",
    "pragma",
    "range",
    "retry-after",
    "set-cookie",
    "vary",
    "www-authenticate",
};

bool may_be_trailer(const Field& field) {
  switch (field.id) {
    case FieldId::kAuthorization:
    case FieldId::kConnection:
    case FieldId::kContentLength:
    case FieldId::kContentType:
    case FieldId::kCookie:
    case FieldId::kExpect:
    case FieldId::kForwarded:
    case FieldId::kHost:
    case FieldId::kHttp2Settings:
    case FieldId::kKeepAlive:
    case FieldId::kProxyAuthenticate:
    case FieldId::kProxyAuthorization:
    case FieldId::kProxyConnection:
    case FieldId::kTe:
    case FieldId::kTrailer:
    case FieldId::kTransferEncoding:
    case FieldId::kUpgrade:
    case FieldId::kXForwarded:
    case FieldId::kXOctelium:
      return false;
    case FieldId::kOther:
      return std::ranges::none_of(kNeverTrailers, [&](std::string_view name) {
        return equals_ignoring_case(name, field.name);
      });
    default:
      return true;
  }
}

}  // namespace

Reject validate_h2_request(RequestHead& head) {
  Singles singles;
  if (const Reject r = check_fields(head.fields, singles); r != Reject::kNone) return r;
  if (head.method == "CONNECT" || head.method == "TRACE") return Reject::kMethodNotAllowed;
  if (!is_token(head.method)) return Reject::kMethodMalformed;
  if (head.scheme != "https" && head.scheme != "http") return Reject::kSchemeMalformed;
  if (const Reject r = check_authority(singles, head); r != Reject::kNone) return r;
  if (singles.content_length != nullptr) {
    head.content_length = parse_content_length(singles.content_length->value);
    if (!head.content_length) return Reject::kContentLengthMalformed;
    if (head.framing == Framing::kNone && *head.content_length != 0)
      return Reject::kFramingConflict;
  }
  if (singles.te != nullptr) {
    if (!equals_ignoring_case(singles.te->value, "trailers")) return Reject::kTeMalformed;
    head.te_trailers = true;
  }
  if (singles.expect != nullptr) {
    if (!equals_ignoring_case(singles.expect->value, "100-continue"))
      return Reject::kExpectationUnsupported;
    head.expect_continue = head.framing != Framing::kNone;
  }
  return Reject::kNone;
}

bool validate_trailers(FieldList& trailers) {
  bool good = true;
  for (Field& field : trailers) {
    field.id = classify(field.name);
    field.hop_by_hop =
        !may_be_trailer(field) || !is_token(field.name) || !is_field_value(field.value);
    good = good && !field.hop_by_hop;
  }
  return good;
}

}  // namespace http
