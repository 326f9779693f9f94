#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace policy {

// The header fields of a request, wherever they are kept. Views live as long as the request.
class HeaderSource {
 public:
  virtual std::size_t size() const = 0;
  virtual std::string_view name(std::size_t index) const = 0;  // in any case
  virtual std::string_view value(std::size_t index) const = 0;
  // The first field of that name, which is given in lower case; nullopt when there is none.
  // Override where there is something faster than a walk.
  virtual std::optional<std::string_view> find(std::string_view lower_name) const;

 protected:
  ~HeaderSource() = default;
};

// Whether `name`, in any case, is the name that is given in lower case.
bool same_header_name(std::string_view name, std::string_view lower_name);

// Of a GRPC Service's request: `/<package>.<service>/<method>`.
struct GrpcView {
  std::string_view package;            // "octelium.api.main.core.v1"
  std::string_view service;            // "MainService"
  std::string_view service_full_name;  // "octelium.api.main.core.v1.MainService"
  std::string_view method;             // "ListUser"
};

// nullopt for a path of another form.
std::optional<GrpcView> parse_grpc_path(std::string_view path);

// The canonical request as rules read it: `ctx.request`. The gateway fills it once; everything in
// it outlives the RequestContext made over it.
struct RequestView {
  std::string_view method;
  std::string_view path;                  // canonical, without the query
  std::string_view query;                 // after the `?`, as sent
  std::string_view uri;                   // path?query
  std::string_view host;                  // lower case, without port
  std::string_view scheme;                // "https" or "http"
  std::string_view protocol;              // "HTTP/1.1", "HTTP/2"
  std::string_view client_ip;             // empty: unknown
  const HeaderSource* headers = nullptr;  // nullptr: none
  std::int64_t content_length = -1;       // -1: not known beforehand
  // The whole body where it was buffered. May be set after the context was made, but before the
  // first condition that reads it.
  std::optional<std::string_view> body;

  bool is_grpc = false;  // then `ctx.request.grpc` is there, and `ctx.request.http` is not
  GrpcView grpc;
};

}  // namespace policy
