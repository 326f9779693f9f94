#include "gateway/request.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <ctime>

#include "gateway/cookies.h"
#include "http/field.h"
#include "http/status.h"
#include "identity/oauth2.h"
#include "identity/token_source.h"

namespace gateway {
namespace {

using http::Failure;
using http::FieldId;

constexpr std::string_view kRequestIdField = "x-octelium-request-id";
constexpr std::string_view kUnauthorizedField = "x-octelium-unauthorized";
constexpr std::string_view kServer = "octelium";
constexpr std::string_view kHsts = "max-age=2592000";
// A little more than the endpoint takes, so that it is the endpoint that refuses, in its own words.
constexpr std::uint64_t kDomainBodyLimit = identity::OAuth2Endpoint::kMaxBodyBytes + 1024;
constexpr std::size_t kTrustedReserve = 1024 * 1024;  // bytes, on a client's word for the length

std::int64_t wall_ns() {
  timespec t{};
  clock_gettime(CLOCK_REALTIME, &t);
  return static_cast<std::int64_t>(t.tv_sec) * 1'000'000'000 + t.tv_nsec;
}

std::int64_t thread_ns() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<std::int64_t>(t.tv_sec) * 1'000'000'000 + t.tv_nsec;
}

// RFC 9110 §5.6.7, made once per second and thread.
std::string_view http_date(std::int64_t ns) {
  thread_local std::int64_t cached_second = -1;
  thread_local char text[32];
  const std::int64_t second = ns / 1'000'000'000;
  if (second != cached_second) {
    const auto seconds = static_cast<std::time_t>(second);
    std::tm utc{};
    gmtime_r(&seconds, &utc);
    std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &utc);
    cached_second = second;
  }
  return text;
}

// Names that some upstreams take for one another: in any case, `_` for `-`.
bool are_alike(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) {
    const auto plain = [](char c) {
      if (c >= 'A' && c <= 'Z') return static_cast<char>(c + 32);
      return c == '_' ? '-' : c;
    };
    return plain(x) == plain(y);
  });
}

// Forwarding fields that are never passed on, whatever the mode.
bool is_never_forwarded(std::string_view name) {
  return http::equals_ignoring_case(name.substr(0, 8), "x-envoy-") ||
         http::equals_ignoring_case(name, "x-forwarded-client-cert");
}

std::string_view mode_name(const corev1::Service& service) {
  return corev1::Service::Spec::Mode_Name(service.spec().mode());
}

}  // namespace

Request::Request(http::ServerStream& stream, RequestTools& tools,
                 std::shared_ptr<const Snapshot> snapshot)
    : stream_(stream), tools_(tools), snapshot_(std::move(snapshot)), head_(stream.request()) {
  entry_.started_ns = wall_ns();
  entry_.id = tools_.identifiers.next(id_);
}

// --- from top to bottom ---

io::Task<void> Request::run() {
  tools_.counters.requests.fetch_add(1, std::memory_order_relaxed);
  co_await serve();
  if (reply_.status != 0 && !stream_.head_sent()) co_await send(reply_);
  write_log();
}

io::Task<void> Request::run_rejected(http::Reject reject) {
  tools_.counters.requests.fetch_add(1, std::memory_order_relaxed);
  tools_.counters.rejected.fetch_add(1, std::memory_order_relaxed);
  if (reject == http::Reject::kHeadTimeout) {
    target_.path = {};
  } else {
    http::canonicalise(head_, target_);  // for the log, as far as it goes
  }
  answer({.status = http::reject_status(reject),
          .reason = http::reject_name(reject),
          .body = http::reject_name(reject)});
  co_await send(reply_);
  write_log();
}

