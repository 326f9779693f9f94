#include "identity/scope.h"

#include <gtest/gtest.h>

namespace identity {
namespace {

TEST(Scope, TheEightForms) {
  const struct {
    const char* text;
    std::string expected;
  } cases[] = {
      {"api:*", "api { all { } }"},
      {"api:core", R"(api { filter { packages: "octelium.api.main.core.v1" } })"},
      {"api:core.MainService",
       R"(api { filter { packages: "octelium.api.main.core.v1" services: "MainService" } })"},
      {"api:core.MainService/ListUser",
       R"(api { filter { packages: "octelium.api.main.core.v1" services: "MainService" )"
       R"(methods: "ListUser" } })"},
      {"service:*", "service { all { } }"},
      {"service:web", R"(service { filter { names: "web" namespaces: "default" } })"},
      {"service:web.prod", R"(service { filter { names: "web" namespaces: "prod" } })"},
      {"service:prod/*", R"(service { filter { namespaces: "prod" } })"},
  };
  for (const auto& c : cases) {
    const auto scope = parse_scope(c.text);
    ASSERT_TRUE(scope) << c.text;
    std::string text = scope->ShortDebugString();
    EXPECT_EQ(text, c.expected) << c.text;
  }
}

TEST(Scope, RefusesEverythingElse) {
  for (const std::string text : {"",
                                 "api",
                                 "api:",
                                 "api:.",
                                 "api:core.",
                                 "api:core/ListUser",
                                 "api:core.MainService/",
                                 "api:core.Main Service",
                                 "api:*.x",
                                 "api:core.A/B/C",
                                 " api:*",
                                 "api:* ",
                                 "API:*",
                                 "service:",
                                 "service:/*",
                                 "service:Web",
                                 "service:web.",
                                 "service:.ns",
                                 "service:a.b.c",
                                 "service:web/*/*",
                                 "service:web/x",
                                 "service:-a",
                                 "service:a--b",
                                 "scope:x",
                                 "api:1x"})
    EXPECT_FALSE(parse_scope(text)) << text;
  EXPECT_FALSE(parse_scope("api:" + std::string(300, 'a')));
}

TEST(Scope, ListsAreBoundedAndWithoutRepetition) {
  EXPECT_EQ(parse_scope_list("")->size(), 0u);
  EXPECT_EQ(parse_scope_list("api:* service:web")->size(), 2u);
  EXPECT_FALSE(parse_scope_list("api:* api:*"));
  EXPECT_FALSE(parse_scope_list("api:* nonsense"));
  EXPECT_FALSE(parse_scope_list(std::string(2049, ' ')));
  std::vector<std::string> many;
  for (int i = 0; i < 129; ++i) many.push_back("service:s" + std::to_string(i));
  EXPECT_FALSE(parse_scopes(many));
  many.pop_back();
  EXPECT_TRUE(parse_scopes(many));
}

}  // namespace
}  // namespace identity
