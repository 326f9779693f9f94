// The pieces of the programs that need no cluster, and whole commands against one in memory.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "cli/age.h"
#include "cli/fake_cluster.h"
#include "cli/get.h"
#include "cli/input_files.h"
#include "cli/programs.h"
#include "cli/settings.h"
#include "cli/table.h"
#include "cli/write_commands.h"

namespace cli {
namespace {

using namespace std::chrono_literals;

Environment environment_of(std::map<std::string, std::string> values) {
  return [values = std::move(values)](const std::string& name) -> std::optional<std::string> {
    const auto found = values.find(name);
    if (found == values.end()) return std::nullopt;
    return found->second;
  };
}

struct Screen {
  std::istringstream in;
  std::ostringstream out, err;
  Terminal terminal{in, out, err, {}};
};

TEST(Table, AlignsCharactersNotBytes) {
  Table table({"Name", "Age"});
  table.add({"k\xC3\xB6ln", "3m20s"});
  table.add({"a-long-name", ""});
  EXPECT_EQ(table.render(),
            "┌─────────────┬───────┐\n"
            "│    NAME     │  AGE  │\n"
            "├─────────────┼───────┤\n"
            "│ k\xC3\xB6ln        │ 3m20s │\n"
            "│ a-long-name │       │\n"
            "└─────────────┴───────┘\n");
}

TEST(Table, ShowsNoControlBytes) {
  Table table({"N"});
  table.add({"a\x1b[2Jb\nc"});
  EXPECT_NE(table.render().find("│ a?[2Jb c │"), std::string::npos) << table.render();
}

TEST(Age, UsesAtMostTwoUnits) {
  const struct {
    std::chrono::seconds length;
    const char* text;
  } cases[] = {
      {0s, "0s"},         {119s, "119s"},      {120s, "2m"},         {200s, "3m20s"},
      {10min, "10m"},     {179min, "179m"},    {3h, "3h"},           {5h + 10min, "5h10m"},
      {8h, "8h"},         {47h, "47h"},        {48h, "2d"},          {76h, "3d4h"},
      {24h * 8, "8d"},    {24h * 729, "729d"}, {24h * 760, "2y30d"}, {24h * 365 * 9, "9y"},
      {-1s, "<invalid>"},
  };
  for (const auto& c : cases) EXPECT_EQ(compact(c.length), c.text);
}

TEST(Settings, FlagsComeBeforeTheEnvironment) {
  const auto environment = environment_of({{"OCTELIUM_DOMAIN", "a.example"},
                                           {"OCTELIUM_HOME", "/h"},
                                           {"OCTELIUM_AUTH_TOKEN", " T\n"},
                                           {"OCTELIUM_LOGOUT", "true"}});
  const auto settings = resolve_settings({}, environment);
  ASSERT_TRUE(settings);
  EXPECT_EQ(settings->domain, "a.example");
  EXPECT_EQ(settings->home, "/h");
  EXPECT_EQ(settings->target, "octelium-api.a.example:443");
  EXPECT_EQ(settings->authentication_token.reveal(), "T");
  EXPECT_TRUE(settings->logout_after);
  const auto other = resolve_settings({.domain = "b.example", .home = "mem"}, environment);
  ASSERT_TRUE(other);
  EXPECT_EQ(other->domain, "b.example");
  EXPECT_EQ(other->home, "");
}

TEST(Settings, AnEndpointIsDialledUnderTheNameOfTheCluster) {
  const auto settings =
      resolve_settings({}, environment_of({{"OCTELIUM_DOMAIN", "a.example"},
                                           {"OCTELIUM_API_ENDPOINT", "127.0.0.1:8443"}}));
  ASSERT_TRUE(settings);
  EXPECT_EQ(settings->target, "127.0.0.1:8443");
  EXPECT_EQ(settings->api_host, "octelium-api.a.example");
}

TEST(Settings, RefusesWhatCannotBeMeant) {
  const struct {
    std::map<std::string, std::string> values;
    const char* message;
  } cases[] = {
      {{}, "no cluster domain: give --domain or set OCTELIUM_DOMAIN"},
      {{{"OCTELIUM_DOMAIN", "https://x"}}, "\"https://x\" is not a domain such as example.com"},
      {{{"OCTELIUM_DOMAIN", "x"}, {"OCTELIUM_API_ENDPOINT", "h"}},
       "OCTELIUM_API_ENDPOINT is \"h\"; use HOST:PORT"},
      {{{"OCTELIUM_DOMAIN", "x"}, {"OCTELIUM_API_ENDPOINT", "h:70000"}},
       "OCTELIUM_API_ENDPOINT is \"h:70000\"; use HOST:PORT"},
      {{{"OCTELIUM_DOMAIN", "x"}, {"OCTELIUM_INSECURE_TLS", "maybe"}},
       "OCTELIUM_INSECURE_TLS is \"maybe\"; use true or false"},
  };
  for (const auto& c : cases) {
    const auto settings = resolve_settings({}, environment_of(c.values));
    ASSERT_FALSE(settings) << c.message;
    EXPECT_EQ(settings.error().message, c.message);
  }
}

TEST(Kinds, KnowTheirWords) {
  for (const auto& [word, kind] :
       std::map<std::string, resource::Kind>{{"svc", resource::Kind::kService},
                                             {"ns", resource::Kind::kNamespace},
                                             {"cred", resource::Kind::kCredential},
                                             {"policies", resource::Kind::kPolicy},
                                             {"cc", resource::Kind::kClusterConfig},
                                             {"sess", resource::Kind::kSession},
                                             {"conf", resource::Kind::kConfig},
                                             {"authn", resource::Kind::kAuthenticator}}) {
    EXPECT_EQ(parse_kind_word(word), kind) << word;
  }
  EXPECT_EQ(parse_kind_word("servce").error().message,
            "unknown kind \"servce\"; did you mean \"service\"?");
  EXPECT_EQ(parse_kind_name("Service"), resource::Kind::kService);
  EXPECT_EQ(full_name(resource::Kind::kService, "api"), "api.default");
  EXPECT_EQ(full_name(resource::Kind::kUser, "api"), "api");
}

TEST(Describe, ServerErrorsCarryTheirCode) {
  EXPECT_EQ(describe(server_error(base::Code::kInvalidArgument, "spec: no")),
            "gRPC error InvalidArgument: spec: no");
  EXPECT_EQ(describe({.message = "here"}), "here");
}

TEST(Unavailable, CertificatesAreToldFromConnections) {
  Settings settings{.domain = "x", .target = "127.0.0.1:1", .api_host = "octelium-api.x"};
  const auto certificate = explain_unavailable(
      settings,
      "failed to connect to all addresses; last error: UNKNOWN: ipv4:127.0.0.1:1: Ssl "
      "handshake failed: SSL_ERROR_SSL: error:0A000086:CERTIFICATE_VERIFY_FAILED");
  EXPECT_EQ(certificate.reason, "certificate_unverified");
  EXPECT_FALSE(certificate.retry_is_safe);
  const auto refused = explain_unavailable(
      settings,
      "failed to connect to all addresses; last error: UNKNOWN: ipv4:127.0.0.1:1: Failed "
      "to connect to remote host: Connection refused");
  EXPECT_EQ(refused.code, base::Code::kUnavailable);
  EXPECT_TRUE(refused.retry_is_safe);
  EXPECT_FALSE(explain_unavailable(settings, "Socket closed").retry_is_safe);
}

TEST(Input, ReadsADirectoryInOrder) {
  std::string pattern = ::testing::TempDir() + "/inputXXXXXX";
  const std::filesystem::path dir = mkdtemp(pattern.data());
  std::filesystem::create_directory(dir / "b");
  std::ofstream(dir / "b" / "x.YML") << "kind: Group\n";
  std::ofstream(dir / "c.json") << R"({"kind":"Policy"})";
  std::ofstream(dir / "a.yaml") << "kind: User\n---\nkind: Usr\n";
  std::ofstream(dir / "notes.txt") << "kind: Nothing\n";
  std::filesystem::create_symlink(dir / "a.yaml", dir / "link.yaml");
  std::istringstream in("kind: Namespace\n");
  const auto decoded = read_documents(dir.string(), in);
  ASSERT_TRUE(decoded);
  std::vector<std::string> kinds;
  for (const auto& d : decoded->documents) kinds.emplace_back(resource::kind_name(d.kind));
  EXPECT_EQ(kinds, (std::vector<std::string>{"User", "Group", "Policy"}));
  ASSERT_EQ(decoded->problems.size(), 1u);
  EXPECT_EQ(to_string(decoded->problems[0]),
            (dir / "a.yaml").string() + ":3:7: kind: unknown kind \"Usr\"; did you mean \"User\"?");
  EXPECT_EQ(read_documents("-", in)->documents.size(), 1u);
  EXPECT_FALSE(read_documents((dir / "none").string(), in));
  std::filesystem::create_directory(dir / "empty");
  EXPECT_FALSE(read_documents((dir / "empty").string(), in));
}

TEST(Get, PrintsTablesAndMessages) {
  FakeCluster cluster;
  cluster.add("kind: User\nmetadata: {name: alice}\nspec: {type: HUMAN, groups: [dev, ops]}");
  CoreApi api(cluster);
  Screen screen;
  using resource::Kind;
  ASSERT_TRUE(run_get(api, screen.terminal, {.kind = Kind::kUser}, {}));
  EXPECT_NE(screen.out.str().find("│ alice │ dev, ops │ HUMAN │"), std::string::npos);
  screen.out.str("");
  ASSERT_TRUE(run_get(api, screen.terminal, {.kind = Kind::kUser, .name = "alice"}, {}));
  EXPECT_TRUE(screen.out.str().starts_with("kind: User\nmetadata:\n")) << screen.out.str();
  screen.out.str("");
  ASSERT_TRUE(run_get(api, screen.terminal, {.kind = Kind::kGroup, .format = Format::kJson}, {}));
  EXPECT_EQ(screen.out.str(), "No Groups found\n");
  EXPECT_EQ(run_get(api, screen.terminal, {.kind = Kind::kUser, .name = "bob"}, {}).error().message,
            "core.v1.User bob does not exist");
  EXPECT_FALSE(run_get(api, screen.terminal, {.kind = Kind::kGroup, .query = {.user = "x"}}, {}));
}

TEST(Create, ACredentialPrintsItsTokenAsJson) {
  FakeCluster cluster;
  CoreApi api(cluster);
  Screen screen;
  ASSERT_TRUE(create_credential(api, screen.terminal,
                                {.name = "at-alice",
                                 .user = "alice",
                                 .type = "access-token",
                                 .session_type = "clientless",
                                 .expire_in = "2hours",
                                 .format = Format::kJson},
                                base::FakeClock().now()));
  EXPECT_EQ(screen.out.str(),
            "{\n    \"accessToken\": {\n        \"accessToken\": \"TOKEN\"\n    }\n}\n");
  const auto* stored = dynamic_cast<const corev1::Credential*>(
      cluster.find(resource::Kind::kCredential, "at-alice"));
  ASSERT_NE(stored, nullptr);
  EXPECT_EQ(stored->spec().type(), corev1::Credential::Spec::ACCESS_TOKEN);
  EXPECT_EQ(stored->spec().sessiontype(), corev1::Session::Status::CLIENTLESS);
  EXPECT_EQ(stored->spec().expiresat().seconds(), 1'700'000'000 + 7200);
  EXPECT_FALSE(create_credential(api, screen.terminal, {.user = "a", .type = "x"}, {}));
  EXPECT_FALSE(create_credential(api, screen.terminal, {.type = "oauth2"}, {}));
}

TEST(Create, AMadeUpCredentialNameFitsTheRuleForNames) {
  FakeCluster cluster;
  CoreApi api(cluster);
  Screen screen;
  ASSERT_TRUE(create_credential(api, screen.terminal, {.user = std::string(39, 'u') + "x"}, {}));
  ASSERT_EQ(cluster.writes.size(), 1u);
  const std::string name = cluster.writes[0].substr(std::string("Create Credential ").size());
  EXPECT_LE(name.size(), 40u);
  EXPECT_NE(name.find("-auth-token-"), std::string::npos) << name;
}

TEST(Create, ASecretComesFromAFlagAFileOrTheInput) {
  FakeCluster cluster;
  CoreApi api(cluster);
  Screen screen;
  const auto value = [&](const std::string& name) {
    return dynamic_cast<const corev1::Secret&>(*cluster.find(resource::Kind::kSecret, name))
        .data()
        .valuebytes();
  };
  ASSERT_TRUE(create_secret(api, screen.terminal, "aa", {.value = "one"}));
  EXPECT_EQ(value("aa"), "one");
  screen.in.str("two\nthree\n");
  ASSERT_TRUE(create_secret(api, screen.terminal, "bb", {}));
  EXPECT_EQ(value("bb"), "two");
  ASSERT_TRUE(update_secret(api, screen.terminal, "aa", {.value = "x", .file = "-"}));
  EXPECT_EQ(value("aa"), "three\n");
  EXPECT_EQ(screen.out.str(),
            "Secret `aa` successfully created\nSecret `bb` successfully created\n"
            "Secret `aa` successfully updated\n");
  EXPECT_FALSE(create_config(api, screen.terminal, "cc", {}));
}

TEST(Delete, FillsInTheNamespace) {
  FakeCluster cluster;
  CoreApi api(cluster);
  Screen screen;
  cluster.add("kind: Service\nmetadata: {name: api}");
  ASSERT_TRUE(delete_object(api, screen.terminal, resource::Kind::kService, "api"));
  EXPECT_EQ(screen.out.str(), "Service api.default successfully deleted\n");
  EXPECT_FALSE(delete_object(api, screen.terminal, resource::Kind::kService, "a.b.c"));
}

int run(std::vector<const char*> arguments, Screen& screen,
        std::map<std::string, std::string> environment = {}) {
  arguments.insert(arguments.begin(), "octeliumctl");
  return run_octeliumctl(static_cast<int>(arguments.size()), arguments.data(),
                         environment_of(std::move(environment)), screen.terminal);
}

TEST(Octeliumctl, SaysWhatIsWrongWithACommand) {
  const struct {
    std::vector<const char*> arguments;
    const char* error;
  } cases[] = {
      {{}, "A subcommand is required; see octeliumctl --help\n"},
      {{"get"}, "kind is required; see octeliumctl --help\n"},
      {{"get", "svc"}, "no cluster domain: give --domain or set OCTELIUM_DOMAIN\n"},
      {{"get", "svcs", "--domain", "x"}, "unknown kind \"svcs\"; did you mean \"svc\"?\n"},
      {{"get", "svc", "-o", "xml", "--domain", "x"},
       "unknown output format \"xml\"; json or yaml\n"},
      {{"delete", "region", "r", "--domain", "x"}, "a Region cannot be deleted\n"},
      {{"apply", "/nonexistent.yaml", "--domain", "x"},
       "cannot read /nonexistent.yaml: No such file or directory\n"},
      {{"apply", "-", "--include", "Sessions", "--domain", "x"},
       "unknown kind \"Sessions\"; did you mean \"sessions\"?\n"},
  };
  for (const auto& c : cases) {
    Screen screen;
    EXPECT_EQ(run(c.arguments, screen, {{"OCTELIUM_HOME", "mem"}}), 1);
    EXPECT_EQ(screen.err.str(), c.error);
    EXPECT_EQ(screen.out.str(), "");
  }
}

TEST(Octeliumctl, AWrongFileIsReportedCompletelyAndNothingIsSent) {
  Screen screen;
  screen.in.str("kind: User\nmetadata: {name: aa}\nspek: {}\n---\nkind: Grup\n");
  EXPECT_EQ(run({"apply", "-", "--domain", "x", "--homedir", "mem"}, screen), 1);
  EXPECT_EQ(screen.err.str(),
            "<stdin>:3:1: spek: unknown field; did you mean \"spec\"?\n"
            "<stdin>:5:7: kind: unknown kind \"Grup\"; did you mean \"Group\"?\n"
            "Nothing was applied\n");
}

TEST(Octeliumctl, HelpAndVersionNeedNoCluster) {
  Screen screen;
  EXPECT_EQ(run({"version"}, screen), 0);
  EXPECT_TRUE(screen.out.str().starts_with("v")) << screen.out.str();
  EXPECT_EQ(run({"--help"}, screen), 0);
  EXPECT_EQ(run({"create", "cred", "--help"}, screen), 0);
  EXPECT_NE(screen.out.str().find("--expire-in"), std::string::npos);
}

TEST(Octeliumctl, AnUnreachableServerIsNamed) {
  Screen screen;
  EXPECT_EQ(run({"get", "svc", "--domain", "x"}, screen,
                {{"OCTELIUM_HOME", "mem"},
                 {"OCTELIUM_ACCESS_TOKEN", "t"},
                 {"OCTELIUM_API_ENDPOINT", "127.0.0.1:1"}}),
            1);
  EXPECT_TRUE(screen.err.str().starts_with("cannot reach 127.0.0.1:1: ")) << screen.err.str();
}

}  // namespace
}  // namespace cli
