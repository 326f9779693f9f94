#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "api/call.h"
#include "base/result.h"

namespace api {

using Answer = base::Result<std::unique_ptr<Message>>;
using Handler = std::function<Answer(const Call&, const Message& request)>;

// Which handler answers which gRPC method, by full name: "package.Service/Method". Filled before
// the server starts, immutable from then on.
class Router {
 public:
  struct Method {
    const Message* request;  // the prototype of its type
    Handler handler;
  };

  // `service` must be one of our schema and have the method; its request type comes from there.
  void add(const google::protobuf::ServiceDescriptor& service, const std::string& method,
           Handler handler);

  // nullptr: not implemented.
  const Method* find(std::string_view full_name) const;

 private:
  std::map<std::string, Method, std::less<>> methods_;
};

// "octelium.api.main.core.v1.MainService": the one service of the file that declares T.
template <typename T>
const google::protobuf::ServiceDescriptor& service_beside() {
  return *T::descriptor()->file()->service(0);
}

}  // namespace api
