#include "cli/apply.h"

#include <gtest/gtest.h>

#include <sstream>

#include "cli/fake_cluster.h"

namespace cli {
namespace {

class ApplyTest : public ::testing::Test {
 protected:
  base::Result<ApplyOutcome> apply(std::string_view yaml, ApplyOptions options = {}) {
    out.str("");
    err.str("");
    cluster.writes.clear();
    auto documents = resource::decode_all(yaml, "f.yaml");
    EXPECT_TRUE(documents) << documents.error().message;
    CoreApi api(cluster);
    return Apply(api, terminal, std::move(options)).run(std::move(*documents));
  }

  FakeCluster cluster;
  std::istringstream in;
  std::ostringstream out, err;
  Terminal terminal{in, out, err, {}};
};

constexpr std::string_view kWorld = R"(
kind: Service
metadata: {name: api.shop}
spec: {mode: HTTP}
---
kind: User
metadata: {name: alice}
spec: {groups: [dev]}
---
kind: Policy
metadata: {name: child.parent}
spec: {}
---
kind: Group
metadata: {name: dev}
spec: {}
---
kind: Namespace
metadata: {name: shop}
spec: {}
---
kind: Policy
metadata: {name: parent}
spec: {}
)";

using Lines = std::vector<std::string>;

TEST_F(ApplyTest, CreatesWhatOthersNeedFirst) {
  const auto outcome = apply(kWorld);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(cluster.writes,
            (Lines{"Create Policy parent", "Create Policy child.parent", "Create Namespace shop",
                   "Create Group dev", "Create User alice", "Create Service api.shop"}));
  EXPECT_EQ(out.str(),
            "Policy: parent Created\nPolicy: child.parent Created\nNamespace: shop Created\n"
            "Group: dev Created\nUser: alice Created\nService: api.shop Created\n"
            "Cluster Core resources successfully applied\n 6 resources created\n");
  EXPECT_EQ(err.str(), "");
}

TEST_F(ApplyTest, TheSecondTimeChangesNothing) {
  ASSERT_TRUE(apply(kWorld));
  ASSERT_TRUE(apply(kWorld));
  EXPECT_EQ(cluster.writes, Lines{});
  EXPECT_EQ(out.str(), "No applied changes in Cluster Core resources\n");
}

TEST_F(ApplyTest, AShortServiceNameIsTheOneInTheDefaultNamespace) {
  ASSERT_TRUE(apply("kind: Service\nmetadata: {name: api}\nspec: {port: 80}"));
  ASSERT_TRUE(apply("kind: Service\nmetadata: {name: api}\nspec: {port: 80}"));
  EXPECT_EQ(cluster.writes, Lines{});
  ASSERT_TRUE(apply("kind: Service\nmetadata: {name: api.default}\nspec: {port: 81}"));
  EXPECT_EQ(cluster.writes, Lines{"Update Service api.default"});
}

TEST_F(ApplyTest, ShowsDifferencesAndSendsNothingInADryRun) {
  ASSERT_TRUE(apply("kind: Service\nmetadata: {name: api}\nspec: {port: 80}"));
  ASSERT_TRUE(
      apply("kind: Service\nmetadata: {name: api, tags: [aa]}\nspec: {port: 81}\n---\n"
            "kind: Group\nmetadata: {name: dev}\nspec: {}",
            {.dry_run = true, .diff = true}));
  EXPECT_EQ(cluster.writes, Lines{});
  EXPECT_EQ(out.str(),
            "Group: dev Created (dry run)\n    metadata.name: (none) -> \"dev\"\n"
            "Service: api Updated (dry run)\n    metadata.tags[0]: (none) -> \"aa\"\n"
            "    spec.port: 80 -> 81\n"
            "Dry run: nothing was sent, and the server has checked nothing\n"
            " 1 resources created\n 1 resources updated\n");
}

TEST_F(ApplyTest, ARefusalNamesThePlaceAndDoesNotStopTheOthers) {
  cluster.errors["Create Service api.default"] = server_error(
      base::Code::kInvalidArgument, "spec.mode: TCP is not supported\n  spec.port: see above");
  const auto outcome = apply(
      "kind: Service\nmetadata: {name: api}\nspec:\n  mode: TCP\n---\n"
      "kind: Service\nmetadata: {name: web}\nspec: {}\n");
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->refused, 1);
  EXPECT_EQ(cluster.writes, Lines{"Create Service web.default"});
  EXPECT_EQ(err.str(),
            "Could not create Service api. gRPC error InvalidArgument: spec.mode: TCP is not "
            "supported (f.yaml:4:9)\n  spec.port: see above\n1 resource was refused\n");
}

