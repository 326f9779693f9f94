#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "http/h1_client.h"
#include "http/h2_client.h"
#include "io/resolver.h"
#include "upstream/endpoint.h"

namespace upstream {

struct PoolOptions {
  http::Timeouts timeouts;
  http::Limits limits;
  io::Millis connect_timeout = 10'000;
  io::Millis idle_timeout = 60'000;
  std::size_t max_idle_per_endpoint = 256;
};

struct Opened {
  http::ClientStream* stream = nullptr;  // null: see failure
  http::Failure failure = http::Failure::kNone;
  std::string detail;  // for the log; empty on success
  bool reused = false;
};

// The connections of one worker to all upstreams. Idle HTTP/1 connections wait in a
// last-in-first-out list, so that the warm ones are used and the others age; HTTP/2 connections are
// shared. No locks: everything is of one loop.
class Pool {
 public:
  Pool(io::EventLoop& loop, const PoolOptions& options);
  ~Pool();

  // A stream to the endpoint; connects when no connection is free. `fresh` asks for a new
  // connection.
  io::Task<Opened> open(std::shared_ptr<const Endpoint> endpoint, bool fresh);
  // A free HTTP/1 connection if there is one, else null: the way without a coroutine.
  http::ClientStream* take_idle(const Endpoint& endpoint);

  // Closes idle connections that nobody used lately, or to which no config leads any more; called
  // about once a second.
  void sweep();
  // The same at once for an endpoint that somebody has let go of.
  void let_go(const Endpoint* endpoint);
  // Whether no connection is left, in use or idle.
  bool is_unused() const;
  // Cancels everything and closes; what was closed goes with the next sweeps.
  void close();
  auto drained() { return tasks_.drained(); }

 private:
  class Group;

  Group& group_of(const std::shared_ptr<const Endpoint>& endpoint);
  io::Task<Opened> connect(Group& group);
  io::Task<std::unique_ptr<io::Socket>> dial(const Endpoint& endpoint, Opened& result);

  io::EventLoop& loop_;
  const PoolOptions& options_;
  io::Resolver resolver_;
  io::Scope tasks_;
  std::unordered_map<const Endpoint*, std::unique_ptr<Group>> groups_;
};

}  // namespace upstream
