#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cli/transport.h"
#include "resource/kind.h"

namespace cli {

namespace corev1 = resource::corev1;
namespace metav1 = resource::metav1;
using Resource = std::unique_ptr<google::protobuf::Message>;

// What a list call asks for.
struct ListQuery {
  std::uint32_t page = 0;  // counted from 0
  std::uint32_t items_per_page = 0;
  bool by_name = false;
  bool reverse = false;
  std::string user;            // Session, Credential, Device, Authenticator
  std::string namespace_name;  // Service
};

struct ListPage {
  Resource list;  // the message of the server, `<Kind>List`
  std::vector<const google::protobuf::Message*> items;
  metav1::ListResponseMeta meta;
};

// The management API by kind: one function for each verb instead of one for each method.
class CoreApi {
 public:
  explicit CoreApi(Transport& transport) : transport_(transport) {}

  base::Result<Resource> get(resource::Kind kind, const std::string& name);
  base::Result<ListPage> list(resource::Kind kind, const ListQuery& query);
  // All pages.
  base::Result<std::vector<Resource>> list_all(resource::Kind kind);

  // Both return the object as it is stored.
  base::Result<Resource> create(const google::protobuf::Message& object);
  base::Result<Resource> update(const google::protobuf::Message& object);
  base::Result<void> remove(resource::Kind kind, const metav1::DeleteOptions& which);

  base::Result<corev1::CredentialToken> generate_token(const std::string& credential);

 private:
  base::Result<void> call(std::string method, bool is_repeatable,
                          const google::protobuf::Message& request,
                          google::protobuf::Message& response);

  Transport& transport_;
};

}  // namespace cli
