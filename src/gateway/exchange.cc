#include "gateway/exchange.h"

namespace gateway {
namespace {

using http::Failure;
using http::Piece;

// RFC 9110 §9.2.2: may be sent again after a connection broke.
bool is_idempotent(std::string_view method) {
  return method == "GET" || method == "HEAD" || method == "PUT" || method == "DELETE" ||
         method == "OPTIONS";
}

}  // namespace

io::Task<ExchangeResult> Exchange::run(std::shared_ptr<const upstream::Endpoint> endpoint,
                                       const http::RequestOut& request,
                                       std::optional<std::string_view> body,
                                       ResponseShaper& shaper) {
  // A pooled connection may have been closed by the upstream in the same moment: then once more, on
  // a new one.
  for (int attempt = 0;; ++attempt) {
    stream_ = attempt == 0 ? pool_.take_idle(*endpoint) : nullptr;
    if (stream_ == nullptr) {
      const upstream::Opened opened = co_await pool_.open(endpoint, attempt > 0);
      if (opened.stream == nullptr) co_return upstream_failed(opened.failure, opened.detail);
      stream_ = opened.stream;
    }
    client_.set_canceller(stream_);
    bool retry = false;
    // Trailers that came with the whole body still have to follow it.
    const bool last =
        body.has_value() && !request.upgrade_websocket && client_.request_trailers().empty();
    const Failure sent =
        co_await stream_->send_head(request, body.value_or(std::string_view()), last);
    ExchangeResult result;
    if (sent != Failure::kNone && stream_->is_untouched()) {
      result = upstream_failed(sent, "the request could not be sent");
      retry = true;
    } else {
      // Even after a failed send an answer may be there to be read.
      if (!last && !request.upgrade_websocket) uploads_.spawn(upload());
      result = co_await receive(request, shaper, retry);
    }
    if (!uploaded_ && uploads_.running() > 0) {
      client_.cancel_read();
      stream_->cancel();
    }
    co_await uploads_.drained();
    client_.set_canceller(nullptr);
    if (result.failure != Failure::kNone && upload_failure_ != Failure::kNone) {
      result.failure = upload_failure_;
      result.client_failed = true;
    }
    retry = retry && attempt == 0 && body.has_value() && is_idempotent(request.method) &&
            !client_.head_sent();
    stream_->finish();
    stream_ = nullptr;
    if (!retry) co_return result;
  }
}

ExchangeResult Exchange::upstream_failed(Failure failure, std::string detail) {
  ExchangeResult result;
  result.failure = failure;
  result.client_failed = failure == Failure::kCancelled;  // only the client's leaving cancels
  result.detail = std::move(detail);
  return result;
}

// The upstream's time for its answer begins when it has the request.
io::Task<void> Exchange::upload() {
  co_await move_body();
  if (!head_received_) stream_->limit_read(options_.head_timeout);
}

// Moves the request's body while the answer may already come back.
io::Task<void> Exchange::move_body() {
  while (true) {
    const Piece piece = co_await client_.read_body();
    if (piece.failure != Failure::kNone) {
      // An answer that is complete cancels what is left of the request; everything else is the
      // client's fault.
      if (piece.failure != Failure::kCancelled) {
        upload_failure_ = piece.failure;
        stream_->cancel();
      }
      co_return;
    }
    const bool trailers = piece.last && !client_.request_trailers().empty();
    const Failure sent = co_await stream_->send_body(piece.bytes, piece.last && !trailers);
    if (sent != Failure::kNone) co_return;
    if (trailers && co_await stream_->send_trailers(client_.request_trailers()) != Failure::kNone)
      co_return;
    if (piece.last) {
      uploaded_ = true;
      co_return;
    }
  }
}

io::Task<ExchangeResult> Exchange::receive(const http::RequestOut& request, ResponseShaper& shaper,
                                           bool& retry) {
  http::ResponseHead head;
  const bool uploading = uploads_.running() > 0;
  const Failure failure =
      co_await stream_->read_head(head, uploading ? io::kNever : options_.head_timeout);
  head_received_ = true;
  if (failure != Failure::kNone) {
    retry = failure != Failure::kCancelled && stream_->is_untouched();
    co_return upstream_failed(failure, "before its answer's head");
  }
  if (head.upgrade_websocket && !request.upgrade_websocket)
    co_return upstream_failed(Failure::kMalformed, "an upgrade that nobody asked for");
  co_return co_await relay(head, shaper);
}

io::Task<ExchangeResult> Exchange::relay(const http::ResponseHead& head, ResponseShaper& shaper) {
  ExchangeResult result;
  result.status = head.status;
  http::ResponseOut out;
  out.status = head.status;
  out.content_length = head.content_length;
  out.upgrade_websocket = head.upgrade_websocket;
  const bool body_follows = head.framing != http::Framing::kNone &&
                            !(head.framing == http::Framing::kLength && *head.content_length == 0);
  out.no_body = head.framing == http::Framing::kNone && head.version != http::Version::kHttp2;
  if (client_.request().method == "HEAD" || head.status == 204 || head.status == 304)
    out.no_body = true;
  if (!shaper.shape(head, out)) {
    result.failure = Failure::kMalformed;
    result.detail = "the response's head cannot be written";
    co_return result;
  }
  if (head.upgrade_websocket) {
    if (!co_await client_.send_head(out, {}, false)) {
      result.failure = Failure::kPeerClosed;
      result.client_failed = true;
      co_return result;
    }
    uploads_.spawn(upload());
  }
  const io::Millis timeout =
      head.upgrade_websocket ? options_.tunnel_timeout : options_.body_timeout;
  bool head_sent = head.upgrade_websocket;
  Piece piece;
  if (!head_sent && !body_follows) {
    piece.last = true;
  } else if (!head_sent) {
    if (const auto ready = stream_->ready_body()) piece = *ready;  // head and body in one write
  }
  while (true) {
    if (piece.failure != Failure::kNone) {
      result.failure = piece.failure;
      result.client_failed = piece.failure == Failure::kCancelled;
      result.detail = "within its answer's body";
      if (head_sent) client_.abort();
      co_return result;
    }
    const bool trailers = piece.last && !stream_->response_trailers().empty();
    const bool last = piece.last && !trailers;
    if (trailers) shaper.on_trailers(stream_->response_trailers());
    bool ok = true;
    if (!head_sent) {
      ok = co_await client_.send_head(out, piece.bytes, last);
      head_sent = true;
    } else if (!piece.bytes.empty() || last) {
      ok = co_await client_.send_body(piece.bytes, last);
    }
    if (ok && trailers) ok = co_await client_.send_trailers(stream_->response_trailers());
    if (!ok) {
      result.failure = Failure::kPeerClosed;
      result.client_failed = true;
      co_return result;
    }
    if (piece.last) co_return result;
    piece = co_await stream_->read_body(timeout);
  }
}

}  // namespace gateway
