#include "http/h2_validate.h"

#include "http/field.h"
#include "http/h1_parser.h"

namespace http {
namespace {

bool is_connection_specific(FieldId id) {
  return id == FieldId::kConnection || id == FieldId::kKeepAlive || id == FieldId::kProxyConnection ||
         id == FieldId::kTransferEncoding || id == FieldId::kUpgrade;
}

}  // namespace

Reject validate_h2_request(RequestHead& head) {
  const Field* singles[5] = {};
  for (Field& field : head.fields) {
    field.id = classify(field.name);
    if (!is_token(field.name)) return Reject::kFieldNameMalformed;
    if (!is_field_value(field.value)) return Reject::kFieldValueMalformed;
    if (is_connection_specific(field.id)) return Reject::kConnectionField;
    const Field** slot = nullptr;
    switch (field.id) {
      case FieldId::kHost: slot = &singles[0]; break;
      case FieldId::kContentLength: slot = &singles[1]; break;
      case FieldId::kAuthorization: slot = &singles[2]; break;
      case FieldId::kContentType: slot = &singles[3]; break;
      case FieldId::kTe: slot = &singles[4]; break;
      case FieldId::kExpect: field.hop_by_hop = true; break;
      case FieldId::kHttp2Settings:
      case FieldId::kProxyAuthenticate:
      case FieldId::kProxyAuthorization:
      case FieldId::kTrailer: field.hop_by_hop = true; break;
      default: break;
    }
    if (slot == nullptr) continue;
    if (field.name.find('_') != std::string_view::npos) return Reject::kFieldNameMalformed;
    if (*slot != nullptr) return Reject::kDuplicateField;
    *slot = &field;
  }
  if (head.method == "CONNECT" || head.method == "TRACE") return Reject::kMethodNotAllowed;
  if (!is_token(head.method)) return Reject::kMethodMalformed;
  if (head.scheme != "https" && head.scheme != "http") return Reject::kSchemeMalformed;
  if (singles[0] != nullptr) {
    if (head.authority.empty()) head.authority = singles[0]->value;
    if (!equals_ignoring_case(head.authority, singles[0]->value)) return Reject::kAuthorityConflict;
  }
  if (head.authority.empty()) return Reject::kHostMissing;
  if (singles[1] != nullptr) {
    head.content_length = parse_content_length(singles[1]->value);
    if (!head.content_length) return Reject::kContentLengthMalformed;
    if (head.framing == Framing::kNone && *head.content_length != 0) return Reject::kFramingConflict;
  }
  if (singles[4] != nullptr) {
    if (!equals_ignoring_case(singles[4]->value, "trailers")) return Reject::kTeMalformed;
    head.te_trailers = true;
    for (Field& field : head.fields)
      if (field.id == FieldId::kTe) field.hop_by_hop = true;
  }
  if (const Field* expect = head.fields.find(FieldId::kExpect)) {
    if (!equals_ignoring_case(expect->value, "100-continue")) return Reject::kExpectationUnsupported;
    head.expect_continue = head.framing != Framing::kNone;
  }
  return Reject::kNone;
}

bool validate_trailers(FieldList& trailers) {
  for (Field& field : trailers) {
    field.id = classify(field.name);
    switch (field.id) {
      case FieldId::kAuthorization:
      case FieldId::kConnection:
      case FieldId::kContentLength:
      case FieldId::kContentType:
      case FieldId::kCookie:
      case FieldId::kExpect:
      case FieldId::kForwarded:
      case FieldId::kHost:
      case FieldId::kTe:
      case FieldId::kTrailer:
      case FieldId::kTransferEncoding:
      case FieldId::kUpgrade:
      case FieldId::kXForwarded:
      case FieldId::kXOctelium: return false;
      default: break;
    }
  }
  return true;
}

}  // namespace http