io::Task<void> Request::serve() {
  if (canonicalise() == Next::kAnswer) co_return;
  if (stream_.downstream().redirect_only) {
    redirect();
    co_return;
  }
  if (find_service() == Next::kAnswer) co_return;
  if (service_ == nullptr) {
    co_await serve_domain();
    co_return;
  }
  if (service_->is_grpc && parse_grpc() == Next::kAnswer) co_return;
  if (!service_->is_anonymous && identify() == Next::kAnswer) co_return;
  recall();
  if (policy_reads_body()) {
    if (co_await buffer_body() == Next::kAnswer) co_return;
    if (session_) {  // it may have changed meanwhile
      if (identify() == Next::kAnswer) co_return;
      recall();
    }
  }
  decide();
  if (context_->wants_thread() && co_await leave_loop([this] { make_decision(); }) == Next::kAnswer)
    co_return;
  if (judge() == Next::kAnswer) co_return;
  choose(tools_.configs.scratch());
  if (context_->wants_thread()) {
    std::string json;  // the scratch is the loop's
    if (co_await leave_loop([this, &json] { choose(json); }) == Next::kAnswer) co_return;
    tools_.configs.scratch() = std::move(json);
  }
  if (choose_config() == Next::kAnswer) co_return;
  if (config_ == nullptr && co_await compile_config(tools_.configs.scratch()) == Next::kAnswer)
    co_return;
  if (service_->buffers_body && !body_buffered_ && co_await buffer_body() == Next::kAnswer)
    co_return;
  if (edit_target() == Next::kAnswer) co_return;
  if (edit_fields() == Next::kAnswer) co_return;
  if (attach_credential() == Next::kAnswer) co_return;
  co_await forward();
}

// --- what the request is for ---

Request::Next Request::canonicalise() {
  const http::Reject reject = http::canonicalise(head_, target_);
  if (reject == http::Reject::kNone) return Next::kGoOn;
  tools_.counters.rejected.fetch_add(1, std::memory_order_relaxed);
  return answer({.status = http::reject_status(reject),
                 .reason = http::reject_name(reject),
                 .body = http::reject_name(reject)});
}

// The plain listener knows nothing but where people should go; only to hosts of ours, or it would
// send them anywhere.
Request::Next Request::redirect() {
  const std::string_view domain = snapshot_->domain;
  const bool ours =
      target_.host == domain || (target_.host.ends_with(domain) &&
                                 target_.host[target_.host.size() - domain.size() - 1] == '.');
  if (!ours || !target_.path.starts_with('/'))
    return answer({.status = 404, .reason = "host_unknown"});
  reply_storage_ =
      fmt::format("https://{}{}{}{}{}", target_.host,
                  tools_.https_port == 443 ? "" : fmt::format(":{}", tools_.https_port),
                  target_.path, target_.has_query ? "?" : "", target_.query);
  const bool safe = head_.method == "GET" || head_.method == "HEAD";
  return answer(
      {.status = safe ? 301 : 308, .reason = "redirected_to_https", .location = reply_storage_});
}

Request::Next Request::find_service() {
  const std::string_view sni = stream_.downstream().server_name;
  if (target_.host == snapshot_->api_host) {
    const bool auth = target_.path.starts_with("/octelium.api.main.auth.");
    service_ = (auth ? snapshot_->auth_api : snapshot_->core_api).get();
  } else {
    service_ = snapshot_->find(target_.host);
  }
  if (!sni.empty() && sni != target_.host) {
    // A connection that was opened for one name must not be used for another Service (RFC 9110
    // §15.5.20).
    const bool same = service_ != nullptr && snapshot_->find(sni) == service_;
    if (!same) return answer({.status = 421, .reason = "misdirected_request"});
  }
  if (service_ == nullptr) {
    if (target_.host == snapshot_->domain) return Next::kGoOn;
    return answer({.status = 404, .reason = "host_unknown"});
  }
  // Endpoints of the cluster itself come before a Service default.default at the bare domain.
  if (target_.host == snapshot_->domain &&
      (target_.path == identity::OAuth2Endpoint::kTokenPath ||
       target_.path == identity::OAuth2Endpoint::kMetadataPath)) {
    service_ = nullptr;
    return Next::kGoOn;
  }
  if (!service_->is_public) return answer({.status = 404, .reason = "service_not_public"});
  if (service_->is_disabled)
    return answer({.status = 503,
                   .reason = "service_disabled",
                   .grpc_status = 14,
                   .grpc_message = "Octelium: service disabled"});
  if (!service_->broken.empty()) {
    detail_ = service_->broken;
    return answer({.status = 503,
                   .reason = "service_broken",
                   .grpc_status = 14,
                   .grpc_message = "Octelium: service unavailable"});
  }
  return Next::kGoOn;
}