TEST_F(ApplyTest, ARefusalWithoutAFieldNamesTheDocument) {
  cluster.errors["Create User bob"] =
      server_error(base::Code::kAlreadyExists, "The User bob already exists");
  ASSERT_TRUE(apply("# a comment\nkind: User\nmetadata: {name: bob}\nspec: {}"));
  EXPECT_EQ(err.str(),
            "Could not create User bob. gRPC error AlreadyExists: The User bob already exists "
            "(f.yaml:2)\n1 resource was refused\n");
  EXPECT_EQ(out.str(), "");
}

TEST_F(ApplyTest, AnErrorThatIsNotAboutOneDocumentStopsTheRun) {
  cluster.errors["Create Group aa"] = {.code = base::Code::kUnavailable, .message = "gone"};
  const auto outcome = apply(
      "kind: Group\nmetadata: {name: aa}\nspec: {}\n---\nkind: Group\nmetadata: {name: bb}\nspec: "
      "{}");
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().message, "gone");
  EXPECT_EQ(cluster.writes, Lines{});
}

TEST_F(ApplyTest, PrunesBackwardsWhatSomebodyMade) {
  ASSERT_TRUE(apply(kWorld));
  for (const char* yaml :
       {"kind: Secret\nmetadata: {name: key}\ndata: {value: x}",
        "kind: Policy\nmetadata: {name: unused}", "kind: Group\nmetadata: {name: old}"}) {
    cluster.add(yaml);
  }
  cluster.add("kind: Policy\nmetadata: {name: allow-all}", true);
  cluster.add("kind: Namespace\nmetadata: {name: gone}");
  cluster.add("kind: Service\nmetadata: {name: svc.gone}");
  cluster.add("kind: Policy\nmetadata: {name: sub.unused}");
  // What the first run made carries no actor in this cluster, so it counts as the cluster's own.
  ASSERT_TRUE(apply("kind: Group\nmetadata: {name: dev}\nspec: {}", {.prune = true}));
  EXPECT_EQ(cluster.writes,
            (Lines{"Delete Service svc.gone", "Delete Group old", "Delete Namespace gone",
                   "Delete Policy sub.unused", "Delete Policy unused"}));
  ASSERT_TRUE(apply("kind: Group\nmetadata: {name: dev}\nspec: {}",
                    {.prune = true, .include_secret = true}));
  EXPECT_EQ(cluster.writes, Lines{"Delete Secret key"});
}

TEST_F(ApplyTest, NothingIsPrunedAfterARefusal) {
  cluster.add("kind: Group\nmetadata: {name: old}");
  cluster.errors["Create Group new"] = server_error(base::Code::kInvalidArgument, "no");
  ASSERT_TRUE(apply("kind: Group\nmetadata: {name: new}\nspec: {}", {.prune = true}));
  EXPECT_EQ(cluster.writes, Lines{});
}

TEST_F(ApplyTest, HandlesOnlyTheKindsAskedFor) {
  using resource::Kind;
  ASSERT_TRUE(apply(kWorld, {.include = {Kind::kGroup, Kind::kUser}, .exclude = {Kind::kUser}}));
  EXPECT_EQ(cluster.writes, Lines{"Create Group dev"});
}

TEST_F(ApplyTest, AlwaysSendsWhatCannotBeReadBack) {
  ASSERT_TRUE(apply("kind: Secret\nmetadata: {name: key}\nspec: {}\ndata: {value: a}"));
  ASSERT_TRUE(apply("kind: Secret\nmetadata: {name: key}\nspec: {}\ndata: {value: a}"));
  EXPECT_EQ(cluster.writes, Lines{"Update Secret key"});
}

TEST_F(ApplyTest, TheClusterConfigIsUpdatedNeverCreated) {
  cluster.add("kind: ClusterConfig\nmetadata: {name: default}\nspec: {}", true);
  constexpr std::string_view kConfig =
      "kind: ClusterConfig\nspec: {session: {workload: {maxPerUser: 5}}}";
  ASSERT_TRUE(apply(kConfig, {.dry_run = true}));
  EXPECT_EQ(out.str(), "\n ClusterConfig updated (dry run)\n");
  ASSERT_TRUE(apply(kConfig));
  EXPECT_EQ(out.str(), "\n ClusterConfig updated\n");
}

TEST(ApplyCheck, FindsWhatNeedsNoServer) {
  const auto documents = resource::decode_all(R"(kind: Service
metadata: {name: api}
---
kind: Service
metadata: {name: api.default}
---
kind: User
---
kind: Session
metadata: {name: ss}
---
kind: Group
metadata: {name: api}
)",
                                              "f.yaml");
  ASSERT_TRUE(documents);
  Lines lines;
  for (const auto& problem : check_documents(*documents)) lines.push_back(to_string(problem));
  EXPECT_EQ(lines, (Lines{"f.yaml:5:18: metadata.name: Service api.default is already at f.yaml:1",
                          "f.yaml:7:1: metadata.name: missing",
                          "f.yaml:9:7: kind: a Session cannot be applied; the cluster makes it"}));
}

}  // namespace
}  // namespace cli
