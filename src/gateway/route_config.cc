#include "gateway/route_config.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>

#include "base/encoding.h"
#include "http/field.h"
#include "resource/upstream_url.h"

namespace gateway {
namespace {

using Config = corev1::Service::Spec::Config;
using Http = Config::HTTP;

// TLS settings in words: part of an endpoint's key, so that configs with other roots share no
// connection.
std::string tls_key(const Config& config, const RouteConfigContext& context) {
  std::string key = fmt::format("|ca{}", std::hash<std::string>{}(context.upstream_ca_pem));
  if (!config.has_tls()) return key;
  key += config.tls().SerializeAsString();
  return base::base64_encode(key);
}

base::Result<io::SslContext> make_tls(const Config& config, const RouteConfigContext& context) {
  io::ClientTls tls;
  if (config.has_tls()) {
    for (const auto& pem : config.tls().trustedcas()) tls.trusted_pem.push_back(pem);
    tls.system_roots = config.tls().trustedcas().empty() || config.tls().appendtosystempool();
    tls.verify = !config.tls().insecureskipverify();
  }
  if (tls.system_roots && !context.upstream_ca_pem.empty())
    tls.trusted_pem.push_back(context.upstream_ca_pem);
  return io::make_client_context(tls);
}

// By whatever name: links lead there too. (std::filesystem::equivalent knows no sockets.)
bool is_same_socket(const std::string& path, const std::string& other) {
  if (other.empty()) return false;
  struct stat a{};
  struct stat b{};
  return path == other || (::stat(path.c_str(), &a) == 0 && ::stat(other.c_str(), &b) == 0 &&
                           a.st_dev == b.st_dev && a.st_ino == b.st_ino);
}

base::Result<std::shared_ptr<const upstream::Endpoint>> make_endpoint(
    const corev1::Service& service, const Config& config, const std::string& text,
    const RouteConfigContext& context) {
  BASE_ASSIGN(const resource::UpstreamUrl url, resource::parse_upstream_url(text));
  upstream::Endpoint endpoint;
  const bool http2 = url.is_http2 || service.spec().mode() == corev1::Service::Spec::GRPC ||
                     (config.http().isupstreamhttp2() && url.is_tls);
  endpoint.protocol = http2 ? upstream::Protocol::kHttp2 : upstream::Protocol::kHttp1;
  endpoint.host = url.host;
  endpoint.port = url.port;
  endpoint.default_port = url.is_default_port;
  if (!url.socket.empty()) {
    if (is_same_socket(url.socket, context.forbidden_socket)) {
      return base::fail_invalid("upstream_forbidden", "the gateway's own socket is no upstream");
    }
    BASE_ASSIGN(endpoint.dial, io::Address::unix_path(url.socket));
    endpoint.authority = "localhost";
  } else {
    endpoint.dial =
        context.dial_override ? context.dial_override(url.host, url.port) : std::nullopt;
    if (!endpoint.dial) {
      if (auto literal = io::Address::from_ip(url.host, url.port)) endpoint.dial = *literal;
    }
    const std::string host =
        url.host.find(':') == std::string::npos ? url.host : "[" + url.host + "]";
    endpoint.authority = url.is_default_port ? host : fmt::format("{}:{}", host, url.port);
  }
  endpoint.key = fmt::format("{}|{}|{}|{}|{}", url.is_tls ? "tls" : "plain", http2 ? "h2" : "h1",
                             url.socket.empty() ? endpoint.authority : url.socket, url.port,
                             endpoint.dial ? endpoint.dial->text() : "");
  const std::string settings = url.is_tls ? tls_key(config, context) : "";
  endpoint.key += settings;
  if (auto known = context.endpoints.find(endpoint.key)) return known;
  if (url.is_tls) {
    BASE_ASSIGN(endpoint.tls,
                context.endpoints.tls(settings, [&] { return make_tls(config, context); }));
  }
  return context.endpoints.add(std::move(endpoint));
}

base::Result<void> add_endpoints(const corev1::Service& service, const Config& config,
                                 const RouteConfigContext& context, RouteConfig& out) {
  const auto& upstream = config.upstream();
  std::vector<std::string> urls;
  if (!upstream.url().empty()) urls.push_back(upstream.url());
  for (const auto& endpoint : upstream.loadbalance().endpoints()) urls.push_back(endpoint.url());
  for (const std::string& url : urls) {
    BASE_ASSIGN(auto endpoint, make_endpoint(service, config, url, context));
    out.endpoints.push_back(std::move(endpoint));
  }
  return {};
}

// Admission refuses what cannot stand in a head; what comes from a store of another version must
// not split one either.
base::Result<void> check_field(std::string_view name, std::string_view value) {
  if (http::is_token(name) && http::is_field_value(value)) return {};
  return base::fail_invalid("header_malformed",
                            fmt::format("the header {} cannot be written", name));
}

base::Result<void> check_head_parts(const RouteConfig& config) {
  for (const auto* edits : {&config.request_fields, &config.response_fields})
    for (const FieldEdit& edit : *edits) BASE_TRY(check_field(edit.name, edit.value));
  BASE_TRY(check_field("Host", config.host_value));
  if (config.credential == RouteConfig::Credential::kPresent)
    BASE_TRY(check_field(config.credential_field, config.credential_value.reveal()));
  if (config.direct) {
    BASE_TRY(check_field("Content-Type", config.direct->content_type));
    if (config.direct->status < 200 || config.direct->status > 599)
      return base::fail_invalid("status_invalid", "a direct response has a status of 200 to 599");
  }
  return {};
}

FieldEdit make_edit(const Http::Header::KeyValue& item) {
  return FieldEdit{item.key(), http::classify(item.key()), item.value(), item.append()};
}

void add_header_rules(const corev1::Service& service, const Http::Header& header,
                      RouteConfig& out) {
  for (const auto& item : header.addrequestheaders()) out.request_fields.push_back(make_edit(item));
  for (const auto& item : header.addresponseheaders())
    out.response_fields.push_back(make_edit(item));
  out.removed_request_fields.assign(header.removerequestheaders().begin(),
                                    header.removerequestheaders().end());
  out.removed_response_fields.assign(header.removeresponseheaders().begin(),
                                     header.removeresponseheaders().end());
  if (header.host().preserve()) out.host = RouteConfig::Host::kPreserve;
  if (!header.host().value().empty()) {
    out.host = RouteConfig::Host::kValue;
    out.host_value = header.host().value();
  }
  switch (header.forwardedmode()) {
    case Http::Header::OBFUSCATE:
      out.forwarded = RouteConfig::Forwarded::kObfuscate;
      break;
    case Http::Header::TRANSPARENT:
      out.forwarded = RouteConfig::Forwarded::kTransparent;
      break;
    default:
      break;
  }
  // Unset: an anonymous Service's upstream checks for itself, so it gets what the client sent.
  switch (header.authorizationmode()) {
    case Http::Header::PASS:
      out.pass_authorization = true;
      break;
    case Http::Header::DELETE:
      out.pass_authorization = false;
      break;
    default:
      out.pass_authorization = service.spec().isanonymous();
      break;
  }
}

void add_credential(const Http::Auth& auth, const RouteConfigContext& context, RouteConfig& out) {
  std::string secret_name;
  switch (auth.type_case()) {
    case Http::Auth::kBearer:
      secret_name = auth.bearer().fromsecret();
      break;
    case Http::Auth::kBasic:
      secret_name = auth.basic().password().fromsecret();
      break;
    case Http::Auth::kCustom:
      secret_name = auth.custom().value().fromsecret();
      break;
    default:
      return;
  }
  if (context.used_secrets != nullptr) context.used_secrets->insert(secret_name);
  const auto secret = context.secret(secret_name);
  const auto value = secret ? secret_value(*secret) : std::nullopt;
  // A value that cannot stand in a field would split the head: as good as missing.
  if (!value || value->empty() || !http::is_field_value(value->reveal())) {
    out.credential = RouteConfig::Credential::kMissing;
    out.missing_secret = secret_name;
    return;
  }
  out.credential = RouteConfig::Credential::kPresent;
  out.credential_field = "Authorization";
  std::string text;
  switch (auth.type_case()) {
    case Http::Auth::kBearer:
      text = fmt::format("Bearer {}", value->reveal());
      break;
    case Http::Auth::kBasic:
      text = "Basic " +
             base::base64_encode(fmt::format("{}:{}", auth.basic().username(), value->reveal()));
      break;
    default:
      out.credential_field = auth.custom().header();
      text = value->reveal();
      break;
  }
  out.credential_value = base::Secret(std::move(text));
}

}  // namespace

std::optional<base::Secret> secret_value(const corev1::Secret& secret) {
  switch (secret.data().type_case()) {
    case corev1::Secret::Data::kValue:
      return base::Secret(secret.data().value());
    case corev1::Secret::Data::kValueBytes:
      return base::Secret(secret.data().valuebytes());
    default:
      return std::nullopt;
  }
}

base::Result<std::shared_ptr<const RouteConfig>> compile_route_config(
    const corev1::Service& service, const Config& config, const RouteConfigContext& context) {
  auto out = std::make_shared<RouteConfig>();
  out->name = config.name().empty() ? "default" : config.name();
  BASE_TRY(add_endpoints(service, config, context, *out));
  out->remove_prefix = config.http().path().removeprefix();
  out->add_prefix = config.http().path().addprefix();
  add_header_rules(service, config.http().header(), *out);
  add_credential(config.http().auth(), context, *out);
  if (config.http().response().has_direct()) {
    const auto& direct = config.http().response().direct();
    RouteConfig::Direct answer;
    if (direct.statuscode() != 0) answer.status = direct.statuscode();
    answer.content_type = direct.contenttype();
    answer.body = direct.type_case() == Http::Response::Direct::kInlineBytes ? direct.inlinebytes()
                                                                             : direct.inline_();
    out->direct = std::move(answer);
  }
  BASE_TRY(check_head_parts(*out));
  return out;
}

}  // namespace gateway
