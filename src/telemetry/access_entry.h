#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "http/message.h"
#include "resource/kind.h"

namespace telemetry {

// Everything that a line of the access log says of one request. Views only; nothing here is ever a
// credential, a token, a query string or a body. References are JSON objects that were rendered
// once, by `render_reference`.
struct AccessEntry {
  std::string_view id;          // metadata.id, and the answer's x-octelium-request-id
  std::int64_t started_ns = 0;  // since the epoch
  std::int64_t ended_ns = 0;
  bool allowed = false;  // by authorisation; an upstream's failure does not change it

  std::string_view mode;  // "HTTP", "GRPC", ...; empty when no Service was found
  std::string_view session_ref;
  std::string_view user_ref;
  std::string_view device_ref;
  std::string_view service_ref;
  std::string_view namespace_ref;
  std::string_view region_ref;
  bool is_public = false;
  bool is_anonymous = false;

  // Reason (spec/visibility-and-operations.md 1.2); empty type: none.
  std::string_view reason_type;
  std::string_view policy_ref;        // the Policy whose rule decided, or
  std::string_view inline_owner_ref;  // the owner of the inline policy and
  std::string_view inline_name;       // its name
  std::string_view rule_name;
  std::int32_t rule_priority = 0;
  bool policy_match = false;
  std::string_view session_state;  // of sessionNotActive

  std::string_view method;
  std::string_view path;  // canonical, with escapes; also the uri, since queries are never logged
  std::string_view host;
  std::string_view user_agent;
  std::string_view referer;
  std::string_view origin;
  std::uint64_t request_bytes = 0;
  int status = 0;
  std::uint64_t response_bytes = 0;
  std::string_view content_type;
  http::Version version = http::Version::kHttp11;

  bool is_grpc = false;
  std::string_view grpc_package;
  std::string_view grpc_service;
  std::string_view grpc_method;
  std::int32_t grpc_status = 0;
  std::string_view grpc_message;

  // Ours, under `ext`.
  std::string_view reason;          // stable snake_case code of whatever was not a plain success
  std::string_view detail;          // for an operator; bounded
  std::string_view upstream;        // authority of the endpoint
  std::string_view config;          // name of the config in force, or the rule that computed it
  std::string_view config_problem;  // of dynamicConfig rules that failed and were passed over
  std::string_view client_address;

  // What a shadow rule would have decided; an empty code: nothing.
  std::string_view shadow_code;
  bool shadow_allowed = false;
  std::string_view shadow_policy_ref;  // as above
  std::string_view shadow_inline_owner_ref;
  std::string_view shadow_inline_name;
  std::string_view shadow_rule_name;
};

// `{"apiVersion":"core/v1","kind":...,"uid":...,"name":...,"resourceVersion":...}`
std::string render_reference(const resource::Message& resource);
std::string render_reference(const resource::metav1::ObjectReference& reference);

// Appends the entry as one line of JSON, line break included.
void append_entry(std::string& out, const AccessEntry& entry);

}  // namespace telemetry
