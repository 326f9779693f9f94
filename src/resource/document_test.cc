#include "resource/document.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "resource/json.h"

namespace resource {
namespace {

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string problems_of(std::string_view text, std::string_view file = "f.yaml",
                        const DecodeLimits& limits = {}) {
  std::string out;
  for (const Diagnostic& problem : decode(text, file, limits).problems) {
    out += (out.empty() ? "" : "\n") + to_string(problem);
  }
  return out;
}

// The JSON of the only document.
std::string decoded(std::string_view text, std::string_view file = "f.yaml") {
  const Decoded result = decode(text, file);
  if (!result.problems.empty()) return to_string(result.problems.front());
  if (result.documents.size() != 1) return "not one document";
  return to_json(*result.documents.front().message);
}

constexpr std::string_view kService = "kind: Service\nmetadata: {name: api}\nspec:\n";

TEST(Decode, ReadsAServiceWithThePlaceOfEveryField) {
  const Decoded result = decode(R"(# comment
kind: Service
metadata:
  name: my-api
  labels: {team: a}
spec:
  mode: HTTP
  port: 80
  dynamicConfig:
    rules:
      - condition:
          match: ctx.user.spec.groups.hasAll("dev", "ops")
        configName: v1
      - configName: v2
)",
                                "api.yaml");
  ASSERT_TRUE(result.problems.empty()) << to_string(result.problems.front());
  ASSERT_EQ(result.documents.size(), 1u);
  const Document& document = result.documents.front();
  EXPECT_EQ(document.kind, Kind::kService);
  const auto& service = dynamic_cast<const corev1::Service&>(*document.message);
  EXPECT_EQ(service.spec().mode(), corev1::Service::Spec::HTTP);
  EXPECT_EQ(service.spec().dynamicconfig().rules(0).condition().match(),
            R"(ctx.user.spec.groups.hasAll("dev", "ops"))");
  const auto place = [&](std::string_view path) { return document.positions.find(path); };
  EXPECT_EQ(place("metadata.name"), (Position{4, 9}));
  EXPECT_EQ(place("metadata.labels[\"team\"]"), (Position{5, 18}));
  EXPECT_EQ(place("spec"), (Position{6, 1}));
  EXPECT_EQ(place("spec.dynamicConfig.rules[1].configName"), (Position{14, 21}));
  EXPECT_EQ(place("spec.dynamicConfig.rules[0].condition.match"), (Position{12, 18}));
  EXPECT_EQ(place("spec.config.upstream.url"), (Position{6, 1})) << "the nearest that exists";
  EXPECT_EQ(to_string(document.diagnose("spec.port", "taken")), "api.yaml:8:9: spec.port: taken");
}

TEST(Decode, EveryFileOfTheGuideDecodesAsItStands) {
  const std::filesystem::path dir = GATEWAY_SOURCE_DIR "/examples/guide";
  ASSERT_TRUE(std::filesystem::exists(dir)) << dir;
  int files = 0;
  for (const auto& file : std::filesystem::directory_iterator(dir)) {
    if (file.path().extension() != ".yaml") continue;
    ++files;
    EXPECT_EQ(problems_of(read_file(file.path()), file.path().filename().string()), "");
  }
  EXPECT_GE(files, 11);
}

TEST(Decode, AliasesStandForFieldsOfTheSchema) {
  constexpr std::string_view kBare = R"(
  config:
    auth: {bearer: {fromSecret: key}}
    plugins:
      - name: limit
        ratelimit: {limit: 5}
)";
  constexpr std::string_view kWrittenOut = R"(
  config:
    http:
      auth: {bearer: {fromSecret: key}}
      plugins:
        - name: limit
          rateLimit: {limit: 5}
)";
  constexpr std::string_view kMixed = R"(
  config:
    plugins:
      - name: limit
        rateLimit: {limit: 5}
    http:
      auth: {bearer: {fromSecret: key}}
)";
  const std::string expected = decoded(std::string(kService) + std::string(kWrittenOut));
  EXPECT_TRUE(expected.starts_with('{')) << expected;
  EXPECT_EQ(decoded(std::string(kService) + std::string(kBare)), expected);
  EXPECT_EQ(decoded(std::string(kService) + std::string(kMixed)), expected);

  const Decoded result = decode(std::string(kService) + std::string(kBare), "f.yaml");
  ASSERT_EQ(result.documents.size(), 1u);
  EXPECT_EQ(result.documents[0].positions.find("spec.config.http.plugins[0].rateLimit.limit"),
            (Position{9, 28}));
}

