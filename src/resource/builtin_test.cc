#include "resource/builtin.h"

#include <gtest/gtest.h>

#include "resource/refuse.h"
#include "resource/validate_testkit_test.h"

namespace resource {
namespace {

TEST(Builtin, ObjectsComeAfterWhatTheyReferToAndAreValid) {
  FakeReferences references;
  for (auto& object : builtin_objects("example.com", kNow)) {
    const std::string name = metadata_of(*object).name();
    apply_defaults(*object, references);
    if (kind_of(*object) == Kind::kRegion) {
      EXPECT_EQ(refuse(*object).size(), 1u);  // users cannot write one
    } else if (name != "octelium" && name != "octelium-api") {
      const auto problems = validate(*object, references, kNow);
      EXPECT_TRUE(problems.empty()) << name << ": " << to_string(problems.front());
    }
    references.add(std::move(object));
  }
  const auto api = references.get(Kind::kService, "default.octelium-api");
  ASSERT_NE(api, nullptr);
  const auto& status = static_cast<const corev1::Service&>(*api).status();
  EXPECT_EQ(status.namespaceref().name(), "octelium-api");
  EXPECT_FALSE(status.namespaceref().uid().empty());
  EXPECT_EQ(status.regionref().name(), "default");
  EXPECT_EQ(status.primaryhostname(), "octelium-api");
  EXPECT_EQ(status.port(), 8080u);
  EXPECT_EQ(status.managedservice().type(), "apiserver");
}

TEST(Builtin, HasWhatAFreshInstallationShows) {
  std::vector<std::string> names;
  for (const auto& object : builtin_objects("example.com", kNow)) {
    names.push_back(std::string(kind_name(kind_of(*object))) + " " + metadata_of(*object).name() +
                    (metadata_of(*object).issystem() ? " system" : ""));
  }
  EXPECT_EQ(names, (std::vector<std::string>{
                       "ClusterConfig default system", "Region default system",
                       "Namespace default system", "Namespace octelium system",
                       "Namespace octelium-api system", "Policy allow-all", "Policy deny-all",
                       "Policy octelium-api-full-access", "Policy octelium-api-read-only",
                       "Policy http-read-only", "Service default.octelium-api system",
                       "Service auth.octelium-api system", "User root", "Credential root-init"}));
}

TEST(Builtin, RootsCredentialEndsAfter180Days) {
  const auto objects = builtin_objects("example.com", kNow);
  const auto& credential = static_cast<const corev1::Credential&>(*objects.back());
  EXPECT_EQ(credential.spec().expiresat().seconds(), base::to_seconds(kNow) + 180 * 86'400);
  EXPECT_EQ(credential.spec().sessiontype(), corev1::Session::Status::CLIENT);
  const auto& config = static_cast<const corev1::ClusterConfig&>(*objects.front());
  EXPECT_EQ(config.status().domain(), "example.com");
}

}  // namespace
}  // namespace resource
