#pragma once

// A cluster in memory for tests: the core API by kind without any validation, and the part of the
// auth API that logs in. Errors can be planted.

#include <fmt/format.h>

#include <map>
#include <string>
#include <vector>

#include "authv1.pb.h"
#include "base/random.h"
#include "cli/kinds.h"
#include "cli/transport.h"
#include "resource/document.h"
#include "userv1.pb.h"

namespace cli {

class FakeCluster final : public Transport {
 public:
  using Message = google::protobuf::Message;

  // "Create Service api" and so on, in the order of the calls; reads are not noted.
  std::vector<std::string> writes;
  std::map<std::string, base::Error> errors;  // by method, or method and name
  int logins = 0;
  int refreshes = 0;
  std::string valid_token;  // access tokens other than this are refused; empty: all are taken
  std::chrono::seconds lifetime{14400};

  void add(std::string_view yaml, bool by_cluster = false) {
    auto documents = resource::decode_all(yaml);
    for (resource::Document& document : *documents) {
      auto& metadata = resource::mutable_metadata_of(*document.message);
      if (!by_cluster) metadata.mutable_actorref()->set_name("root-abc123");
      store(document.kind, *document.message);
    }
  }

  const Message* find(resource::Kind kind, const std::string& name) const {
    const auto found = objects_.find({kind, name});
    return found == objects_.end() ? nullptr : found->second.get();
  }

  base::Result<void> call(const Call& call, const Message& request, Message& response) override {
    if (call.service == ApiService::kAuth) return authenticate(call, response);
    if (!valid_token.empty() && header(call, "x-octelium-auth") != valid_token) {
      return refuse(base::Code::kUnauthenticated, "Octelium: Unauthenticated");
    }
    if (const auto planted = errors.find(call.method); planted != errors.end()) {
      return std::unexpected(planted->second);
    }
    if (call.service == ApiService::kUser) {
      if (auto* status =
              dynamic_cast<octelium::api::main::user::v1::GetStatusResponse*>(&response)) {
        status->mutable_user()->mutable_metadata()->set_name("root");
      }
      return {};
    }
    return core(call.method, request, response);
  }

 private:
  using Key = std::pair<resource::Kind, std::string>;

  static base::Result<void> refuse(base::Code code, std::string message) {
    return base::fail(code, "api", std::move(message), base::Source::kUpstream);
  }

  static std::string header(const Call& call, std::string_view name) {
    for (const auto& [key, value] : call.metadata) {
      if (key == name) return value;
    }
    return "";
  }

  void store(resource::Kind kind, const Message& object) {
    auto copy = std::unique_ptr<Message>(object.New());
    copy->CopyFrom(object);
    auto& metadata = resource::mutable_metadata_of(*copy);
    metadata.set_name(full_name(kind, metadata.name()));
    if (metadata.uid().empty()) metadata.set_uid(base::make_uuid_v4());
    metadata.set_resourceversion(base::make_uuid_v4());
    const std::string name = metadata.name();
    objects_[{kind, name}] = std::move(copy);
  }

  base::Result<void> authenticate(const Call& call, Message& response) {
    if (const auto planted = errors.find(call.method); planted != errors.end()) {
      return std::unexpected(planted->second);
    }
    auto* token = dynamic_cast<octelium::api::main::auth::v1::SessionToken*>(&response);
    if (token == nullptr) return {};
    const bool is_refresh = call.method == "AuthenticateWithRefreshToken";
    const int count = is_refresh ? ++refreshes : ++logins;
    valid_token = fmt::format("{}-{}", is_refresh ? "refreshed" : "fresh", count);
    token->set_accesstoken(valid_token);
    token->set_refreshtoken("refresh-" + valid_token);
    token->set_expiresin(lifetime.count());
    token->set_refreshtokenexpiresin(1'209'600);
    return {};
  }

  base::Result<void> core(const std::string& method, const Message& request, Message& response) {
    for (const resource::Kind kind : resource::kAllKinds) {
      const std::string name(resource::kind_name(kind));
      if (method == "Get" + name) return get(kind, request, response);
      if (method == "List" + name) return list(kind, response);
      if (method == "Create" + name) return write(kind, "Create", request, response);
      if (method == "Update" + name) return write(kind, "Update", request, response);
      if (method == "Delete" + name) return remove(kind, request);
    }
    if (method == "GenerateCredentialToken") {
      dynamic_cast<resource::corev1::CredentialToken&>(response)
          .mutable_accesstoken()
          ->set_accesstoken("TOKEN");
      return {};
    }
    return refuse(base::Code::kUnimplemented, "unimplemented");
  }

  base::Result<void> get(resource::Kind kind, const Message& request, Message& response) {
    const auto* options = dynamic_cast<const resource::metav1::GetOptions*>(&request);
    const std::string name = options == nullptr ? "default" : full_name(kind, options->name());
    const Message* found = find(kind, name);
    if (found == nullptr) {
      return refuse(base::Code::kNotFound,
                    fmt::format("core.v1.{} {} does not exist", resource::kind_name(kind), name));
    }
    response.CopyFrom(*found);
    return {};
  }

  base::Result<void> list(resource::Kind kind, Message& response) {
    const auto* items = response.GetDescriptor()->FindFieldByName("items");
    for (const auto& [key, object] : objects_) {
      if (key.first != kind) continue;
      response.GetReflection()->AddMessage(&response, items)->CopyFrom(*object);
    }
    return {};
  }

  base::Result<void> write(resource::Kind kind, const std::string& verb, const Message& request,
                           Message& response) {
    const std::string name = full_name(kind, resource::metadata_of(request).name());
    const std::string what = fmt::format("{} {} {}", verb, resource::kind_name(kind), name);
    if (const auto planted = errors.find(what); planted != errors.end()) {
      return std::unexpected(planted->second);
    }
    writes.push_back(what);
    store(kind, request);
    response.CopyFrom(*find(kind, name));
    return {};
  }

  base::Result<void> remove(resource::Kind kind, const Message& request) {
    const auto& options = dynamic_cast<const resource::metav1::DeleteOptions&>(request);
    for (const auto& [key, object] : objects_) {
      const bool is_named = key.first == kind && key.second == options.name();
      if (!is_named &&
          (options.uid().empty() || resource::metadata_of(*object).uid() != options.uid())) {
        continue;
      }
      const std::string what = fmt::format("Delete {} {}", resource::kind_name(kind), key.second);
      if (const auto planted = errors.find(what); planted != errors.end()) {
        return std::unexpected(planted->second);
      }
      writes.push_back(what);
      objects_.erase(key);
      return {};
    }
    return refuse(base::Code::kNotFound, "does not exist");
  }

  std::map<Key, std::unique_ptr<Message>> objects_;
};

inline base::Error server_error(base::Code code, std::string message) {
  return {.code = code,
          .source = base::Source::kUpstream,
          .reason = "api",
          .message = std::move(message)};
}

}  // namespace cli
