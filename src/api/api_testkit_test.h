#pragma once

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "api/server.h"
#include "authv1.grpc.pb.h"
#include "corev1.grpc.pb.h"
#include "identity/session_table.h"
#include "identity/signing_keys.h"
#include "store/sqlite_store.h"
#include "userv1.grpc.pb.h"

namespace api {

inline constexpr std::string_view kGatewaySecret = "known to the gateway only";

namespace corev1 = resource::corev1;
namespace metav1 = resource::metav1;
namespace authv1 = octelium::api::main::auth::v1;
namespace userv1 = octelium::api::main::user::v1;

// The API as a process has it: the gRPC server on its socket over a real database, with the User
// root and a Session of it as the caller. Only the gateway in front is missing.
class ApiTest : public testing::Test {
 protected:
  using Core = corev1::MainService;
  using Auth = authv1::MainService;
  using User = userv1::MainService;

  ApiTest();
  ~ApiTest() override;

  // A call through a stub: `call(&Core::Stub::GetUser, request)`. As root, unless told otherwise.
  template <typename Stub, typename Request, typename Response>
  grpc::Status call(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                    const Request& request, Response* response) {
    grpc::ClientContext context;
    context.AddMetadata("x-octelium-gateway", std::string(kGatewaySecret));
    for (const auto& [name, value] : metadata_) context.AddMetadata(name, value);
    Stub stub(channel_, {});
    return (stub.*method)(&context, request, response);
  }
  template <typename Stub, typename Request, typename Response>
  Response must(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                const Request& request) {
    Response response;
    const auto status = call(method, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_code() << " " << status.error_message();
    return response;
  }
  // "5 core.v1.User nope does not exist"; "0 " for success.
  template <typename Stub, typename Request, typename Response>
  std::string outcome(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                      const Request& request) {
    Response response;
    const auto status = call(method, request, &response);
    return std::to_string(status.error_code()) + " " + status.error_message();
  }

  // What the gateway would say about the next calls.
  void set_caller(std::string_view session_uid);
  void set_metadata(const std::string& name, const std::string& value);
  void start();
  void stop(std::chrono::milliseconds drain) { server_->stop(drain); }

  // Writes to the store as the cluster itself.
  store::Resource seed(const resource::Message& resource);
  std::string seed_session(const std::string& user_name, const std::string& session_name);
  void catch_up(store::Sequence sequence);

  const std::filesystem::path& folder() const { return folder_; }

  base::FakeClock clock_;
  std::filesystem::path folder_;
  std::unique_ptr<store::SqliteStore> store_;
  std::unique_ptr<identity::SigningKeys> keys_;
  identity::SessionTable table_;
  std::unique_ptr<identity::Authenticator> authenticator_;
  std::unique_ptr<Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::vector<std::pair<std::string, std::string>> metadata_;
  std::string root_session_;
  std::mutex mutex_;  // guards the following of the store
  store::Sequence applied_ = 0;
};

metav1::GetOptions by_name(std::string_view name);
metav1::GetOptions by_uid(std::string_view uid);
metav1::DeleteOptions to_delete(std::string_view name);

corev1::User user_named(std::string_view name);
corev1::Group group_named(std::string_view name);
corev1::Namespace namespace_named(std::string_view name);
corev1::Secret secret_named(std::string_view name, std::string_view value);
corev1::Service service_named(std::string_view name);
corev1::Policy policy_named(std::string_view name);
corev1::Credential credential_named(std::string_view name, std::string_view user);

}  // namespace api
