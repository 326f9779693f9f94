// What the upstream gets of a request, and the client of its response.

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "gateway/cookies.h"
#include "gateway/own_fields.h"
#include "gateway/request.h"

namespace gateway {
namespace {

using http::Failure;
using http::FieldId;

// Forwarding fields that are never passed on, whatever the mode.
bool is_never_forwarded(std::string_view name) {
  return http::equals_ignoring_case(name.substr(0, 8), "x-envoy-") ||
         http::equals_ignoring_case(name, "x-forwarded-client-cert");
}

}  // namespace

Request::Next Request::edit_target() {
  out_.method = head_.method;
  std::string_view path = target_.path;
  const bool edited =
      path.starts_with('/') && (!config_->remove_prefix.empty() || !config_->add_prefix.empty());
  if (edited) {
    if (!config_->remove_prefix.empty() && path.starts_with(config_->remove_prefix))
      path.remove_prefix(config_->remove_prefix.size());
    path_ = config_->add_prefix;
    path_ += path;
    if (!path_.starts_with('/')) path_.insert(path_.begin(), '/');
    // What is left must be canonical still: `/api../x` without `/api` would be another path to the
    // upstream than the one that policy saw.
    std::string storage;
    std::string_view canonical;
    if (http::canonicalise_path(path_, storage, canonical) != http::Reject::kNone ||
        canonical != path_)
      return answer(
          {.status = 400, .reason = "path_rewrite_ambiguous", .body = "path_rewrite_ambiguous"});
    path = path_;
  }
  out_.target = original_or_joined(path, target_text_);
  return Next::kGoOn;
}

// `path?query`: as it stands in the head if nothing was changed, else put together in `storage`.
std::string_view Request::original_or_joined(std::string_view path, std::string& storage) const {
  if (!target_.has_query) return path;
  const bool inside =
      path.data() >= head_.target.data() && path.data() < head_.target.data() + head_.target.size();
  if (inside && path.data() + path.size() + 1 == target_.query.data())
    return {path.data(), path.size() + 1 + target_.query.size()};
  storage.reserve(path.size() + 1 + target_.query.size());
  storage.append(path).append(1, '?').append(target_.query);
  return storage;
}

// Order as in spec/http-gateway.md 3.5.
Request::Next Request::edit_fields() {
  const bool transparent = config_->forwarded == RouteConfig::Forwarded::kTransparent;
  bool user_agent = false;
  for (const http::Field& field : head_.fields) {
    if (field.hop_by_hop) continue;
    switch (field.id) {
      case FieldId::kHost:
      case FieldId::kContentLength:
      case FieldId::kXRequestId:
        continue;
      case FieldId::kXOctelium:
        if (!service_->is_api ||
            !http::equals_ignoring_case(field.name, "x-octelium-refresh-token")) {
          if (!service_->is_api || !http::equals_ignoring_case(field.name, "x-octelium-dry-run"))
            continue;
        }
        break;
      case FieldId::kAuthorization:
        if (!config_->pass_authorization) continue;
        break;
      case FieldId::kForwarded:
      case FieldId::kXForwarded:
        // `X_Forwarded_For` is another field to us, but maybe not to the upstream.
        if (!transparent || is_never_forwarded(field.name) ||
            field.name.find('_') != std::string_view::npos)
          continue;
        if (http::equals_ignoring_case(field.name, "x-forwarded-proto")) continue;
        if (http::equals_ignoring_case(field.name, "x-forwarded-for")) {
          forwarded_.append(field.value).append(", ");
          continue;
        }
        break;
      case FieldId::kCookie: {
        const std::string_view kept =
            service_->is_api ? field.value : without_our_cookies(field.value, cookies_);
        if (!kept.empty()) out_.fields.push(http::Field{field.name, kept, field.id, false});
        continue;
      }
      case FieldId::kUserAgent:
        user_agent = true;
        break;
      default:
        break;
    }
    out_.fields.push(field);
  }
  if (!user_agent) out_.fields.push(http::Field{"User-Agent", kServer, FieldId::kUserAgent, false});
  if (transparent) {
    // What the client says of itself stays on the left; on the right stands what we know.
    forwarded_ += stream_.downstream().peer_ip;
    out_.fields.push(http::Field{"X-Forwarded-For", forwarded_, FieldId::kXForwarded, false});
    out_.fields.push(http::Field{"X-Forwarded-Proto", stream_.downstream().tls ? "https" : "http",
                                 FieldId::kXForwarded, false});
  }
  for (const FieldEdit& edit : config_->request_fields)
    set_field(out_.fields, edit.name, edit.value, edit.append);
  for (const std::string& name : config_->removed_request_fields) {
    for (http::Field& field : out_.fields)
      if (are_alike(field.name, name)) field.hop_by_hop = true;
  }
  if (config_->forwarded == RouteConfig::Forwarded::kObfuscate) {
    char suffix[IdentifierSource::kSize];
    const std::string_view random = tools_.identifiers.next(suffix).substr(10, 8);
    forwarded_ = fmt::format("for=_octelium-{};by=_octelium-gateway;proto=https;host={}", random,
                             service_->canonical_host);
    out_.fields.push(http::Field{"Forwarded", forwarded_, FieldId::kForwarded, false});
    out_.fields.push(http::Field{"X-Forwarded-Proto", "https", FieldId::kXForwarded, false});
    out_.fields.push(
        http::Field{"X-Forwarded-Host", service_->canonical_host, FieldId::kXForwarded, false});
    out_.fields.push(http::Field{"X-Forwarded-For", "10.0.0.1", FieldId::kXForwarded, false});
    out_.fields.push(http::Field{"X-Real-IP", "10.0.0.1", FieldId::kXForwarded, false});
  }
  if (service_->is_api) {
    if (session_) {
      session_uid_ = session_->session->metadata().uid();
      out_.fields.push(
          http::Field{"x-octelium-session-uid", session_uid_, FieldId::kXOctelium, false});
    }
    out_.fields.push(http::Field{"x-octelium-client-address", stream_.downstream().peer_ip,
                                 FieldId::kXOctelium, false});
  }
  if (out_.fields.size() == http::FieldList::kCapacity)
    return answer({.status = 431, .reason = "too_many_fields", .body = "too_many_fields"});
  return Next::kGoOn;
}

Request::Next Request::attach_credential() {
  switch (config_->credential) {
    case RouteConfig::Credential::kNone:
      break;
    case RouteConfig::Credential::kMissing:
      detail_ = fmt::format("the Secret {} is missing or unusable", config_->missing_secret);
      return answer({.status = 502,
                     .reason = "upstream_credential_missing",
                     .grpc_status = 14,
                     .grpc_message = "Octelium: upstream credential unavailable"});
    case RouteConfig::Credential::kPresent:
      set_field(out_.fields, config_->credential_field, config_->credential_value.reveal(), false);
      break;
  }
  return Next::kGoOn;
}

// --- there and back ---

io::Task<void> Request::forward() {
  if (config_->direct) {
    reply_storage_ = config_->direct->body;
    answer({.status = config_->direct->status,
            .body = reply_storage_,
            .content_type = config_->direct->content_type});
    co_return;
  }
  const auto& endpoints = config_->endpoints;
  const auto& endpoint = endpoints.size() == 1
                             ? endpoints[0]
                             : endpoints[tools_.identifiers.number() % endpoints.size()];
  endpoint_ = endpoint.get();
  switch (config_->host) {
    case RouteConfig::Host::kUpstream:
      out_.authority = endpoint->authority;
      break;
    case RouteConfig::Host::kPreserve:
      out_.authority = service_->canonical_host;
      break;
    case RouteConfig::Host::kValue:
      out_.authority = config_->host_value;
      break;
  }
  out_.scheme = endpoint->tls ? "https" : "http";
  out_.upgrade_websocket =
      head_.upgrade_websocket && endpoint->protocol == upstream::Protocol::kHttp1;
  out_.te_trailers = head_.te_trailers || service_->is_grpc;
  if (!whole_body_) whole_body_ = stream_.whole_body();
  out_.has_body = head_.framing != http::Framing::kNone;
  out_.content_length = head_.content_length;
  if (whole_body_ && out_.has_body) out_.content_length = whole_body_->size();

  ExchangeOptions options = tools_.exchange;
  if (service_->is_grpc && !service_->is_api) {  // streams of users may be silent; our API has none
    options.head_timeout = options.body_timeout = kGrpcIdleMillis;
    stream_.set_body_timeout(kGrpcIdleMillis);
  }
  Exchange exchange(stream_, tools_.pool, options);
  const ExchangeResult result = co_await exchange.run(endpoint, out_, whole_body_, *this);
  if (result.failure == Failure::kNone) co_return;
  detail_ = result.detail;
  if (!result.client_failed)
    tools_.counters.upstream_failures.fetch_add(1, std::memory_order_relaxed);
  answer(upstream_reply(result));
}

Request::Reply Request::upstream_reply(const ExchangeResult& result) {
  if (result.client_failed) {
    if (result.failure == Failure::kMalformed)
      return {.status = 400, .reason = "body_malformed", .body = "body_malformed"};
    if (result.failure == Failure::kTimeout) return {.status = 408, .reason = "body_timeout"};
    return {.status = 499, .reason = "client_closed"};
  }
  const auto failed = [](int status, std::string_view reason) {
    return Reply{.status = status,
                 .reason = reason,
                 .body = reason,
                 .grpc_status = status == 504 ? 4 : 14,
                 .grpc_message = status == 504 ? "Octelium: upstream timeout"
                                               : "Octelium: upstream unavailable"};
  };
  switch (result.failure) {
    case Failure::kTimeout:
      return failed(504, "upstream_timeout");
    case Failure::kConnectFailed:
      return failed(502, "upstream_connect_failed");
    case Failure::kTls:
      return failed(502, "upstream_tls_failed");
    case Failure::kResolve:
      return failed(502, "upstream_name_unresolved");
    case Failure::kMalformed:
      return failed(502, "upstream_malformed");
    case Failure::kTooLarge:
      return failed(502, "upstream_head_too_large");
    default:
      return failed(502, "upstream_closed");
  }
}

bool Request::shape(const http::ResponseHead& in, http::ResponseOut& out) {
  bool date = false;
  for (const http::Field& field : in.fields) {
    if (field.hop_by_hop) continue;
    switch (field.id) {
      case FieldId::kContentLength:
      case FieldId::kServer:
      case FieldId::kConnection:
        continue;
      case FieldId::kXOctelium:
        continue;  // ours to say, never an upstream's
      case FieldId::kContentType:
        content_type_ = field.value;
        break;
      case FieldId::kDate:
        date = true;
        break;
      case FieldId::kOther:
        if (http::equals_ignoring_case(field.name, "set-cookie") && sets_our_cookie(field.value))
          continue;  // an upstream must not log people in or out
        break;
      default:
        break;
    }
    out.fields.push(field);
  }
  if (!out.upgrade_websocket) edit_response_fields(out.fields);
  if (!date)
    out.fields.push(http::Field{"Date", http_date(entry_.started_ns), FieldId::kDate, false});
  out.fields.push(http::Field{"Server", kServer, FieldId::kServer, false});
  if (stream_.downstream().tls) set_field(out.fields, "Strict-Transport-Security", kHsts, false);
  out.fields.push(http::Field{kRequestIdField, entry_.id, FieldId::kXOctelium, false});
  entry_.status = in.status;
  if (service_->is_grpc) note_grpc_status(in.fields);
  return out.fields.size() < http::FieldList::kCapacity;
}

void Request::edit_response_fields(http::FieldList& fields) const {
  for (const FieldEdit& edit : config_->response_fields)
    set_field(fields, edit.name, edit.value, edit.append);
  for (const std::string& name : config_->removed_response_fields) {
    for (http::Field& field : fields)
      if (http::equals_ignoring_case(field.name, name)) field.hop_by_hop = true;
  }
}

void Request::on_trailers(const http::FieldList& trailers) {
  if (service_ != nullptr && service_->is_grpc) note_grpc_status(trailers);
}

void Request::note_grpc_status(const http::FieldList& fields) {
  for (const http::Field& field : fields) {
    if (field.id == FieldId::kGrpcStatus) {
      std::from_chars(field.value.data(), field.value.data() + field.value.size(),
                      entry_.grpc_status);
    } else if (http::equals_ignoring_case(field.name, "grpc-message")) {
      grpc_message_ = field.value.substr(0, 512);
    }
  }
}

}  // namespace gateway
