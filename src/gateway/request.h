#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "gateway/config_cache.h"
#include "gateway/exchange.h"
#include "gateway/identifier.h"
#include "gateway/recent_decisions.h"
#include "gateway/snapshot.h"
#include "gateway/subject_cache.h"
#include "http/reject.h"
#include "http/stream.h"
#include "http/uri.h"
#include "identity/token_cache.h"
#include "io/work_pool.h"
#include "telemetry/access_entry.h"
#include "telemetry/access_log.h"

namespace gateway {

// Answers what must not run on a worker, such as logins; called on a worker, answers there too.
class SlowPath {
 public:
  struct TokenCall {
    std::string content_type;
    std::string authorization;
    std::string body;
    std::string user_agent;
    std::string client_address;
  };
  struct Answer {
    int status = 200;
    std::string content_type;
    std::string body;
    bool challenge_basic = false;
  };

  virtual ~SlowPath() = default;
  // Runs elsewhere; suspends only the caller.
  virtual io::Task<Answer> oauth2_token(io::EventLoop& loop, TokenCall call) = 0;
  virtual Answer oauth2_metadata() = 0;
};

// What a request works with; all of one worker.
struct RequestTools {
  io::EventLoop& loop;
  upstream::Pool& pool;
  identity::TokenCache& tokens;
  SubjectCache& subjects;
  telemetry::AccessLogBuffer& log;
  IdentifierSource& identifiers;
  SlowPath& slow;
  ConfigCache& configs;
  io::WorkPool& policy_threads;
  Counters& counters;
  const ExchangeOptions& exchange;
  DecisionRing* recent;      // nullptr: no decisions are kept
  std::uint16_t https_port;  // that redirects name; 443 is left out
};

// The life of one request (docs/life_of_a_request.md): `run` reads from top to bottom, and its last
// phase, the log, always runs. Lives on the handler's coroutine frame. Its phases stand in
// request.cc, what goes to the upstream and back in request_upstream.cc, answers of ours in
// request_answer.cc.
class Request final : private ResponseShaper {
 public:
  Request(http::ServerStream& stream, RequestTools& tools,
          std::shared_ptr<const Snapshot> snapshot);

  io::Task<void> run();
  io::Task<void> run_rejected(http::Reject reject);

 private:
  static constexpr io::Millis kGrpcIdleMillis = 3'600'000;  // streams may be silent for long

  // How a phase ends: go on, or answer with what was put into `reply_`.
  enum class Next : bool { kGoOn, kAnswer };

  struct Reply {
    int status = 0;
    std::string_view reason{};  // for the log; stable
    std::string_view body{};    // fixed per reason
    std::string_view location{};
    bool unauthorized = false;
    int grpc_status = -1;  // >= 0: a trailers-only gRPC answer when the Service is gRPC
    std::string_view grpc_message{};
    std::string_view content_type{};
    bool challenge_basic = false;
    bool no_store = false;
  };

  io::Task<void> serve();
  Next canonicalise();
  Next redirect();
  Next find_service();
  Next parse_grpc();
  io::Task<Next> buffer_body();
  Next check_json_body();
  Next identify();
  void describe();
  policy::Subject subject() const;
  std::string_view who() const;
  void recall();
  bool policy_reads_body() const;
  void decide();
  void make_decision();
  Next judge();
  void choose(std::string& json);
  void count_shadow();
  void explain();
  void keep_explanation(std::string_view who);
  Next choose_config();
  io::Task<Next> leave_loop(std::function<void()> work,
                            std::size_t waiting = io::Claim::kAnyNumber);
  io::Task<Next> decide_off_loop();
  io::Task<Next> compile_config(std::string json);
  Next use_computed(ConfigCache::Computed computed);
  Next use_config(const RouteConfig* config);
  Next refuse_config(std::string problem);
  Next edit_target();
  Next edit_fields();
  Next attach_credential();
  io::Task<void> forward();
  io::Task<void> serve_domain();

  Next answer(Reply reply);
  io::Task<void> send(const Reply& reply);
  void send_reply_fields(http::ResponseOut& out, const Reply& reply);
  bool shape(const http::ResponseHead& in, http::ResponseOut& out) override;
  void on_trailers(const http::FieldList& trailers) override;
  void note_grpc_status(const http::FieldList& fields);
  std::string_view original_or_joined(std::string_view path, std::string& storage) const;
  void edit_response_fields(http::FieldList& fields) const;
  void fill_entry();
  void write_log();
  Reply upstream_reply(const ExchangeResult& result);

  http::ServerStream& stream_;
  RequestTools& tools_;
  std::shared_ptr<const Snapshot> snapshot_;
  const http::RequestHead& head_;
  http::CanonicalTarget target_;

  const ServiceEntry* service_ = nullptr;
  const RouteConfig* config_ = nullptr;
  ConfigCache::Computed computed_;  // keeps config_, when a rule computed it
  std::shared_ptr<const identity::LiveSession> session_;
  std::shared_ptr<const SubjectCache::Entry> subject_;
  HeadFields fields_{head_};
  std::shared_ptr<const policy::Residual> residual_;
  std::int64_t judged_ns_ = 0;  // the time that decides: when all is there that is looked at
  policy::RequestView view_;
  std::optional<policy::RequestContext> context_;
  policy::Decision decision_;
  policy::ConfigChoice choice_;
  std::optional<std::string_view> whole_body_;
  std::string body_;
  bool body_buffered_ = false;

  http::RequestOut out_;
  std::string path_;
  std::string target_text_;
  std::string uri_text_;
  std::string cookies_;
  std::string forwarded_;
  std::string host_text_;
  std::string session_uid_;

  Reply reply_;
  std::string reply_storage_;
  std::string detail_;
  std::string computed_by_;     // the rule that computed the config, and the name that it gave it
  std::string config_problem_;  // of rules that were passed over
  std::string content_type_;
  std::string grpc_message_;
  telemetry::AccessEntry entry_;
  policy::GrpcView grpc_;
  const upstream::Endpoint* endpoint_ = nullptr;
  char id_[IdentifierSource::kSize];
};

}  // namespace gateway