// `/package.Service/Method` (spec/http-gateway.md 3.16).
Request::Next Request::parse_grpc() {
  const auto parsed = policy::parse_grpc_path(target_.path);
  if (!parsed)
    return answer({.status = 404,
                   .reason = "grpc_path_malformed",
                   .grpc_status = 12,
                   .grpc_message = "Octelium: unimplemented"});
  grpc_ = *parsed;
  return Next::kGoOn;
}

// --- the body, when something needs it before the upstream does ---

// Otherwise nobody's body is held before it is known that they may send one.
bool Request::policy_reads_body() const {
  if (service_->policy->dynamic->reads_body()) return true;
  if (residual_ != nullptr) return residual_->reads_body();
  return service_->policy->rules.reads_body() ||
         (subject_ != nullptr && subject_->rules.reads_body);
}

io::Task<Request::Next> Request::buffer_body() {
  const Reply too_large{.status = 413, .reason = "body_too_large"};
  if (head_.content_length && *head_.content_length > service_->max_body)
    co_return answer(too_large);
  if (const auto whole = stream_.whole_body()) {
    whole_body_ = whole;
  } else {
    body_.reserve(std::min<std::size_t>(head_.content_length.value_or(0), kTrustedReserve));
    while (true) {
      const http::Piece piece = co_await stream_.read_body();
      if (piece.failure == Failure::kMalformed)
        co_return answer({.status = 400, .reason = "body_malformed", .body = "body_malformed"});
      if (piece.failure == Failure::kTimeout)
        co_return answer({.status = 408, .reason = "body_timeout"});
      if (piece.failure != Failure::kNone)
        co_return answer({.status = 499, .reason = "client_closed"});
      if (body_.size() + piece.bytes.size() > service_->max_body) co_return answer(too_large);
      body_.append(piece.bytes);
      if (piece.last) break;
    }
    whole_body_ = body_;
  }
  body_buffered_ = true;
  co_return check_json_body();
}

Request::Next Request::check_json_body() {
  if (!service_->json_body || whole_body_->empty() || is_json_object(*whole_body_))
    return Next::kGoOn;
  return answer(
      {.status = 400, .reason = "body_not_a_json_object", .body = "body_not_a_json_object"});
}

// --- who asks, and whether they may ---

