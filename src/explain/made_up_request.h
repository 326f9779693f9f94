#pragma once

#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "extv1.pb.h"
#include "http/uri.h"
#include "policy/request_view.h"

namespace explain {

namespace extv1 = octelium::api::ext::v1;

// A request that nobody sent, in the canonical form that it would have had. Owns all that its view
// refers to.
class MadeUpRequest {
 public:
  // Refuses what the gateway would refuse before any policy, with the same word as reason.
  static base::Result<std::unique_ptr<MadeUpRequest>> make(const extv1::Request& request,
                                                           std::string_view host, bool is_grpc);

  MadeUpRequest(const MadeUpRequest&) = delete;
  MadeUpRequest& operator=(const MadeUpRequest&) = delete;

  const policy::RequestView& view() const { return view_; }

 private:
  class Headers final : public policy::HeaderSource {
   public:
    std::size_t size() const override { return fields.size(); }
    std::string_view name(std::size_t index) const override { return fields[index].first; }
    std::string_view value(std::size_t index) const override { return fields[index].second; }

    std::vector<std::pair<std::string, std::string>> fields;
  };

  MadeUpRequest() = default;
  base::Result<void> read_headers(const google::protobuf::Struct& headers);
  base::Result<void> read_target(std::string_view host);
  void read_body(const extv1::Request& request);

  std::string method_;
  std::string path_;
  std::string uri_;
  std::string body_;
  std::string host_;
  std::string client_ip_;
  std::string protocol_;
  Headers headers_;
  http::CanonicalTarget target_;
  policy::RequestView view_;
};

}  // namespace explain
