#include <sstream>
#include <thread>

#include "api/api_testkit_test.h"

namespace api {
namespace {

using resource::Kind;
using resource::metadata_of;

class CoreServiceTest : public ApiTest {
 protected:
  using Stub = Core::Stub;

  std::vector<std::string> user_names(const corev1::ListUserOptions& options) {
    std::vector<std::string> names;
    const auto list = must(&Stub::ListUser, options);
    for (const auto& item : list.items()) names.push_back(item.metadata().name());
    return names;
  }
};

TEST_F(CoreServiceTest, CreateTakesOnlyWhatIsTheClients) {
  auto user = user_named("alice");
  auto& sent = *user.mutable_metadata();
  sent.set_displayname("Alice");
  (*sent.mutable_labels())["team"] = "blue";
  sent.add_tags("one-tag");
  sent.set_issystem(true);
  sent.set_issystemhidden(true);
  sent.set_resourceversion("mine");
  sent.set_actoroperation("mine");
  (*sent.mutable_speclabels())["k"] = "v";
  user.mutable_status()->set_islocked(true);
  const auto created = must(&Stub::CreateUser, user);

  const auto& metadata = created.metadata();
  EXPECT_EQ(created.apiversion(), "core/v1");
  EXPECT_EQ(created.kind(), "User");
  EXPECT_EQ(metadata.displayname(), "Alice");
  EXPECT_EQ(metadata.labels().at("team"), "blue");
  EXPECT_EQ(metadata.tags(0), "one-tag");
  EXPECT_FALSE(metadata.issystem());
  EXPECT_FALSE(metadata.issystemhidden());
  EXPECT_EQ(metadata.resourceversion().size(), 36u);
  EXPECT_EQ(metadata.actorref().uid(), root_session_);
  EXPECT_EQ(metadata.actorref().kind(), "Session");
  EXPECT_EQ(metadata.actoroperation(), "octelium.api.main.core.v1.MainService/CreateUser");
  EXPECT_FALSE(metadata.speclabels().contains("k"));
  EXPECT_TRUE(created.has_status());
  EXPECT_FALSE(created.status().islocked());
}

TEST_F(CoreServiceTest, NamesTheObjectThatExistsOrDoesNot) {
  must(&Stub::CreateSecret, secret_named("db", "x"));
  EXPECT_EQ(outcome(&Stub::CreateSecret, secret_named("db", "y")),
            "6 The Secret db already exists");
  EXPECT_EQ(outcome(&Stub::GetUser, by_name("nope")), "5 core.v1.User nope does not exist");
  EXPECT_EQ(outcome(&Stub::UpdateUser, user_named("nope")), "5 core.v1.User nope does not exist");
  EXPECT_EQ(outcome(&Stub::DeleteUser, to_delete("nope")), "5 core.v1.User nope does not exist");
}

TEST_F(CoreServiceTest, GetTakesANameOrAUid) {
  const auto created = must(&Stub::CreateUser, user_named("alice"));
  EXPECT_EQ(must(&Stub::GetUser, by_name("alice")).metadata().uid(), created.metadata().uid());
  EXPECT_EQ(must(&Stub::GetUser, by_uid(created.metadata().uid())).metadata().name(), "alice");
  auto both = by_uid(created.metadata().uid());
  both.set_name("root");
  EXPECT_EQ(must(&Stub::GetUser, both).metadata().name(), "root") << "the name decides";
  EXPECT_EQ(outcome(&Stub::GetUser, metav1::GetOptions()).substr(0, 2), "3 ");
  EXPECT_EQ(outcome(&Stub::GetUser, by_name("Bad")), "3 Invalid name: Bad");
  EXPECT_EQ(outcome(&Stub::GetUser, by_uid("x")), "3 Invalid uid: x");
}

TEST_F(CoreServiceTest, DataOfSecretsAndConfigsIsNeverShown) {
  auto created = must(&Stub::CreateSecret, secret_named("db", "hunter2"));
  EXPECT_FALSE(created.has_data());
  EXPECT_FALSE(must(&Stub::GetSecret, by_name("db")).has_data());
  EXPECT_FALSE(must(&Stub::ListSecret, corev1::ListSecretOptions()).items(0).has_data());
  EXPECT_FALSE(must(&Stub::UpdateSecret, secret_named("db", "hunter3")).has_data());
  const auto stored = store_->get(Kind::kSecret, "db").value();
  EXPECT_EQ(static_cast<const corev1::Secret&>(*stored).data().value(), "hunter3");

  corev1::Config config;
  config.mutable_metadata()->set_name("settings");
  config.mutable_data()->set_value("v");
  EXPECT_FALSE(must(&Stub::CreateConfig, config).has_data());
  EXPECT_FALSE(must(&Stub::ListConfig, corev1::ListConfigOptions()).items(0).has_data());
}

TEST_F(CoreServiceTest, AMissingSpecIsAnEmptyOneWhereThatIsValid) {
  auto group = group_named("devs");
  group.clear_spec();
  EXPECT_TRUE(must(&Stub::CreateGroup, group).has_spec());
  auto space = namespace_named("prod");
  space.clear_spec();
  EXPECT_TRUE(must(&Stub::CreateNamespace, space).has_spec());
  auto secret = secret_named("db", "x");
  secret.clear_spec();
  EXPECT_TRUE(must(&Stub::CreateSecret, secret).has_spec());
  auto user = user_named("alice");
  user.clear_spec();
  EXPECT_EQ(outcome(&Stub::CreateUser, user), "3 spec: Resource spec must be set");
  corev1::Group empty;
  EXPECT_EQ(outcome(&Stub::CreateGroup, empty).substr(0, 2), "3 ");
}

TEST_F(CoreServiceTest, UpdateReplacesSpecAndClientMetadataAndKeepsStatus) {
  auto user = user_named("alice");
  user.mutable_metadata()->set_displayname("Alice");
  user.mutable_spec()->set_email("alice@example.com");
  const auto created = must(&Stub::CreateUser, user);
  auto change = user_named("alice");
  change.mutable_metadata()->set_description("new");
  change.mutable_status()->set_islocked(true);
  const auto updated = must(&Stub::UpdateUser, change);
  EXPECT_EQ(updated.metadata().displayname(), "");
  EXPECT_EQ(updated.metadata().description(), "new");
  EXPECT_EQ(updated.spec().email(), "");
  EXPECT_FALSE(updated.status().islocked());
  EXPECT_EQ(updated.metadata().uid(), created.metadata().uid());
  EXPECT_EQ(updated.metadata().lastresourceversion(), created.metadata().resourceversion());
  EXPECT_EQ(updated.metadata().actoroperation(),
            "octelium.api.main.core.v1.MainService/UpdateUser");

  const auto again = must(&Stub::UpdateUser, change);
  EXPECT_EQ(again.metadata().resourceversion(), updated.metadata().resourceversion());
}

TEST_F(CoreServiceTest, WhatTheClusterMadeForItselfIsLeftAlone) {
  for (const auto& refused : {outcome(&Stub::UpdateNamespace, namespace_named("default")),
                              outcome(&Stub::DeleteNamespace, to_delete("default"))})
    EXPECT_TRUE(refused.starts_with("7 This is a System Resource")) << refused;
  auto hidden = secret_named("hidden", "x");
  hidden.mutable_metadata()->set_issystemhidden(true);
  hidden.mutable_metadata()->set_issystem(true);
  seed(hidden);
  EXPECT_EQ(outcome(&Stub::GetSecret, by_name("hidden")).substr(0, 2), "7 ");
  EXPECT_EQ(must(&Stub::ListSecret, corev1::ListSecretOptions()).items_size(), 0);
}

TEST_F(CoreServiceTest, ListsInPages) {
  for (int i = 0; i < 4; ++i)
    must(&Stub::CreateUser, user_named("user-" + std::string(1, static_cast<char>('d' - i))));
  corev1::ListUserOptions options;
  EXPECT_EQ(user_names(options),
            (std::vector<std::string>{"root", "user-d", "user-c", "user-b", "user-a"}));
  auto& common = *options.mutable_common();
  common.mutable_orderby()->set_mode(metav1::CommonListOptions::OrderBy::DESC);
  EXPECT_EQ(user_names(options).front(), "root") << "a mode without a type says nothing";
  common.mutable_orderby()->set_type(metav1::CommonListOptions::OrderBy::NAME);
  EXPECT_EQ(user_names(options).front(), "user-d");
  common.mutable_orderby()->set_mode(metav1::CommonListOptions::OrderBy::ASC);
  common.set_itemsperpage(2);
  common.set_page(1);
  const auto page = must(&Stub::ListUser, options);
  EXPECT_EQ(page.apiversion(), "core/v1");
  EXPECT_EQ(page.kind(), "UserList");
  EXPECT_EQ(page.items(0).metadata().name(), "user-b");
  EXPECT_EQ(page.listresponsemeta().page(), 1u);
  EXPECT_EQ(page.listresponsemeta().itemsperpage(), 2u);
  EXPECT_EQ(page.listresponsemeta().totalcount(), 5u);
  EXPECT_TRUE(page.listresponsemeta().hasmore());
  common.set_page(2);
  EXPECT_FALSE(must(&Stub::ListUser, options).listresponsemeta().hasmore());
  common.set_page(3);
  EXPECT_EQ(outcome(&Stub::ListUser, options), "5 Not Items found for that page");
  common.set_page(10'000);
  EXPECT_EQ(outcome(&Stub::ListUser, options).substr(0, 2), "5 ");
  common.set_page(10'001);
  EXPECT_EQ(outcome(&Stub::ListUser, options).substr(0, 2), "3 ");
  common.set_page(0);
  common.set_itemsperpage(5000);
  EXPECT_EQ(must(&Stub::ListUser, options).listresponsemeta().itemsperpage(), 1000u);
  common.set_itemsperpage(0);
  EXPECT_EQ(must(&Stub::ListUser, options).listresponsemeta().itemsperpage(), 200u);
}

TEST_F(CoreServiceTest, ListsByReference) {
  must(&Stub::CreateUser, user_named("alice"));
  must(&Stub::CreateCredential, credential_named("of-alice", "alice"));
  must(&Stub::CreateCredential, credential_named("of-root", "root"));
  corev1::ListCredentialOptions options;
  EXPECT_EQ(must(&Stub::ListCredential, options).items_size(), 2);
  options.mutable_userref()->set_name("alice");
  const auto list = must(&Stub::ListCredential, options);
  ASSERT_EQ(list.items_size(), 1);
  EXPECT_EQ(list.items(0).metadata().name(), "of-alice");
  options.mutable_userref()->set_name("nope");
  EXPECT_EQ(outcome(&Stub::ListCredential, options), "5 core.v1.User nope does not exist");
  options.mutable_userref()->clear_name();
  EXPECT_EQ(outcome(&Stub::ListCredential, options).substr(0, 2), "3 ");
}

TEST_F(CoreServiceTest, KindsThatThisGatewayLacksHaveEmptyLists) {
  const auto list = must(&Stub::ListIdentityProvider, corev1::ListIdentityProviderOptions());
  EXPECT_EQ(list.kind(), "IdentityProviderList");
  EXPECT_EQ(list.items_size(), 0);
  EXPECT_EQ(must(&Stub::ListDevice, corev1::ListDeviceOptions()).items_size(), 0);
  EXPECT_EQ(must(&Stub::ListGateway, corev1::ListGatewayOptions()).items_size(), 0);
  EXPECT_EQ(must(&Stub::ListAuthenticator, corev1::ListAuthenticatorOptions()).items_size(), 0);
  EXPECT_EQ(outcome(&Stub::GetDevice, by_name("nope")), "5 core.v1.Device nope does not exist");
}

TEST_F(CoreServiceTest, NobodyLocksHimselfOut) {
  auto root = user_named("root");
  root.mutable_spec()->set_type(corev1::User::Spec::WORKLOAD);
  root.mutable_spec()->set_isdisabled(true);
  EXPECT_EQ(outcome(&Stub::UpdateUser, root), "7 You cannot disable yourself");
  EXPECT_EQ(outcome(&Stub::DeleteUser, to_delete("root")),
            "7 You cannot delete your own User account");
  EXPECT_EQ(outcome(&Stub::DeleteSession, to_delete("root-abcdef")).substr(0, 2), "7 ");
  auto session = must(&Stub::GetSession, by_name("root-abcdef"));
  session.mutable_spec()->set_state(corev1::Session::Spec::REJECTED);
  EXPECT_EQ(outcome(&Stub::UpdateSession, session).substr(0, 2), "7 ");
}

TEST_F(CoreServiceTest, ASessionChangesInItsSpecOnly) {
  must(&Stub::CreateUser, user_named("alice"));
  seed_session("alice", "alice-abcdef");
  auto session = must(&Stub::GetSession, by_name("alice-abcdef"));
  session.mutable_spec()->set_state(corev1::Session::Spec::REJECTED);
  session.mutable_metadata()->set_description("no");
  session.mutable_status()->set_islocked(true);
  const auto updated = must(&Stub::UpdateSession, session);
  EXPECT_EQ(updated.spec().state(), corev1::Session::Spec::REJECTED);
  EXPECT_EQ(updated.metadata().description(), "");
  EXPECT_FALSE(updated.status().islocked());
  EXPECT_EQ(table_.lookup(updated.metadata().uid())->state, corev1::Session::Spec::REJECTED)
      << "answered before it was in force";
}

TEST_F(CoreServiceTest, DeletingAUserEndsItsSessions) {
  must(&Stub::CreateUser, user_named("alice"));
  const auto uid = seed_session("alice", "alice-abcdef");
  ASSERT_NE(table_.lookup(uid), nullptr);
  must(&Stub::DeleteUser, to_delete("alice"));
  EXPECT_EQ(outcome(&Stub::GetSession, by_uid(uid)).substr(0, 2), "5 ");
  EXPECT_EQ(table_.lookup(uid), nullptr);
  EXPECT_NE(table_.lookup(root_session_), nullptr);
}

TEST_F(CoreServiceTest, WhatIsInUseIsNotDeleted) {
  must(&Stub::CreateNamespace, namespace_named("prod"));
  must(&Stub::CreateService, service_named("web.prod"));
  const auto refused = outcome(&Stub::DeleteNamespace, to_delete("prod"));
  EXPECT_TRUE(refused.starts_with("3 ") && refused.contains("web.prod")) << refused;
  must(&Stub::DeleteService, to_delete("web.prod"));
  must(&Stub::DeleteNamespace, to_delete("prod"));

  must(&Stub::CreatePolicy, policy_named("parent"));
  must(&Stub::CreatePolicy, policy_named("child.parent"));
  EXPECT_EQ(outcome(&Stub::DeletePolicy, to_delete("parent")).substr(0, 2), "3 ");
  must(&Stub::DeletePolicy, to_delete("child.parent"));
  must(&Stub::DeletePolicy, to_delete("parent"));

  must(&Stub::CreateGroup, group_named("devs"));
  auto alice = user_named("alice");
  alice.mutable_spec()->add_groups("devs");
  must(&Stub::CreateUser, alice);
  EXPECT_EQ(outcome(&Stub::DeleteGroup, to_delete("devs")).substr(0, 2), "3 ");
  must(&Stub::DeleteUser, to_delete("alice"));
  must(&Stub::DeleteGroup, to_delete("devs"));
}

TEST_F(CoreServiceTest, AServiceHasItsNamespaceInItsName) {
  auto created = must(&Stub::CreateService, service_named("web"));
  EXPECT_EQ(created.metadata().name(), "web.default");
  EXPECT_EQ(created.status().namespaceref().name(), "default");
  EXPECT_EQ(created.status().primaryhostname(), "web");
  EXPECT_EQ(created.status().port(), 8080u);
  EXPECT_EQ(must(&Stub::GetService, by_name("web")).metadata().uid(), created.metadata().uid());
  EXPECT_EQ(outcome(&Stub::CreateService, service_named("web.default")),
            "6 The Service web.default already exists");
  auto change = service_named("web");
  change.mutable_spec()->set_port(9000);
  EXPECT_EQ(must(&Stub::UpdateService, change).status().port(), 9000u);
  EXPECT_EQ(outcome(&Stub::CreateService, service_named("web.nowhere")).substr(0, 2), "3 ");
  EXPECT_EQ(outcome(&Stub::CreateNamespace, namespace_named("web")).substr(0, 2), "3 ")
      << "both would answer on web.<domain>";
  must(&Stub::DeleteService, to_delete("web"));
}

TEST_F(CoreServiceTest, ProblemsNameTheField) {
  auto service = service_named("web");
  service.mutable_spec()->clear_mode();
  EXPECT_EQ(outcome(&Stub::CreateService, service).substr(0, 12), "3 spec.mode:");
  auto policy = policy_named("broken");
  policy.mutable_spec()->mutable_rules(0)->mutable_condition()->set_match("ctx.user. == ");
  EXPECT_EQ(outcome(&Stub::CreatePolicy, policy).substr(0, 30), "3 spec.rules[0].condition.matc");
  auto misspelt = policy_named("misspelt");
  misspelt.mutable_spec()->mutable_rules(0)->mutable_condition()->set_match(
      "ctx.user.spec.grups == []");
  EXPECT_NE(outcome(&Stub::CreatePolicy, misspelt).find("groups"), std::string::npos)
      << outcome(&Stub::CreatePolicy, misspelt);
  auto user = user_named("alice");
  user.mutable_spec()->add_groups("nope");
  EXPECT_EQ(outcome(&Stub::CreateUser, user).substr(0, 17), "3 spec.groups[0]:");
}

TEST_F(CoreServiceTest, EveryProblemHasALineThatBeginsWithItsField) {
  auto policy = policy_named("broken");
  auto& rules = *policy.mutable_spec()->mutable_rules();
  rules[0].mutable_condition()->set_match("ctx.user.spec.grups == []");
  rules.Add()->CopyFrom(rules[0]);
  std::istringstream lines(outcome(&Stub::CreatePolicy, policy).substr(2));
  std::vector<std::string> paths;
  for (std::string line; std::getline(lines, line);)
    if (!line.starts_with(' ')) paths.push_back(line.substr(0, line.find(':')));
  EXPECT_EQ(paths, (std::vector<std::string>{"spec.rules[0].condition.match",
                                             "spec.rules[1].condition.match"}));
}

TEST_F(CoreServiceTest, ADryRunChecksEverythingAndWritesNothing) {
  set_metadata("x-octelium-dry-run", "1");
  const auto before = store_->newest().value();
  EXPECT_EQ(must(&Stub::CreateUser, user_named("alice")).metadata().name(), "alice");
  EXPECT_EQ(outcome(&Stub::CreateUser, user_named("root")), "6 The User root already exists");
  auto bad = user_named("alice");
  bad.mutable_spec()->clear_type();
  EXPECT_EQ(outcome(&Stub::CreateUser, bad).substr(0, 2), "3 ");
  auto session = must(&Stub::GetSession, by_name("root-abcdef"));
  session.mutable_spec()->mutable_expiresat()->set_seconds(base::to_seconds(clock_.now()) + 60);
  EXPECT_EQ(must(&Stub::UpdateSession, session).spec().expiresat().seconds(),
            session.spec().expiresat().seconds());
  seed_session("root", "root-other");
  must(&Stub::DeleteSession, to_delete("root-other"));
  EXPECT_EQ(store_->newest().value(), before + 1) << "only the seed";
}

TEST_F(CoreServiceTest, ACredentialKeepsItsTypeAndItsUser) {
  must(&Stub::CreateUser, user_named("alice"));
  const auto created = must(&Stub::CreateCredential, credential_named("cred", "alice"));
  EXPECT_EQ(created.status().userref().name(), "alice");
  EXPECT_EQ(created.status().id().size(), 9u);
  EXPECT_EQ(outcome(&Stub::UpdateCredential, credential_named("cred", "root")).substr(0, 2), "3 ");
  auto other = credential_named("cred", "alice");
  other.mutable_spec()->set_type(corev1::Credential::Spec::OAUTH2);
  EXPECT_EQ(outcome(&Stub::UpdateCredential, other).substr(0, 2), "3 ");
  auto limited = credential_named("cred", "alice");
  limited.mutable_spec()->set_maxauthentications(3);
  const auto updated = must(&Stub::UpdateCredential, limited);
  EXPECT_EQ(updated.spec().maxauthentications(), 3u);
  EXPECT_EQ(updated.status().id(), created.status().id());
}

TEST_F(CoreServiceTest, TheClusterConfigIsASystemResourceThatCanBeChanged) {
  auto config = must(&Stub::GetClusterConfig, corev1::GetClusterConfigRequest());
  EXPECT_TRUE(config.metadata().issystem());
  config.mutable_spec()->mutable_session()->mutable_human()->set_maxperuser(5);
  config.mutable_status()->set_domain("other.com");
  const auto updated = must(&Stub::UpdateClusterConfig, config);
  EXPECT_EQ(updated.spec().session().human().maxperuser(), 5u);
  EXPECT_EQ(updated.status().domain(), "");
}

TEST_F(CoreServiceTest, CallsNeedASessionThatExists) {
  set_caller("");
  EXPECT_EQ(outcome(&Stub::GetUser, by_name("root")), "16 Octelium: Unauthenticated");
  set_caller("e7cc3331-3a30-4ac7-a0b5-7b4b2f3c7f4a");
  EXPECT_EQ(outcome(&Stub::ListUser, corev1::ListUserOptions()), "16 Octelium: Unauthenticated");
}

TEST_F(CoreServiceTest, ConcurrentWritersAllSucceed) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 6; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 20; ++i)
        must(&Stub::CreateSecret,
             secret_named("secret-" + std::to_string(t) + "-" + std::to_string(i), "x"));
    });
  }
  for (auto& thread : threads) thread.join();
  corev1::ListSecretOptions options;
  EXPECT_EQ(must(&Stub::ListSecret, options).listresponsemeta().totalcount(), 120u);
}

}  // namespace
}  // namespace api
