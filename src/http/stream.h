#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "http/message.h"
#include "io/address.h"
#include "io/task.h"
#include "io/timer_wheel.h"

namespace http {

// Why a stream could not go on. The log's reason and the status are functions of it (failure.h).
enum class Failure : std::uint8_t {
  kNone,
  kPeerClosed,     // ended or reset before the message was complete
  kTimeout,        // a deadline of a phase passed
  kCancelled,      // we gave up: the other side is gone, or the program stops
  kMalformed,      // the peer broke the protocol
  kConnectFailed,  // refused, unreachable
  kTls,            // handshake or certificate
  kResolve,        // the name does not resolve
  kTooLarge,       // over a limit of ours
};
std::string_view failure_name(Failure failure);

// What a read of a body gives. The bytes stay valid until the next call on the same stream.
struct Piece {
  std::string_view bytes;
  bool last = false;  // the body is complete; trailers, if any, are known
  Failure failure = Failure::kNone;
};

// How long each phase may take, in milliseconds.
struct Timeouts {
  io::Millis handshake = 10'000;
  io::Millis head = 10'000;            // from the first byte of a request head to its last
  io::Millis keep_alive = 75'000;      // between requests
  io::Millis body_idle = 60'000;       // between two pieces of a body, either direction
  io::Millis write = 60'000;           // one write that the peer does not take
  io::Millis tunnel_idle = 3'600'000;  // between two reads of a connection that was upgraded
  io::Millis linger = 2'000;  // for the peer to read a last answer while it is still sending
};

// A response head as we write it. Connection and framing fields are the codec's: never in `fields`.
struct ResponseOut {
  int status = 200;
  FieldList fields;
  std::optional<std::uint64_t> content_length;
  bool no_body =
      false;  // 1xx, 204, 304, or the answer to HEAD: no body follows whatever the length says
  bool upgrade_websocket = false;
};

// A request head as we write it. Host, connection and framing fields are the codec's: never in
// `fields`.
struct RequestOut {
  std::string_view method;
  std::string_view target;
  std::string_view authority;
  std::string_view scheme;
  FieldList fields;
  std::optional<std::uint64_t> content_length;
  bool has_body = false;
  bool upgrade_websocket = false;
  bool te_trailers = false;
};

// Told when whoever is at the other end of a stream has gone.
class Canceller {
 public:
  virtual ~Canceller() = default;
  virtual void cancel() = 0;
};

// The connection that a request came in on.
struct Downstream {
  io::Address peer;
  std::string_view peer_ip;      // text form of `peer`
  std::string_view server_name;  // SNI; empty without TLS
  bool tls = false;
  bool redirect_only = false;  // the plain listener that only sends people to https
};

// One request and its answer, seen from the gateway: the same for HTTP/1.1 and HTTP/2. Belongs to
// its connection; lives until the handler's task has returned. All calls come from the connection's
// loop, one at a time each way.
class ServerStream {
 public:
  virtual ~ServerStream() = default;

  virtual const RequestHead& request() const = 0;
  virtual const Downstream& downstream() const = 0;

  // The next piece of the request's body. Backpressure is not calling this.
  virtual io::Task<Piece> read_body() = 0;
  // Bytes of the body that are here already, if that is all of it; nullopt if reading could wait.
  virtual std::optional<std::string_view> whole_body() = 0;
  virtual const FieldList& request_trailers() const = 0;

  // Head and the first part of the body in one write; `last` ends the message. True: taken.
  virtual io::Task<bool> send_head(const ResponseOut& head, std::string_view body, bool last) = 0;
  virtual io::Task<bool> send_body(std::string_view bytes, bool last) = 0;
  // Ends the message. HTTP/1.1 carries them only in a chunked body.
  virtual io::Task<bool> send_trailers(const FieldList& trailers) = 0;

  // The message cannot be completed: the client must see that it is cut.
  virtual void abort() = 0;
  // Stops a read_body that is under way.
  virtual void cancel_read() = 0;
  // Between two pieces of the body in either direction, instead of the connection's own timeout.
  virtual void set_body_timeout(io::Millis timeout) = 0;
  // Whom to tell when the client goes away; null: nobody. A client that ends its side of the
  // connection is taken to have gone: TCP does not tell the two apart, and what it asked for costs.
  virtual void set_canceller(Canceller* canceller) = 0;

  virtual bool head_sent() const = 0;
  virtual std::uint64_t body_bytes_received() const = 0;
  virtual std::uint64_t body_bytes_sent() const = 0;
};

// One request to an upstream. Owned by the caller, who sends, reads, and calls `finish`.
class ClientStream : public Canceller {
 public:
  // May be followed by more of the body, at the same time as the reads below.
  virtual io::Task<Failure> send_head(const RequestOut& head, std::string_view body, bool last) = 0;
  virtual io::Task<Failure> send_body(std::string_view bytes, bool last) = 0;
  virtual io::Task<Failure> send_trailers(const FieldList& trailers) = 0;

  // The final head (interim ones are skipped), or 101. The views live until `finish`.
  virtual io::Task<Failure> read_head(ResponseHead& head, io::Millis timeout) = 0;
  virtual io::Task<Piece> read_body(io::Millis timeout) = 0;
  // The read that is under way, if one is, has this much time from now on.
  virtual void limit_read(io::Millis timeout) = 0;
  // What read_body would give without waiting, if anything.
  virtual std::optional<Piece> ready_body() = 0;
  virtual const FieldList& response_trailers() const = 0;

  // True if the peer cannot have acted on the request: it may be sent again elsewhere.
  virtual bool is_untouched() const = 0;
  // The caller is done. The connection is kept for others when both messages were completed
  // cleanly.
  virtual void finish() = 0;
};

enum class Reject : std::uint8_t;

// What a server connection calls for each request.
class RequestHandler {
 public:
  virtual ~RequestHandler() = default;
  virtual io::Task<void> handle(ServerStream& stream) = 0;
  // The request broke a rule: answer and log. `request()` holds what was understood before.
  virtual io::Task<void> handle_rejected(ServerStream& stream, Reject reject) = 0;
};

}  // namespace http
