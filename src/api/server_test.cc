#include "api/server.h"

#include <sys/stat.h>

#include <thread>

#include "api/api_testkit_test.h"

namespace api {
namespace {

class ServerTest : public ApiTest {
 protected:
  // Logs in with a new Credential of a new User.
  authv1::SessionToken login() {
    must(&Core::Stub::CreateUser, user_named("alice"));
    must(&Core::Stub::CreateCredential, credential_named("cred", "alice"));
    corev1::GenerateCredentialTokenRequest generate;
    generate.mutable_credentialref()->set_name("cred");
    const auto token = must(&Core::Stub::GenerateCredentialToken, generate);
    set_caller("");
    authv1::AuthenticateWithAuthenticationTokenRequest request;
    request.set_authenticationtoken(token.authenticationtoken().authenticationtoken());
    return must(&Auth::Stub::AuthenticateWithAuthenticationToken, request);
  }
};

TEST_F(ServerTest, TheSocketIsForTheOwnerOnly) {
  struct stat info{};
  ASSERT_EQ(::stat((folder() / "api.sock").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST_F(ServerTest, ASocketThatCannotBeMadeIsAnError) {
  for (const auto& socket : {folder() / "no" / "api.sock", folder() / std::string(120, 'x')}) {
    const auto started = Server::start(
        {.socket = socket, .store = *store_, .authenticator = *authenticator_, .clock = clock_});
    ASSERT_FALSE(started);
    EXPECT_NE(started.error().message.find("socket"), std::string::npos);
  }
}

TEST_F(ServerTest, LoginRefreshAndLogout) {
  const auto first = login();
  EXPECT_FALSE(first.accesstoken().empty());
  EXPECT_GT(first.expiresin(), 0);
  EXPECT_GE(first.refreshtokenexpiresin(), first.expiresin());

  EXPECT_EQ(outcome(&Auth::Stub::AuthenticateWithRefreshToken,
                    authv1::AuthenticateWithRefreshTokenRequest())
                .substr(0, 3),
            "16 ");
  set_metadata("x-octelium-refresh-token", first.refreshtoken());
  const auto second = must(&Auth::Stub::AuthenticateWithRefreshToken,
                           authv1::AuthenticateWithRefreshTokenRequest());
  EXPECT_NE(second.accesstoken(), first.accesstoken());
  EXPECT_EQ(outcome(&Auth::Stub::AuthenticateWithRefreshToken,
                    authv1::AuthenticateWithRefreshTokenRequest())
                .substr(0, 3),
            "16 ")
      << "the first refresh token still works";
  set_metadata("x-octelium-refresh-token", second.refreshtoken());
  must(&Auth::Stub::GetAvailableAuthenticator, authv1::GetAvailableAuthenticatorRequest());
  must(&Auth::Stub::Logout, authv1::LogoutRequest());
  EXPECT_EQ(outcome(&Auth::Stub::Logout, authv1::LogoutRequest()).substr(0, 3), "16 ");
}

TEST_F(ServerTest, ABadTokenIsUnauthenticated) {
  authv1::AuthenticateWithAuthenticationTokenRequest request;
  request.set_authenticationtoken("nonsense");
  EXPECT_EQ(outcome(&Auth::Stub::AuthenticateWithAuthenticationToken, request),
            "16 Unauthenticated User");
}

TEST_F(ServerTest, StatusTellsWhoTheCallerIs) {
  const auto status = must(&User::Stub::GetStatus, userv1::GetStatusRequest());
  EXPECT_EQ(status.domain(), "example.com");
  EXPECT_TRUE(status.has_cluster());
  EXPECT_EQ(status.user().metadata().name(), "root");
  EXPECT_EQ(status.user().spec().type(), userv1::GetStatusResponse::User::Spec::WORKLOAD);
  EXPECT_EQ(status.session().metadata().uid(), root_session_);
  EXPECT_EQ(status.session().status().type(), userv1::GetStatusResponse::Session::Status::CLIENT);
}

TEST_F(ServerTest, UsersSeeServicesAndNamespacesThatAreNotHidden) {
  must(&Core::Stub::CreateNamespace, namespace_named("prod"));
  must(&Core::Stub::CreateService, service_named("web.prod"));
  must(&Core::Stub::CreateService, service_named("web"));
  auto hidden = service_named("api.default");
  hidden.mutable_metadata()->set_isuserhidden(true);
  seed(hidden);

  userv1::ListServiceOptions options;
  const auto all = must(&User::Stub::ListService, options);
  EXPECT_EQ(all.apiversion(), "user/v1");
  EXPECT_EQ(all.kind(), "ServiceList");
  ASSERT_EQ(all.items_size(), 2);
  options.set_namespace_("prod");
  const auto some = must(&User::Stub::ListService, options);
  ASSERT_EQ(some.items_size(), 1);
  EXPECT_EQ(some.items(0).metadata().name(), "web.prod");
  EXPECT_EQ(some.items(0).status().namespace_(), "prod");
  EXPECT_EQ(some.items(0).status().primaryhostname(), "web.prod");
  EXPECT_EQ(some.items(0).spec().type(), userv1::Service::Spec::HTTP);
  EXPECT_EQ(some.items(0).spec().port(), 8080u);
  options.set_type(userv1::Service::Spec::GRPC);
  EXPECT_EQ(must(&User::Stub::ListService, options).items_size(), 0);
  options.set_namespace_("nope");
  EXPECT_EQ(outcome(&User::Stub::ListService, options), "5 core.v1.Namespace nope does not exist");

  EXPECT_EQ(must(&User::Stub::GetService, by_name("web")).metadata().name(), "web.default");
  EXPECT_EQ(outcome(&User::Stub::GetService, by_name("api")).substr(0, 2), "7 ");
  EXPECT_EQ(must(&User::Stub::ListNamespace, userv1::ListNamespaceOptions()).items_size(), 2);
}

TEST_F(ServerTest, WhatItDoesNotHaveIsUnimplemented) {
  EXPECT_EQ(outcome(&User::Stub::Disconnect, userv1::DisconnectRequest()).substr(0, 3), "12 ");
  EXPECT_EQ(
      outcome(&Auth::Stub::AuthenticateWithAssertion, authv1::AuthenticateWithAssertionRequest())
          .substr(0, 3),
      "12 ");
}

TEST_F(ServerTest, StopsWhileCallsAreRunning) {
  std::vector<std::thread> threads;
  std::atomic<bool> is_over = false;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      corev1::UserList response;
      while (!is_over) {
        const auto status = call(&Core::Stub::ListUser, corev1::ListUserOptions(), &response);
        EXPECT_TRUE(status.ok() || status.error_code() == grpc::StatusCode::UNAVAILABLE ||
                    status.error_code() == grpc::StatusCode::CANCELLED)
            << status.error_message();
      }
    });
  }
  must(&Core::Stub::GetUser, by_name("root"));
  stop(std::chrono::milliseconds(500));
  stop(std::chrono::milliseconds(500));  // again does nothing
  is_over = true;
  for (auto& thread : threads) thread.join();
}

TEST_F(ServerTest, ReplacesTheSocketOfAProcessThatDied) {
  start();
  must(&Core::Stub::GetUser, by_name("root"));
}

}  // namespace
}  // namespace api
