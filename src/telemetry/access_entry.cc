#include "telemetry/access_entry.h"

#include <algorithm>
#include <charconv>
#include <ctime>

#include "base/encoding.h"

namespace telemetry {
namespace {

constexpr std::size_t kMaxText = 2048;  // bytes of one value that a client chose

// Writes members of a JSON object; knows whether a comma is due.
class Members {
 public:
  explicit Members(std::string& out) : out_(out) { out_ += '{'; }
  void close() { out_ += '}'; }

  // `key` comes with its quotes and colon, since it is always a literal: "\"path\":".
  void text(std::string_view key, std::string_view value) {
    if (value.empty()) return;
    begin(key);
    out_ += '"';
    base::append_json_escaped(out_, value.substr(0, kMaxText));
    out_ += '"';
  }
  // A value that is known to need no escapes.
  void word(std::string_view key, std::string_view value) {
    if (value.empty()) return;
    begin(key);
    out_ += '"';
    out_ += value;
    out_ += '"';
  }
  void raw(std::string_view key, std::string_view json) {
    if (json.empty()) return;
    begin(key);
    out_ += json;
  }
  void number(std::string_view key, std::int64_t value) {
    if (value == 0) return;
    begin(key);
    append_number(value);
  }
  // proto3 JSON writes 64-bit integers as strings.
  void number64(std::string_view key, std::uint64_t value) {
    if (value == 0) return;
    begin(key);
    out_ += '"';
    append_number(static_cast<std::int64_t>(value));
    out_ += '"';
  }
  void flag(std::string_view key, bool value) {
    if (!value) return;
    begin(key);
    out_ += "true";
  }
  Members object(std::string_view key) {
    begin(key);
    return Members(out_);
  }
  std::string& begin(std::string_view key) {
    if (out_.back() != '{') out_ += ',';
    out_ += key;
    return out_;
  }

 private:
  void append_number(std::int64_t value) {
    char digits[24];
    out_.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
  }

