// Answers of ours, and the line in the log that every request ends with.

#include <charconv>

#include "base/clock.h"
#include "gateway/own_fields.h"
#include "gateway/request.h"
#include "identity/oauth2.h"

namespace gateway {
namespace {

using http::Failure;
using http::FieldId;

// A little more than the endpoint takes, so that it is the endpoint that refuses, in its own words.
constexpr std::uint64_t kDomainBodyLimit = identity::OAuth2Endpoint::kMaxBodyBytes + 1024;

std::string_view mode_name(const corev1::Service& service) {
  return corev1::Service::Spec::Mode_Name(service.spec().mode());
}

}  // namespace

Request::Next Request::answer(Reply reply) {
  reply_ = reply;
  return Next::kAnswer;
}

void Request::send_reply_fields(http::ResponseOut& out, const Reply& reply) {
  const auto add = [&](std::string_view name, std::string_view value) {
    out.fields.push(http::Field{name, value, http::classify(name), false});
  };
  if (!reply.content_type.empty()) {
    add("Content-Type", reply.content_type);
  } else if (!reply.body.empty()) {
    add("Content-Type", "text/plain; charset=utf-8");
  }
  if (!reply.location.empty()) add("Location", reply.location);
  if (reply.unauthorized) add(kUnauthorizedField, "true");
  if (reply.status == 405) add("Allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
  if (reply.challenge_basic) add("WWW-Authenticate", "Basic realm=\"octelium\"");
  if (reply.no_store) add("Cache-Control", "no-store");
  if (config_ != nullptr && config_->direct) edit_response_fields(out.fields);
  add("Date", http_date(entry_.started_ns));
  add("Server", kServer);
  if (stream_.downstream().tls && !stream_.downstream().redirect_only)
    add("Strict-Transport-Security", kHsts);
  add(kRequestIdField, entry_.id);
}

io::Task<void> Request::send(const Reply& reply) {
  http::ResponseOut out;
  const bool grpc = service_ != nullptr && service_->is_grpc && reply.grpc_status >= 0;
  char grpc_status[4] = {};
  if (grpc) {
    // A trailers-only answer: HTTP says 200, gRPC says what happened.
    out.status = 200;
    const auto end =
        std::to_chars(grpc_status, grpc_status + sizeof grpc_status, reply.grpc_status).ptr;
    out.fields.push(http::Field{"Content-Type", "application/grpc", FieldId::kContentType, false});
    out.fields.push(http::Field{"Grpc-Status",
                                {grpc_status, static_cast<std::size_t>(end - grpc_status)},
                                FieldId::kGrpcStatus,
                                false});
    out.fields.push(http::Field{"Grpc-Message", reply.grpc_message, FieldId::kOther, false});
    Reply rest = reply;
    rest.body = rest.content_type = {};
    rest.status = 200;
    send_reply_fields(out, rest);
    out.no_body = head_.version == http::Version::kHttp2;  // END_STREAM on the head
    entry_.grpc_status = reply.grpc_status;
    grpc_message_ = reply.grpc_message;
    entry_.status = 200;
    co_await stream_.send_head(out, {}, true);
    co_return;
  }
  out.status = reply.status == 499 ? 400 : reply.status;
  entry_.status = reply.status;
  content_type_ = reply.content_type;
  send_reply_fields(out, reply);
  out.no_body = reply.status == 204 || reply.status == 304;
  std::string_view body = reply.body;
  if (head_.method == "HEAD") {
    out.no_body = true;
    out.content_length = body.size();
    body = {};
  }
  if (reply.status == 499) co_return;  // nobody is there
  co_await stream_.send_head(out, body, true);
}

// --- the cluster's own endpoints ---

io::Task<void> Request::serve_domain() {
  if (target_.path == identity::OAuth2Endpoint::kMetadataPath) {
    if (head_.method != "GET" && head_.method != "HEAD") {
      answer({.status = 405, .reason = "method_not_allowed"});
      co_return;
    }
    const SlowPath::Answer document = tools_.slow.oauth2_metadata();
    reply_storage_ = document.body;
    answer({.status = document.status, .body = reply_storage_, .content_type = "application/json"});
    co_return;
  }
  if (target_.path != identity::OAuth2Endpoint::kTokenPath) {
    answer({.status = 404, .reason = "path_unknown"});
    co_return;
  }
  if (head_.method != "POST") {
    answer({.status = 405, .reason = "method_not_allowed"});
    co_return;
  }
  SlowPath::TokenCall call;
  while (true) {
    const http::Piece piece = co_await stream_.read_body();
    if (piece.failure != Failure::kNone) {
      answer(
          {.status = piece.failure == Failure::kMalformed ? 400 : 499, .reason = "body_malformed"});
      co_return;
    }
    if (call.body.size() + piece.bytes.size() > kDomainBodyLimit) {
      answer({.status = 413, .reason = "body_too_large"});
      co_return;
    }
    call.body.append(piece.bytes);
    if (piece.last) break;
  }
  for (const http::Field& field : head_.fields) {
    if (field.id == FieldId::kContentType) call.content_type = field.value;
    if (field.id == FieldId::kAuthorization) call.authorization = field.value;
    if (field.id == FieldId::kUserAgent) call.user_agent = field.value;
  }
  call.client_address = stream_.downstream().peer_ip;
  const SlowPath::Answer result = co_await tools_.slow.oauth2_token(tools_.loop, std::move(call));
  reply_storage_ = result.body;
  Reply reply{.status = result.status,
              .reason = result.status == 200 ? "" : "oauth2_refused",
              .body = reply_storage_,
              .content_type = "application/json"};
  reply.challenge_basic = result.challenge_basic;
  reply.no_store = true;
  answer(reply);
}

// --- the log ---

void Request::fill_entry() {
  entry_.ended_ns = base::SystemClock().now().time_since_epoch().count();
  entry_.allowed = decision_.allowed || (service_ == nullptr && reply_.status == 200);
  if (service_ != nullptr) {
    entry_.mode = mode_name(*service_->service);
    entry_.service_ref = service_->reference;
    entry_.namespace_ref = service_->namespace_reference;
    entry_.region_ref = snapshot_->region_reference;
    entry_.is_public = service_->is_public;
    entry_.is_anonymous = service_->is_anonymous;
    entry_.is_grpc = service_->is_grpc;
  }
  if (subject_ != nullptr) {
    entry_.session_ref = subject_->session_reference;
    entry_.user_ref = subject_->user_reference;
    entry_.device_ref = subject_->device_reference;
  }
  fill_reason(decision_, entry_);
  for (const http::Field& field : head_.fields) {
    if (field.id == FieldId::kUserAgent) entry_.user_agent = field.value;
    if (field.id == FieldId::kReferer) entry_.referer = field.value;
    if (field.id == FieldId::kOrigin) entry_.origin = field.value;
  }
  entry_.method = head_.method;
  entry_.path = target_.path;
  entry_.host = target_.host;
  entry_.version = head_.version;
  entry_.request_bytes =
      head_.content_length ? *head_.content_length : stream_.body_bytes_received();
  entry_.response_bytes = stream_.body_bytes_sent();
  entry_.content_type = content_type_;
  entry_.grpc_package = grpc_.package;
  entry_.grpc_service = grpc_.service;
  entry_.grpc_method = grpc_.method;
  entry_.grpc_message = grpc_message_;
  entry_.reason = reply_.reason;
  entry_.detail = detail_;
  if (endpoint_ != nullptr) entry_.upstream = endpoint_->authority;
  if (!computed_by_.empty()) {
    entry_.config = computed_by_;
  } else if (config_ != nullptr) {
    entry_.config = config_->name;
  }
  entry_.config_problem = config_problem_;
  entry_.client_address = stream_.downstream().peer_ip;
}

void Request::write_log() {
  (decision_.allowed ? tools_.counters.allowed : tools_.counters.denied)
      .fetch_add(1, std::memory_order_relaxed);
  if (!tools_.log.is_enabled()) return;
  fill_entry();
  telemetry::append_entry(tools_.log.text(), entry_);
  tools_.log.appended(tools_.loop.now());
}

}  // namespace gateway
