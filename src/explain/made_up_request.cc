#include "explain/made_up_request.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "http/field.h"
#include "http/h2_validate.h"
#include "resource/json.h"
#include "resource/quoted.h"

namespace explain {
namespace {

using google::protobuf::Value;

std::unexpected<base::Error> refuse(http::Reject reject, std::string_view what) {
  return base::fail_invalid(std::string(http::reject_name(reject)),
                            fmt::format("the gateway refuses this request: {} ({})",
                                        http::reject_name(reject), resource::quoted(what)));
}

std::unexpected<base::Error> refuse_header(std::string_view name) {
  return base::fail_invalid(
      "header_malformed",
      fmt::format("the header {} is no text, nor a list of texts, that a request could have",
                  resource::quoted(name)));
}

bool is_address(const std::string& text) {
  std::array<unsigned char, sizeof(in6_addr)> address;
  return inet_pton(AF_INET, text.c_str(), address.data()) == 1 ||
         inet_pton(AF_INET6, text.c_str(), address.data()) == 1;
}

// As the gateway writes them.
constexpr std::array<std::string_view, 3> kProtocols = {"HTTP/1.0", "HTTP/1.1", "HTTP/2"};

}  // namespace

base::Result<std::unique_ptr<MadeUpRequest>> MadeUpRequest::make(const extv1::Request& request,
                                                                 std::string_view host,
                                                                 bool is_grpc) {
  std::unique_ptr<MadeUpRequest> out(new MadeUpRequest);
  policy::RequestView& view = out->view_;
  out->method_ = request.method().empty() ? is_grpc ? "POST" : "GET" : request.method();
  if (!http::is_token(out->method_)) return refuse(http::Reject::kMethodMalformed, out->method_);
  if (out->method_ == "CONNECT" || out->method_ == "TRACE")
    return refuse(http::Reject::kMethodNotAllowed, out->method_);
  out->path_ = request.path().empty() ? "/" : request.path();
  out->protocol_ = request.protocol().empty() ? "HTTP/2" : request.protocol();
  if (std::ranges::find(kProtocols, out->protocol_) == kProtocols.end())
    return base::fail_invalid(
        "protocol_unknown",
        fmt::format("{} is no protocol of a request; one of {}", resource::quoted(out->protocol_),
                    fmt::join(kProtocols, ", ")));
  if (!request.query().empty())
    out->path_ += (out->path_.contains('?') ? "&" : "?") + request.query();
  BASE_TRY(out->read_headers(request.headers()));
  BASE_TRY(out->read_target(host));
  out->client_ip_ = request.clientip().empty() ? "127.0.0.1" : request.clientip();
  if (!is_address(out->client_ip_))
    return base::fail_invalid(
        "client_ip_malformed",
        fmt::format("{} is not the address of a client", resource::quoted(out->client_ip_)));
  view.method = out->method_;
  view.client_ip = out->client_ip_;
  view.protocol = out->protocol_;
  view.scheme = "https";
  view.headers = &out->headers_;
  out->read_body(request);
  view.is_grpc = is_grpc;
  if (!is_grpc) return out;
  const auto grpc = policy::parse_grpc_path(view.path);
  if (!grpc)
    return base::fail_invalid("grpc_path_malformed",
                              fmt::format("the path of a call of a GRPC Service is "
                                          "/package.Service/Method, not {}",
                                          resource::quoted(view.path)));
  view.grpc = *grpc;
  return out;
}

base::Result<void> MadeUpRequest::read_headers(const google::protobuf::Struct& headers) {
  for (const auto& [name, value] : headers.fields()) {
    if (!http::is_token(name)) return refuse(http::Reject::kFieldNameMalformed, name);
    // Which of them comes first is not known.
    for (const auto& [other, _] : headers_.fields)
      if (http::equals_ignoring_case(other, name))
        return base::fail_invalid(
            "header_ambiguous",
            fmt::format("the header {} is named twice; values of one header are a list of texts",
                        resource::quoted(name)));
    const bool is_list = value.has_list_value();
    const int count = is_list ? value.list_value().values_size() : 1;
    for (int i = 0; i < count; ++i) {
      const Value& one = is_list ? value.list_value().values(i) : value;
      if (one.kind_case() != Value::kStringValue || !http::is_field_value(one.string_value()))
        return refuse_header(name);
      headers_.fields.emplace_back(name, http::trim_whitespace(one.string_value()));
      if (headers_.fields.size() > 100) return refuse(http::Reject::kTooManyFields, "headers");
    }
  }
  return {};
}

base::Result<void> MadeUpRequest::read_target(std::string_view host) {
  host_ = host;
  http::RequestHead head;
  head.method = method_;
  head.target = path_;
  head.authority = host_;
  head.version = http::Version::kHttp2;
  head.scheme = "https";
  head.framing = http::Framing::kStream;
  for (const auto& [name, value] : headers_.fields)
    head.fields.push({.name = name, .value = value});
  // Fields about the connection are a matter of HTTP/1, and of no rule.
  if (const http::Reject reject = http::validate_h2_request(head);
      reject != http::Reject::kNone &&
      (reject != http::Reject::kConnectionField || protocol_ == "HTTP/2"))
    return refuse(reject, "headers");
  const http::Reject reject = http::canonicalise(head, target_);
  if (reject != http::Reject::kNone) return refuse(reject, path_);
  view_.path = target_.path;
  view_.query = target_.query;
  view_.host = target_.host;
  uri_ = target_.path;
  if (target_.has_query) uri_.append("?").append(target_.query);
  view_.uri = uri_;
  return {};
}

void MadeUpRequest::read_body(const extv1::Request& request) {
  if (request.content_case() == extv1::Request::kRawBody) {
    body_ = request.rawbody();
  } else if (request.content_case() == extv1::Request::kBody) {
    const bool is_text = request.body().kind_case() == Value::kStringValue;
    body_ = is_text ? request.body().string_value() : resource::to_json(request.body());
  }
  view_.body = body_;
  view_.content_length = static_cast<std::int64_t>(body_.size());
}

}  // namespace explain
