#include "gateway/request.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>

#include "base/clock.h"
#include "gateway/cookies.h"
#include "http/field.h"
#include "identity/oauth2.h"
#include "identity/token_source.h"

namespace gateway {
namespace {

using http::Failure;

constexpr std::size_t kTrustedReserve = 1024 * 1024;  // bytes, on a client's word for the length

std::int64_t wall_ns() { return base::SystemClock().now().time_since_epoch().count(); }

std::int64_t thread_ns() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<std::int64_t>(t.tv_sec) * 1'000'000'000 + t.tv_nsec;
}

}  // namespace

Request::Request(http::ServerStream& stream, RequestTools& tools,
                 std::shared_ptr<const Snapshot> snapshot)
    : stream_(stream), tools_(tools), snapshot_(std::move(snapshot)), head_(stream.request()) {
  judged_ns_ = entry_.started_ns = wall_ns();
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
    judged_ns_ = wall_ns();
    if (session_) {  // it may have changed meanwhile
      if (identify() == Next::kAnswer) co_return;
      recall();
    }
  }
  decide();
  if (context_->wants_thread() && co_await decide_off_loop() == Next::kAnswer) co_return;
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
  const auto identified = tools_.tokens.identify(found.token, judged_ns_ / 1'000'000'000);
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

// Who has to share with others: a User, whatever Session it is; strangers to a Service are one.
std::string_view Request::who() const {
  return session_ != nullptr ? session_->user->metadata().uid()
                             : service_->service->metadata().uid();
}

// What has been decided for this Session and Service before.
void Request::recall() {
  if (service_->policy->access == policy::Access::kAnonymous) return;
  residual_ = tools_.subjects.residual(subject_.get(), service_->policy, subject());
}

void Request::decide() {
  describe();
  context_.emplace(view_, subject(), base::WallTime(std::chrono::nanoseconds(judged_ns_)));
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
io::Task<Request::Next> Request::leave_loop(std::function<void()> work, std::size_t waiting) {
  context_->set_on_loop(false);
  if (!co_await tools_.policy_threads.run(tools_.loop, std::move(work),
                                          {.who = who(), .waiting = waiting}))
    co_return answer({.status = 503,
                      .reason = "policy_busy",
                      .grpc_status = 14,
                      .grpc_message = "Octelium: too many slow policies"});
  context_->set_on_loop(true);
  co_return Next::kGoOn;
}

// Where only shadows are left to be asked, the request is neither refused for them nor are others
// that have to wait.
io::Task<Request::Next> Request::decide_off_loop() {
  const bool is_decided = decision_.code != policy::kPolicyOffload;
  const std::size_t waiting = is_decided ? 1 : io::Claim::kAnyNumber;
  if (co_await leave_loop([this] { make_decision(); }, waiting) == Next::kGoOn)
    co_return Next::kGoOn;
  if (!is_decided) co_return Next::kAnswer;
  reply_ = {};
  decision_.shadow.code = "policy_busy";
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
  if (tools_.recent == nullptr) return;
  // Strangers share what one User has.
  const std::string_view who =
      session_ == nullptr ? std::string_view() : session_->user->metadata().uid();
  if (!tools_.recent->wants(entry_.id, who, decision_.allowed, tools_.loop.now() * 1'000'000))
      [[likely]]
    return;
  const std::int64_t begin = thread_ns();
  keep_explanation(who);
  tools_.recent->spend(who, thread_ns() - begin);
}

void Request::keep_explanation(std::string_view who) {
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
  if (again.code == decision_.code && !context_->wants_thread())
    tools_.recent->keep(entry_.id, who, explanation);
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

}  // namespace gateway