Request::Next Request::identify() {
  const auto unauthenticated = [&](std::string_view reason) {
    return answer({.status = 401,
                   .reason = reason,
                   .unauthorized = true,
                   .grpc_status = 16,
                   .grpc_message = "Octelium: Unauthenticated"});
  };
  const identity::FoundToken found = identity::find_token(head_.fields);
  if (found.source == identity::TokenSource::kNone) return unauthenticated("token_missing");
  const auto identified = tools_.tokens.identify(found.token, entry_.started_ns / 1'000'000'000);
  if (identified.status != identity::TokenStatus::kGood)
    return unauthenticated(identity::reason_of(identified.status));
  session_ = identified.session;
  subject_ = tools_.subjects.get(session_, snapshot_->policy);
  return Next::kGoOn;
}

// The request as rules read it.
void Request::describe() {
  view_.method = head_.method;
  view_.path = target_.path;
  view_.query = target_.query;
  view_.uri = original_or_joined(target_.path, uri_text_);
  view_.host = target_.host;
  view_.scheme = stream_.downstream().tls ? "https" : "http";
  view_.protocol = head_.version == http::Version::kHttp2    ? "HTTP/2"
                   : head_.version == http::Version::kHttp10 ? "HTTP/1.0"
                                                             : "HTTP/1.1";
  view_.client_ip = stream_.downstream().peer_ip;
  view_.headers = &fields_;
  if (head_.content_length) view_.content_length = static_cast<std::int64_t>(*head_.content_length);
  if (head_.framing == http::Framing::kNone) view_.content_length = 0;
  if (body_buffered_) {
    view_.body = whole_body_;
    view_.content_length = static_cast<std::int64_t>(whole_body_->size());
  }
  view_.is_grpc = service_->is_grpc;
  view_.grpc = grpc_;
}

policy::Subject Request::subject() const {
  policy::Subject subject;
  if (subject_ != nullptr) subject = subject_->subject();
  subject.service = service_->service.get();
  if (service_->policy->access != policy::Access::kAnonymous)
    subject.name_space = service_->name_space.get();
  return subject;
}

// What has been decided for this Session and Service before.
void Request::recall() {
  if (service_->policy->access == policy::Access::kAnonymous) return;
  residual_ = tools_.subjects.residual(subject_.get(), service_->policy, subject());
}

void Request::decide() {
  describe();
  context_.emplace(view_, subject(), base::WallTime(std::chrono::nanoseconds(entry_.started_ns)));
  context_->set_on_loop(true);
  make_decision();
}

void Request::make_decision() {
  const ServicePolicy& rules = *service_->policy;
  decision_ = policy::decide(*context_, rules.access, rules.rules,
                             subject_ == nullptr ? nullptr : &subject_->rules, residual_.get());
}

// A policy takes longer than a loop may be held up: `work`, which evaluates it, runs on a thread
// that nobody else waits for. Nothing else of this request runs meanwhile.
io::Task<Request::Next> Request::leave_loop(std::function<void()> work) {
  context_->set_on_loop(false);
  if (!co_await tools_.policy_threads.run(tools_.loop, std::move(work)))
    co_return answer({.status = 503,
                      .reason = "policy_busy",
                      .grpc_status = 14,
                      .grpc_message = "Octelium: too many slow policies"});
  context_->set_on_loop(true);
  co_return Next::kGoOn;
}

Request::Next Request::judge() {
  if (decision_.shadow.rule != nullptr) [[unlikely]]
    count_shadow();
  if (decision_.allowed) return Next::kGoOn;
  detail_ = decision_.detail;  // whose text does not outlive another decision
  explain();
  return answer({.status = 403,
                 .reason = decision_.code,
                 .unauthorized = true,
                 .grpc_status = 7,
                 .grpc_message = "Octelium: Unauthorized"});
}

void Request::count_shadow() {
  if (decision_.shadow.allowed == decision_.allowed) return;
  (decision_.shadow.allowed ? tools_.counters.shadow_allowed : tools_.counters.shadow_denied)
      .fetch_add(1, std::memory_order_relaxed);
}

// Decides once more, watched, as long as everything is there that was decided on.
void Request::explain() {
  const auto wants = [&] {
    return tools_.recent->wants(entry_.id, decision_.allowed, tools_.loop.now() * 1'000'000);
  };
  if (tools_.recent == nullptr || !wants()) [[likely]]
    return;
  const std::int64_t begin = thread_ns();
  keep_explanation();
  tools_.recent->spend(thread_ns() - begin);
}

void Request::keep_explanation() {
  const ServicePolicy& rules = *service_->policy;
  policy::extv1::Explanation explanation;
  explanation.set_requestid(std::string(entry_.id));
  const policy::Decision again =
      policy::explain(*context_,
                      {.access = rules.access,
                       .rules = rules.rules,
                       .subject = subject_ == nullptr ? nullptr : &subject_->rules,
                       .dynamic = rules.dynamic.get()},
                      policy::Disclosure::kRedacted, explanation);
  // What could not be decided again, here and now, is not explained by something else.
  if (again.code == decision_.code)
    tools_.recent->keep(entry_.id, explanation);
  else
    tools_.recent->pass_over(entry_.id);
}

void Request::choose(std::string& json) {
  choice_ = service_->policy->dynamic->choose(*context_, json);
}

// Without config_ afterwards, the JSON in the scratch has to be compiled first.
Request::Next Request::choose_config() {
  using Kind = policy::ConfigChoice::Kind;
  const std::string& json = tools_.configs.scratch();
  policy::ConfigChoice& choice = choice_;
  explain();
  context_.reset();
  if (choice.failed > 0)
    tools_.counters.config_rule_failures.fetch_add(choice.failed, std::memory_order_relaxed);
  if (choice.kind == Kind::kNamed) {
    config_problem_ = std::move(choice.problem);
    return use_config(choice.config < service_->configs.size()
                          ? service_->configs[choice.config].get()
                          : nullptr);
  }
  computed_by_ = policy::computed_by(choice);
  if (choice.kind == Kind::kInvalid) return refuse_config(std::move(choice.problem));
  config_problem_ = std::move(choice.problem);
  ConfigCache::Computed known = tools_.configs.find(*service_->basis, json);
  return known ? use_computed(std::move(known)) : Next::kGoOn;
}

io::Task<Request::Next> Request::compile_config(std::string json) {
  ConfigCache::Computed computed =
      co_await tools_.configs.compile(service_->basis, std::move(json));
  if (computed) co_return use_computed(std::move(computed));
  co_return answer({.status = 503,
                    .reason = "computed_configs_busy",
                    .grpc_status = 14,
                    .grpc_message = "Octelium: too many new configs"});
}

Request::Next Request::use_computed(ConfigCache::Computed computed) {
  computed_ = std::move(computed);
  if (computed_->config == nullptr)
    return refuse_config(fmt::format("{}: {}", computed_by_, computed_->problem));
  if (!computed_->name.empty()) computed_by_.append(1, ':').append(computed_->name);
  return use_config(computed_->config.get());
}

// A rule that gave a map has chosen. Going on with another config would send the request to where
// nobody meant it to go, with a credential that was meant for others.
Request::Next Request::refuse_config(std::string problem) {
  tools_.counters.configs_refused.fetch_add(1, std::memory_order_relaxed);
  detail_ = std::move(problem);
  return answer({.status = 502,
                 .reason = "computed_config_invalid",
                 .grpc_status = 14,
                 .grpc_message = "Octelium: no valid config"});
}

Request::Next Request::use_config(const RouteConfig* config) {
  config_ = config;
  if (config_ == nullptr || (config_->endpoints.empty() && !config_->direct))
    return answer({.status = 502,
                   .reason = "no_upstream",
                   .grpc_status = 14,
                   .grpc_message = "Octelium: no upstream"});
  return Next::kGoOn;
}

// --- what the upstream gets ---

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

void Request::set_field(http::FieldList& fields, std::string_view name, std::string_view value,
                        bool append) {
  if (!append) {
    for (http::Field& field : fields)
      if (are_alike(field.name, name)) field.hop_by_hop = true;  // the codecs leave it out
  }
  fields.push(http::Field{name, value, http::classify(name), false});
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
  if (!out.upgrade_websocket) {
    for (const FieldEdit& edit : config_->response_fields)
      set_field(out.fields, edit.name, edit.value, edit.append);
    for (const std::string& name : config_->removed_response_fields) {
      for (http::Field& field : out.fields)
        if (http::equals_ignoring_case(field.name, name)) field.hop_by_hop = true;
    }
  }
  if (!date)
    out.fields.push(http::Field{"Date", http_date(entry_.started_ns), FieldId::kDate, false});
  out.fields.push(http::Field{"Server", kServer, FieldId::kServer, false});
  if (stream_.downstream().tls) set_field(out.fields, "Strict-Transport-Security", kHsts, false);
  out.fields.push(http::Field{kRequestIdField, entry_.id, FieldId::kXOctelium, false});
  entry_.status = in.status;
  if (service_->is_grpc) note_grpc_status(in.fields);
  return out.fields.size() < http::FieldList::kCapacity;
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

// --- answers of ours ---

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
  if (config_ != nullptr && config_->direct) {
    for (const FieldEdit& edit : config_->response_fields)
      set_field(out.fields, edit.name, edit.value, edit.append);
    for (const std::string& name : config_->removed_response_fields) {
      for (http::Field& field : out.fields)
        if (http::equals_ignoring_case(field.name, name)) field.hop_by_hop = true;
    }
  }
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
  entry_.ended_ns = wall_ns();
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