TEST(Decode, FollowsTheJsonMapping) {
  const struct {
    const char* name;
    const char* text;
    const char* json;
  } cases[] = {
      {"64-bit numbers from numbers and strings",
       R"(kind: Service
spec: {config: {http: {plugins: [{rateLimit: {limit: 9007199254740993}}, {rateLimit: {limit: "12"}}]}}})",
       R"({"kind":"Service","spec":{"config":{"http":{"plugins":[{"rateLimit":{"limit":"9007199254740993"}},{"rateLimit":{"limit":"12"}}]}}}})"},
      {"numbers by other spellings",
       "kind: Service\nspec: {port: 0x50, deployment: {replicas: 1e1}}",
       R"({"kind":"Service","spec":{"port":80,"deployment":{"replicas":10}}})"},
      {"enum by number", "kind: User\nspec: {type: 1}",
       R"({"kind":"User","spec":{"type":"HUMAN"}})"},
      {"bytes in both alphabets", "kind: Secret\ndata: {valueBytes: _-8}",
       R"({"kind":"Secret","data":{"valueBytes":"/+8="}})"},
      {"timestamp with an offset", "kind: Session\nspec: {expiresAt: 2027-01-31T12:00:00+02:00}",
       R"({"kind":"Session","spec":{"expiresAt":"2027-01-31T10:00:00Z"}})"},
      {"free-form attributes", "kind: User\nspec: {attrs: {b: [1, x, null, true], a: {c: 1.5}}}",
       R"({"kind":"User","spec":{"attrs":{"a":{"c":1.5},"b":[1,"x",null,true]}}})"},
      {"null is unset", "kind: User\nmetadata: {name: ~, labels: null}\nspec: {groups: }",
       R"({"kind":"User","metadata":{},"spec":{}})"},
      {"null member of a oneof does not count",
       "kind: Secret\ndata: {value: null, valueBytes: QQ==}",
       R"({"kind":"Secret","data":{"valueBytes":"QQ=="}})"},
      {"a oneof member may be zero", "kind: Secret\ndata: {value: ''}",
       R"({"kind":"Secret","data":{"value":""}})"},
      {"yes and on are text", "kind: User\nmetadata: {displayName: yes, description: on}",
       R"({"kind":"User","metadata":{"displayName":"yes","description":"on"}})"},
      {"anchors and aliases",
       "kind: User\nmetadata: {displayName: &x hello, description: *x}\nspec: {}",
       R"({"kind":"User","metadata":{"displayName":"hello","description":"hello"},"spec":{}})"},
      {"!!str makes text of a number", "kind: User\nmetadata: {displayName: !!str 12}",
       R"({"kind":"User","metadata":{"displayName":"12"}})"},
      {"JSON with escapes", R"({"kind":"User","metadata":{"displayName":"\ud83d\ude00\/\n"}})",
       "{\"kind\":\"User\",\"metadata\":{\"displayName\":\"\xF0\x9F\x98\x80/\\n\"}}"},
      {"flow YAML that is not JSON", "{kind: User, metadata: {name: aa}}",
       R"({"kind":"User","metadata":{"name":"aa"}})"},
      {"windows line ends", "kind: User\r\nmetadata:\r\n  name: aa\r\n",
       R"({"kind":"User","metadata":{"name":"aa"}})"},
      {"a byte order mark", "\xEF\xBB\xBFkind: User\n", R"({"kind":"User"})"},
  };
  for (const auto& c : cases) EXPECT_EQ(decoded(c.text), c.json) << c.name;
}

TEST(Decode, SeparatesDocuments) {
  const Decoded result = decode(R"(
# only a comment
---
# a comment before
%YAML 1.2
---
kind: User
---
---
{"kind": "Group"}
---
kind: Namespace
...
kind: Policy
)",
                                "f.yaml");
  ASSERT_TRUE(result.problems.empty()) << to_string(result.problems.front());
  std::vector<Kind> kinds;
  for (const Document& document : result.documents) kinds.push_back(document.kind);
  EXPECT_EQ(kinds, (std::vector{Kind::kUser, Kind::kGroup, Kind::kNamespace, Kind::kPolicy}));
  EXPECT_EQ(result.documents[1].position, (Position{10, 1}));
}

TEST(Decode, TakesListsOfResources) {
  EXPECT_EQ(decode(R"([{"kind":"User"},{"kind":"Group"}])", "f.json").documents.size(), 2u);
  EXPECT_EQ(decode("kind: UserList\nitems:\n- kind: User\n- kind: User\n", "f").documents.size(),
            2u);
  EXPECT_EQ(decode("", "f.yaml").documents.size(), 0u);
  EXPECT_EQ(problems_of(""), "");
}

TEST(Decode, AMalformedDocumentDoesNotHideTheOthers) {
  EXPECT_EQ(problems_of("kind: Usr\n---\na: [\n---\nkind: User\nspec: {grups: []}\n"),
            "f.yaml:1:7: kind: unknown kind \"Usr\"; did you mean \"User\"?\n"
            "f.yaml:4:1: malformed YAML: end of sequence flow not found\n"
            "f.yaml:6:8: spec.grups: unknown field; did you mean \"groups\"?");
}

TEST(Decode, ReportsEverythingUpToALimit) {
  std::string text = "kind: User\nspec:\n";
  for (int i = 0; i < 53; ++i) text += "  x" + std::to_string(i) + ": 1\n";
  const Decoded result = decode(text, "f.yaml");
  ASSERT_EQ(result.problems.size(), 51u);
  EXPECT_EQ(to_string(result.problems.back()), "f.yaml: 3 more problems");
}

TEST(Decode, NeverShowsWhatASecretHolds) {
  EXPECT_EQ(problems_of("kind: Secret\ndata: {value: 123456}"),
            "f.yaml:2:15: data.value: expected a string, found a number; put it in quotes");
  EXPECT_EQ(problems_of("kind: Secret\ndata: {valueBytes: hunter2!}"),
            "f.yaml:2:20: data.valueBytes: not valid base64");
  EXPECT_EQ(problems_of("kind: Secret\ndata: hunter2"),
            "f.yaml:2:7: data: expected a mapping, found a text");
}

TEST(Decode, FillsAMessageWithoutAKind) {
  corev1::Condition condition;
  EXPECT_TRUE(decode_into("all: {of: [{match: a}, {matchAny: true}]}", condition));
  EXPECT_EQ(condition.all().of_size(), 2);
  const auto failed = decode_into("matsch: a", condition);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().message, "1:1: matsch: unknown field; did you mean \"match\"?");
  EXPECT_FALSE(decode_into("match: a\n---\nmatch: b", condition));
}

}  // namespace
}  // namespace resource
