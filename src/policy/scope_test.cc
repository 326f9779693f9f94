#include "policy/scope.h"

#include "policy/testkit_test.h"

namespace policy {
namespace {

TEST(ScopeTest, CoversServices) {
  struct {
    const char* scopes;
    bool expected;
  } constexpr kCases[] = {
      {"[]", true},
      {"[{service: {all: {}}}]", true},
      {"[{service: {filter: {names: [api]}}}]", true},
      {"[{service: {filter: {names: [api.default]}}}]", true},
      {"[{service: {filter: {names: [api.other]}}}]", false},
      {"[{service: {filter: {names: [default]}}}]", false},
      {"[{service: {filter: {names: ['*']}}}]", true},
      {"[{service: {filter: {namespaces: [default]}}}]", true},
      {"[{service: {filter: {namespaces: ['*']}}}]", true},
      {"[{service: {filter: {names: [api], namespaces: [other]}}}]", false},
      {"[{service: {filter: {names: [web], namespaces: [default]}}}]", false},
      {"[{service: {filter: {names: [web, api], namespaces: [default]}}}]", true},
      {"[{service: {filter: {}}}]", false},
      {"[{service: {}}]", false},
      {"[{}]", false},
      {"[{api: {all: {}}}]", false},
      {"[{api: {all: {}}}, {service: {all: {}}}]", true},
  };
  World world;
  for (const auto& each : kCases) {
    const auto session =
        from_yaml<corev1::Session>("status: {scopes: " + std::string(each.scopes) + "}");
    EXPECT_EQ(is_in_scope(session, world.service, world.view), each.expected) << each.scopes;
  }
}

TEST(ScopeTest, CoversMethodsOfTheApi) {
  struct {
    const char* scopes;
    bool expected;
  } constexpr kCases[] = {
      {"[{api: {all: {}}}]", true},
      {"[{api: {filter: {packages: [octelium.api.main.core.v1]}}}]", true},
      {"[{api: {filter: {packages: [octelium.api.main.user.v1]}}}]", false},
      {"[{api: {filter: {packages: [octelium.api.main.core.v1], services: [MainService]}}}]", true},
      {"[{api: {filter: {packages: ['*'], methods: [ListUser]}}}]", true},
      {"[{api: {filter: {packages: ['*'], methods: [DeleteUser]}}}]", false},
      {"[{api: {filter: {}}}]", false},
      {"[{service: {all: {}}}]", true},
  };
  World world;
  world.make_grpc("octelium.api.main.core.v1", "MainService", "ListUser");
  world.service.mutable_metadata()->set_name("default.octelium-api");
  world.service.mutable_status()->mutable_managedservice()->set_type("apiserver");
  for (const auto& each : kCases) {
    const auto session =
        from_yaml<corev1::Session>("status: {scopes: " + std::string(each.scopes) + "}");
    EXPECT_EQ(is_in_scope(session, world.service, world.view), each.expected) << each.scopes;
  }
}

}  // namespace
}  // namespace policy
