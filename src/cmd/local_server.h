#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "base/result.h"
#include "http/server_connection.h"
#include "io/listener.h"

namespace cmd {

struct LocalRequest {
  std::string_view method;
  std::string_view target;
  const http::FieldList& fields;
  std::string body;
};
struct LocalAnswer {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};

// A small HTTP/1.1 server with a thread of its own, for what is not the data plane: health,
// metrics, the echo of --dev.
class LocalServer {
 public:
  using Handler = std::function<LocalAnswer(const LocalRequest&)>;
  static base::Result<std::unique_ptr<LocalServer>> start(const io::Address& address,
                                                          Handler handler);
  ~LocalServer();

  const io::Address& address() const { return address_; }

 private:
  static constexpr std::size_t kMaxBody = 4u << 20;
  class State;

  LocalServer() = default;

  io::Address address_;
  std::unique_ptr<State> state_;
  std::thread thread_;
};

}  // namespace cmd
