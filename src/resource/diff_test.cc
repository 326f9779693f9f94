#include "resource/diff.h"

#include <gtest/gtest.h>

#include "resource/document.h"

namespace resource {
namespace {

template <typename T>
T parse(std::string_view text) {
  T message;
  const auto read = decode_into(text, message);
  EXPECT_TRUE(read) << read.error().message;
  return message;
}

template <typename T>
std::vector<std::string> lines(std::string_view before, std::string_view after) {
  std::vector<std::string> out;
  for (const Difference& d : diff(parse<T>(before), parse<T>(after))) {
    out.push_back(d.path + ": " + d.before + " -> " + d.after);
  }
  return out;
}

using Lines = std::vector<std::string>;

TEST(Diff, NamesEveryFieldThatChanges) {
  EXPECT_EQ(lines<corev1::Service>(R"(
metadata: {name: api, labels: {a: x, b: y}}
spec:
  port: 80
  isPublic: true
  config: {upstream: {url: "http://a"}}
  dynamicConfig: {rules: [{configName: v1}, {configName: v2}]}
)",
                                   R"(
metadata: {name: api, labels: {b: z, c: w}}
spec:
  port: 81
  config: {upstream: {url: "http://b"}, tls: {}}
  dynamicConfig: {rules: [{configName: v1, condition: {matchAny: true}}]}
)"),
            (Lines{
                R"(metadata.labels["a"]: "x" -> )",
                R"(metadata.labels["b"]: "y" -> "z")",
                R"(metadata.labels["c"]:  -> "w")",
                "spec.port: 80 -> 81",
                R"(spec.config.upstream.url: "http://a" -> "http://b")",
                "spec.config.tls:  -> {}",
                R"(spec.dynamicConfig.rules[0].condition:  -> {"matchAny":true})",
                R"(spec.dynamicConfig.rules[1]: {"configName":"v2"} -> )",
                "spec.isPublic: true -> ",
            }));
}

TEST(Diff, IsEmptyForEqualMessages) {
  EXPECT_EQ(lines<corev1::User>("spec: {groups: [a], attrs: {a: 1, b: 2}}",
                                "spec: {attrs: {b: 2, a: 1}, groups: [a]}"),
            Lines{});
}

TEST(Diff, ShowsLeavesAsAWhole) {
  EXPECT_EQ(lines<corev1::User>("spec: {attrs: {a: 1}}", "spec: {attrs: {a: 2}}"),
            Lines{R"(spec.attrs: {"a":1} -> {"a":2})"});
  EXPECT_EQ(lines<corev1::Session>("spec: {expiresAt: 2027-01-01T00:00:00Z}",
                                   "spec: {expiresAt: 2027-01-02T00:00:00Z}"),
            Lines{R"(spec.expiresAt: "2027-01-01T00:00:00Z" -> "2027-01-02T00:00:00Z")"});
}

TEST(Diff, TellsAMemberOfAOneofFromNone) {
  EXPECT_EQ(lines<corev1::Condition>("matchAny: false", "{}"), Lines{"matchAny: false -> "});
}

TEST(Diff, NeverShowsASecret) {
  EXPECT_EQ(lines<corev1::Secret>("data: {value: hunter2}", "data: {value: hunter3}"),
            Lines{"data: (secret) -> (another secret)"});
  EXPECT_EQ(lines<corev1::Secret>("{}", "data: {value: hunter3}"), Lines{"data:  -> (secret)"});
}

TEST(Intent, IgnoresWhatTheClusterKeeps) {
  const auto live = parse<corev1::User>(R"(
apiVersion: core/v1
kind: User
metadata: {uid: x, name: alice, resourceVersion: y, displayName: Alice, isSystem: true}
spec: {type: HUMAN}
status: {isLocked: true}
)");
  EXPECT_TRUE(same_intent(
      live,
      parse<corev1::User>("{metadata: {name: alice, displayName: Alice}, spec: {type: HUMAN}}")));
  EXPECT_FALSE(
      same_intent(live, parse<corev1::User>("{metadata: {name: alice}, spec: {type: HUMAN}}")));
  EXPECT_FALSE(same_intent(
      live, parse<corev1::User>(
                "{metadata: {name: alice, displayName: Alice, tags: [aa]}, spec: {type: HUMAN}}")));
  EXPECT_TRUE(same_intent(parse<corev1::Group>("{metadata: {name: dev}}"),
                          parse<corev1::Group>("{metadata: {name: dev}, spec: {}}")));
}

}  // namespace
}  // namespace resource
