#include "telemetry/access_entry.h"

#include <algorithm>

#include "telemetry/json_line.h"

namespace telemetry {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

// The path as people read it, escapes decoded once; what is no escape stays. At most `size` bytes
// are written to `out`.
std::string_view decode_path(std::string_view path, char* out, std::size_t size) {
  std::size_t written = 0;
  for (std::size_t i = 0; i < path.size() && written < size; ++i) {
    char c = path[i];
    if (c == '%' && i + 2 < path.size()) {
      const int high = hex_value(path[i + 1]);
      const int low = hex_value(path[i + 2]);
      if (high >= 0 && low >= 0) {
        c = static_cast<char>(high * 16 + low);
        i += 2;
      }
    }
    out[written++] = c;
  }
  return {out, written};
}

// Without user info, query and fragment (spec/visibility-and-operations.md 1.3); empty when it is
// no URL.
std::string_view strip_referer(std::string_view referer, std::string& storage) {
  referer = referer.substr(0, std::min(referer.find('?'), referer.find('#')));
  const auto scheme = referer.find("://");
  if (scheme == std::string_view::npos) return {};
  const auto slash = std::min(referer.find('/', scheme + 3), referer.size());
  const auto at = referer.substr(0, slash).rfind('@');
  if (at == std::string_view::npos) return referer;
  storage.assign(referer.substr(0, scheme + 3));
  storage += referer.substr(at + 1);
  return storage;
}

std::string_view version_name(http::Version version) {
  switch (version) {
    case http::Version::kHttp10:
      return "HTTP10";
    case http::Version::kHttp11:
      return "HTTP11";
    case http::Version::kHttp2:
      return "HTTP2";
  }
  return "";
}

void append_policy_match(JsonLine& line, const AccessEntry& entry) {
  line.open(R"("details":)");
  line.open(R"("policyMatch":)");
  if (!entry.policy_ref.empty()) {
    line.open(R"("policy":)");
    line.json(R"("policyRef":)", entry.policy_ref);
  } else {
    line.open(R"("inlinePolicy":)");
    line.json(R"("resourceRef":)", entry.inline_owner_ref);
    line.text(R"("name":)", entry.inline_name);
  }
  line.close();
  line.text(R"("ruleName":)", entry.rule_name);
  line.number(R"("priority":)", entry.rule_priority);
  line.close();
  line.close();
}

void append_reason(JsonLine& line, const AccessEntry& entry) {
  if (entry.reason_type.empty()) return;
  line.open(R"("reason":)");
  line.word(R"("type":)", entry.reason_type);
  if (entry.policy_match) {
    append_policy_match(line, entry);
  } else if (!entry.session_state.empty()) {
    line.open(R"("details":)");
    line.open(R"("sessionNotActive":)");
    line.word(R"("state":)", entry.session_state);
    line.close();
    line.close();
  }
  line.close();
}

void append_http(JsonLine& line, const AccessEntry& entry) {
  line.open(R"("http":)");
  line.open(R"("request":)");
  if (entry.path.find('%') == std::string_view::npos) {
    line.text(R"("path":)", entry.path);
  } else {
    char decoded[JsonLine::kMaxText];
    line.text(R"("path":)", decode_path(entry.path, decoded, sizeof decoded));
  }
  line.text(R"("userAgent":)", entry.user_agent);
  line.text(R"("method":)", entry.method);
  if (!entry.referer.empty()) {
    std::string storage;
    line.text(R"("referer":)", strip_referer(entry.referer, storage));
  }
  line.number64(R"("bodyBytes":)", entry.request_bytes);
  line.text(R"("uri":)", entry.path);
  line.text(R"("origin":)", entry.origin);
  line.close();
  line.open(R"("response":)");
  line.number(R"("code":)", entry.status);
  line.number64(R"("bodyBytes":)", entry.response_bytes);
  line.text(R"("contentType":)", entry.content_type);
  line.close();
  line.word(R"("httpVersion":)", version_name(entry.version));
  line.close();
}

void append_grpc(JsonLine& line, const AccessEntry& entry) {
  line.open(R"("grpc":)");
  append_http(line, entry);
  line.text(R"("method":)", entry.grpc_method);
  line.text(R"("service":)", entry.grpc_service);
  if (!entry.grpc_service.empty())
    line.text(R"("serviceFullName":)", entry.grpc_package, entry.grpc_package.empty() ? "" : ".",
              entry.grpc_service);
  line.text(R"("package":)", entry.grpc_package);
  line.number(R"("status":)", entry.grpc_status);
  line.text(R"("message":)", entry.grpc_message);
  line.close();
}

void append_common(JsonLine& line, const AccessEntry& entry) {
  line.open(R"("common":)");
  line.time(R"("startedAt":)", entry.started_ns);
  line.time(R"("endedAt":)", entry.ended_ns);
  line.word(R"("status":)", entry.allowed ? "ALLOWED" : "DENIED");
  line.word(R"("mode":)", entry.mode);
  append_reason(line, entry);
  line.json(R"("sessionRef":)", entry.session_ref);
  line.json(R"("userRef":)", entry.user_ref);
  line.json(R"("deviceRef":)", entry.device_ref);
  line.json(R"("serviceRef":)", entry.service_ref);
  line.json(R"("namespaceRef":)", entry.namespace_ref);
  line.json(R"("regionRef":)", entry.region_ref);
  line.flag(R"("isPublic":)", entry.is_public);
  line.flag(R"("isAnonymous":)", entry.is_anonymous);
  line.close();
}

void append_shadow(JsonLine& line, const AccessEntry& entry) {
  if (entry.shadow_code.empty()) return;
  line.open(R"("shadow":)");
  line.word(R"("status":)", entry.shadow_allowed ? "ALLOWED" : "DENIED");
  line.word(R"("reason":)", entry.shadow_code);
  if (!entry.shadow_policy_ref.empty()) {
    line.json(R"("policyRef":)", entry.shadow_policy_ref);
  } else {
    line.json(R"("resourceRef":)", entry.shadow_inline_owner_ref);
    line.text(R"("inlinePolicy":)", entry.shadow_inline_name);
  }
  line.text(R"("ruleName":)", entry.shadow_rule_name);
  line.close();
}

// What the published message has no place for.
void append_extension(JsonLine& line, const AccessEntry& entry) {
  line.open(R"("ext":)");
  line.text(R"("reason":)", entry.reason);
  line.text(R"("detail":)", entry.detail);
  line.text(R"("host":)", entry.host);
  line.text(R"("config":)", entry.config);
  line.text(R"("configProblem":)", entry.config_problem);
  line.text(R"("upstream":)", entry.upstream);
  line.text(R"("clientAddress":)", entry.client_address);
  append_shadow(line, entry);
  line.close();
}

}  // namespace

