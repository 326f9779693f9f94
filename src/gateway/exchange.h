#pragma once

#include <memory>
#include <string>

#include "http/stream.h"
#include "upstream/pool.h"

namespace gateway {

// Shapes the answer's head between upstream and client.
class ResponseShaper {
 public:
  virtual ~ResponseShaper() = default;
  // `out` is empty but for status, length and framing facts. False: a header of ours must not be
  // written.
  virtual bool shape(const http::ResponseHead& in, http::ResponseOut& out) = 0;
  virtual void on_trailers(const http::FieldList&) {}
};

struct ExchangeResult {
  http::Failure failure = http::Failure::kNone;
  bool client_failed = false;  // it was the client who went away or sent nonsense
  std::string detail;          // of an upstream failure, for the log
  int status = 0;              // of the upstream, once known
};

struct ExchangeOptions {
  io::Millis head_timeout = 60'000;  // from the end of the request
  io::Millis body_timeout = 60'000;
  io::Millis tunnel_timeout = 3'600'000;  // after an upgrade
};

// One request forwarded to one endpoint and its answer brought back, both streaming at once. When
// it returns without having sent a head (`head_sent` of the stream), the caller answers.
class Exchange {
 public:
  Exchange(http::ServerStream& client, upstream::Pool& pool, const ExchangeOptions& options)
      : client_(client), pool_(pool), options_(options) {}

  // `body`: all of the request's body, when the caller has it; else it is read from the client.
  io::Task<ExchangeResult> run(std::shared_ptr<const upstream::Endpoint> endpoint,
                               const http::RequestOut& request,
                               std::optional<std::string_view> body, ResponseShaper& shaper);

 private:
  io::Task<void> upload();
  io::Task<void> move_body();
  io::Task<ExchangeResult> receive(const http::RequestOut& request, ResponseShaper& shaper,
                                   bool& retry);
  io::Task<ExchangeResult> relay(const http::ResponseHead& head, ResponseShaper& shaper);
  ExchangeResult upstream_failed(http::Failure failure, std::string detail);

  http::ServerStream& client_;
  upstream::Pool& pool_;
  const ExchangeOptions& options_;
  http::ClientStream* stream_ = nullptr;
  io::Scope uploads_;
  http::Failure upload_failure_ = http::Failure::kNone;  // on the client's side
  bool uploaded_ = false;
  bool head_received_ = false;
};

}  // namespace gateway
