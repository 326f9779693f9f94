#pragma once

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "api/router.h"
#include "base/result.h"
#include "base/secret.h"

namespace api {

// Takes gRPC calls from a Unix socket and runs their handlers on its own threads.
//
// Methods are found by name in the Router and their messages by reflection, so there is no stub per
// method. All calls are unary; a handler may block, it then occupies one thread. The Router
// outlives the listener.
class Listener {
 public:
  // kUnavailable when the socket cannot be made.
  static base::Result<std::unique_ptr<Listener>> open(const std::filesystem::path& socket,
                                                      const Router& router, int threads,
                                                      base::Secret gateway_secret);
  ~Listener();

  void stop(std::chrono::milliseconds drain);

 private:
  class Exchange;

  Listener(const Router& router, base::Secret gateway_secret)
      : router_(router), gateway_secret_(std::move(gateway_secret)) {}
  void expect_call();
  void run();
  void finished();

  const Router& router_;
  const base::Secret gateway_secret_;
  grpc::AsyncGenericService service_;
  std::unique_ptr<grpc::ServerCompletionQueue> queue_;
  std::unique_ptr<grpc::Server> server_;
  std::vector<std::thread> threads_;

  std::mutex mutex_;  // guards the rest
  std::condition_variable idle_;
  bool is_stopping_ = false;
  int open_ = 0;  // exchanges that exist: expected, running or being answered
};

}  // namespace api