std::string render_reference(const resource::metav1::ObjectReference& reference) {
  std::string out;
  JsonLine line(out);
  line.open();
  line.text(R"("apiVersion":)", reference.apiversion());
  line.text(R"("kind":)", reference.kind());
  line.text(R"("uid":)", reference.uid());
  line.text(R"("name":)", reference.name());
  line.text(R"("resourceVersion":)", reference.resourceversion());
  line.close();
  line.finish();
  return out;
}

std::string render_reference(const resource::Message& resource) {
  const auto& metadata = resource::metadata_of(resource);
  resource::metav1::ObjectReference reference;
  reference.set_apiversion("core/v1");
  reference.set_kind(std::string(resource::kind_name(resource::kind_of(resource))));
  reference.set_uid(metadata.uid());
  reference.set_name(metadata.name());
  reference.set_resourceversion(metadata.resourceversion());
  return render_reference(reference);
}

void append_entry(std::string& out, const AccessEntry& entry) {
  JsonLine line(out);
  line.open();
  line.word(R"("apiVersion":)", "core/v1");
  line.word(R"("kind":)", "AccessLog");
  line.open(R"("metadata":)");
  line.text(R"("id":)", entry.id);
  line.time(R"("createdAt":)", entry.ended_ns);
  line.json(R"("actorRef":)", entry.session_ref);
  line.json(R"("targetRef":)", entry.service_ref);
  line.close();
  line.open(R"("entry":)");
  append_common(line, entry);
  line.open(R"("info":)");
  if (entry.is_grpc) {
    append_grpc(line, entry);
  } else {
    append_http(line, entry);
  }
  line.close();
  line.close();
  append_extension(line, entry);
  line.close();
  line.line_break();
  line.finish();
}

}  // namespace telemetry