  std::string& out_;
};

void append_padded(std::string& out, std::int64_t value, int width) {
  char digits[20];
  for (int i = width - 1; i >= 0; --i, value /= 10) digits[i] = static_cast<char>('0' + value % 10);
  out.append(digits, static_cast<std::size_t>(width));
}

// RFC 3339 in UTC with microseconds. The date part is formatted once per second and thread.
void append_time(std::string& out, std::int64_t ns) {
  thread_local std::int64_t cached_second = -1;
  thread_local std::string cached;
  const std::int64_t second = ns / 1'000'000'000;
  if (second != cached_second) {
    const auto seconds = static_cast<std::time_t>(second);
    std::tm utc{};
    gmtime_r(&seconds, &utc);
    cached.clear();
    append_padded(cached, utc.tm_year + 1900, 4);
    cached += '-';
    append_padded(cached, utc.tm_mon + 1, 2);
    cached += '-';
    append_padded(cached, utc.tm_mday, 2);
    cached += 'T';
    append_padded(cached, utc.tm_hour, 2);
    cached += ':';
    append_padded(cached, utc.tm_min, 2);
    cached += ':';
    append_padded(cached, utc.tm_sec, 2);
    cached_second = second;
  }
  out += '"';
  out += cached;
  out += '.';
  append_padded(out, ns % 1'000'000'000 / 1000, 6);
  out += "Z\"";
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

void append_reason(Members& common, const AccessEntry& entry) {
  if (entry.reason_type.empty()) return;
  Members reason = common.object("\"reason\":");
  reason.word("\"type\":", entry.reason_type);
  if (entry.policy_match) {
    Members details = reason.object("\"details\":");
    Members match = details.object("\"policyMatch\":");
    if (!entry.policy_ref.empty()) {
      Members policy = match.object("\"policy\":");
      policy.raw("\"policyRef\":", entry.policy_ref);
      policy.close();
    } else {
      Members inline_policy = match.object("\"inlinePolicy\":");
      inline_policy.raw("\"resourceRef\":", entry.inline_owner_ref);
      inline_policy.text("\"name\":", entry.inline_name);
      inline_policy.close();
    }
    match.text("\"ruleName\":", entry.rule_name);
    match.number("\"priority\":", entry.rule_priority);
    match.close();
    details.close();
  } else if (!entry.session_state.empty()) {
    Members details = reason.object("\"details\":");
    Members state = details.object("\"sessionNotActive\":");
    state.word("\"state\":", entry.session_state);
    state.close();
    details.close();
  }
  reason.close();
}

void append_http(Members& parent, const AccessEntry& entry) {
  std::string referer;
  Members http = parent.object("\"http\":");
  Members request = http.object("\"request\":");
  request.text("\"path\":", entry.path);
  request.text("\"userAgent\":", entry.user_agent);
  request.text("\"method\":", entry.method);
  if (!entry.referer.empty()) request.text("\"referer\":", strip_referer(entry.referer, referer));
  request.number64("\"bodyBytes\":", entry.request_bytes);
  request.text("\"uri\":", entry.path);
  request.text("\"origin\":", entry.origin);
  request.close();
  Members response = http.object("\"response\":");
  response.number("\"code\":", entry.status);
  response.number64("\"bodyBytes\":", entry.response_bytes);
  response.text("\"contentType\":", entry.content_type);
  response.close();
  http.word("\"httpVersion\":", version_name(entry.version));
  http.close();
}

}  // namespace

std::string render_reference(const resource::metav1::ObjectReference& reference) {
  std::string out;
  Members members(out);
  members.text("\"apiVersion\":", reference.apiversion());
  members.text("\"kind\":", reference.kind());
  members.text("\"uid\":", reference.uid());
  members.text("\"name\":", reference.name());
  members.text("\"resourceVersion\":", reference.resourceversion());
  members.close();
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
  Members line(out);
  out += R"("apiVersion":"core/v1","kind":"AccessLog")";
  Members metadata = line.object("\"metadata\":");
  metadata.word("\"id\":", entry.id);
  append_time(metadata.begin("\"createdAt\":"), entry.ended_ns);
  metadata.raw("\"actorRef\":", entry.session_ref);
  metadata.raw("\"targetRef\":", entry.service_ref);
  metadata.close();

  Members body = line.object("\"entry\":");
  Members common = body.object("\"common\":");
  append_time(common.begin("\"startedAt\":"), entry.started_ns);
  append_time(common.begin("\"endedAt\":"), entry.ended_ns);
  common.word("\"status\":", entry.allowed ? "ALLOWED" : "DENIED");
  common.word("\"mode\":", entry.mode);
  append_reason(common, entry);
  common.raw("\"sessionRef\":", entry.session_ref);
  common.raw("\"userRef\":", entry.user_ref);
  common.raw("\"deviceRef\":", entry.device_ref);
  common.raw("\"serviceRef\":", entry.service_ref);
  common.raw("\"namespaceRef\":", entry.namespace_ref);
  common.raw("\"regionRef\":", entry.region_ref);
  common.flag("\"isPublic\":", entry.is_public);
  common.flag("\"isAnonymous\":", entry.is_anonymous);
  common.close();
  Members info = body.object("\"info\":");
  if (entry.is_grpc) {
    Members grpc = info.object("\"grpc\":");
    append_http(grpc, entry);
    grpc.text("\"method\":", entry.grpc_method);
    grpc.text("\"service\":", entry.grpc_service);
    if (!entry.grpc_service.empty()) {
      auto& name = grpc.begin("\"serviceFullName\":");
      name += '"';
      base::append_json_escaped(name, entry.grpc_package);
      if (!entry.grpc_package.empty()) name += '.';
      base::append_json_escaped(name, entry.grpc_service);
      name += '"';
    }
    grpc.text("\"package\":", entry.grpc_package);
    grpc.number("\"status\":", entry.grpc_status);
    grpc.text("\"message\":", entry.grpc_message);
    grpc.close();
  } else {
    append_http(info, entry);
  }
  info.close();
  body.close();

  Members ext = line.object("\"ext\":");
  ext.word("\"reason\":", entry.reason);
  ext.text("\"detail\":", entry.detail);
  ext.text("\"host\":", entry.host);
  ext.text("\"config\":", entry.config);
  ext.text("\"upstream\":", entry.upstream);
  ext.word("\"clientAddress\":", entry.client_address);
  ext.close();
  line.close();
  out += '\n';
}

}  // namespace telemetry
