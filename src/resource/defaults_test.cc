#include "resource/defaults.h"

#include "resource/service_config.h"
#include "resource/validate_testkit_test.h"

namespace resource {
namespace {

using Defaults = ValidateTest;

TEST_F(Defaults, CompleteAService) {
  auto message = parse(
      "kind: Service\nmetadata: {name: api}\nspec: {mode: HTTP, config: {upstream: "
      "{url: \"http://a:8080\"}}}");
  apply_defaults(*message, references);
  const auto& service = static_cast<const corev1::Service&>(*message);
  EXPECT_EQ(service.metadata().name(), "api.default");
  const auto& status = service.status();
  const auto space = references.get(Kind::kNamespace, "default");
  EXPECT_EQ(status.namespaceref().apiversion(), "core/v1");
  EXPECT_EQ(status.namespaceref().kind(), "Namespace");
  EXPECT_EQ(status.namespaceref().name(), "default");
  EXPECT_EQ(status.namespaceref().uid(), metadata_of(*space).uid());
  EXPECT_EQ(status.regionref().name(), "default");
  EXPECT_EQ(status.primaryhostname(), "api");
  ASSERT_EQ(status.additionalhostnames_size(), 1);
  EXPECT_EQ(status.additionalhostnames(0), "api.default");
  EXPECT_EQ(status.port(), 8080u);

  const std::string once = service.SerializeAsString();
  apply_defaults(*message, references);
  EXPECT_EQ(service.SerializeAsString(), once);
}

TEST_F(Defaults, CompleteTheOthers) {
  auto policy = parse("{kind: Policy, metadata: {name: leaf.allow-all}, spec: {}}");
  apply_defaults(*policy, references);
  EXPECT_EQ(static_cast<const corev1::Policy&>(*policy).status().parentpolicyref().name(),
            "allow-all");

  auto credential = parse("{kind: Credential, metadata: {name: cc}, spec: {user: alice}}");
  apply_defaults(*credential, references);
  const auto& status = static_cast<const corev1::Credential&>(*credential).status();
  EXPECT_EQ(status.userref().name(), "alice");
  const std::string id = status.id();
  ASSERT_EQ(id.size(), 9u);
  EXPECT_EQ(id[4], '-');
  apply_defaults(*credential, references);
  EXPECT_EQ(status.id(), id);

  auto user = parse("{kind: User, metadata: {name: uu}, spec: {type: HUMAN, email: a.b@x.io}}");
  apply_defaults(*user, references);
  const auto& labels = metadata_of(*user).speclabels();
  EXPECT_EQ(labels.at("email"), "a-batx-io");
  static_cast<corev1::User&>(*user).mutable_spec()->clear_email();
  apply_defaults(*user, references);
  EXPECT_TRUE(labels.empty());
}

TEST_F(Defaults, DeriveThePort) {
  const struct {
    std::string spec;
    std::uint32_t port;
  } rows[] = {
      {"{mode: HTTP, port: 81, config: {upstream: {url: \"http://a:8080\"}}}", 81},
      {"{mode: HTTP, config: {upstream: {url: \"https://a\"}}}", 80},
      {"{mode: HTTP, isTLS: true, config: {upstream: {url: \"https://a\"}}}", 443},
      {"{mode: WEB, config: {upstream: {url: \"http://a:8080\"}}}", 8080},
      {"{mode: HTTP, config: {upstream: {loadbalance: {endpoints: [{url: \"http://a:81\"}]}}}}",
       81},
      {"{mode: HTTP, config: {upstream: {container: {image: x, port: 82}}}}", 82},
      {"{mode: HTTP, config: {upstream: {url: \"unix:/a\"}}}", 80},
      {"{mode: HTTP, config: {}}", 80},
      {"{mode: WEB, isTLS: true, config: {}}", 443},
      {"{mode: GRPC, config: {upstream: {url: \"h2c://a\"}}}", 80},
      {"{mode: GRPC, config: {upstream: {url: \"https://a\"}}}", 80},
      {"{mode: GRPC, config: {}}", 0},
      {"{mode: TCP, config: {}}", 0},
  };
  for (const auto& row : rows) {
    const auto message = parse("{kind: Service, metadata: {name: api}, spec: " + row.spec + "}");
    EXPECT_EQ(effective_port(static_cast<const corev1::Service&>(*message)), row.port) << row.spec;
  }
}

TEST_F(Defaults, ConfigsAreMergedWithTheirParent) {
  const auto message = parse(R"(
kind: Service
metadata: {name: api}
spec:
  mode: HTTP
  config:
    upstream: {url: "http://a"}
    http: {isUpstreamHTTP2: true, header: {removeRequestHeaders: [a]}}
  dynamicConfig:
    configs:
      - name: child
        parent: default
        upstream: {loadbalance: {endpoints: [{url: "http://b"}]}}
        http: {isUpstreamHTTP2: false, header: {removeRequestHeaders: [b]}}
      - {name: grandchild, parent: child}
      - {name: alone, http: {}}
)");
  const auto& spec = static_cast<const corev1::Service&>(*message).spec();
  const auto child = merged_with_parent(spec, *find_config(spec, "child"));
  EXPECT_EQ(child.name(), "child");
  EXPECT_FALSE(child.upstream().has_url());
  EXPECT_EQ(child.upstream().loadbalance().endpoints_size(), 1);
  EXPECT_TRUE(child.http().isupstreamhttp2());
  ASSERT_EQ(child.http().header().removerequestheaders_size(), 2);
  EXPECT_EQ(child.http().header().removerequestheaders(0), "a");
  EXPECT_EQ(child.http().header().removerequestheaders(1), "b");

  const auto grandchild = merged_with_parent(spec, *find_config(spec, "grandchild"));
  EXPECT_FALSE(grandchild.http().isupstreamhttp2());  // only one level is followed
  EXPECT_EQ(grandchild.upstream().loadbalance().endpoints_size(), 1);
  EXPECT_FALSE(merged_with_parent(spec, *find_config(spec, "alone")).has_upstream());
  EXPECT_EQ(find_config(spec, "default"), &spec.config());
  EXPECT_EQ(find_config(spec, "none"), nullptr);
}

}  // namespace
}  // namespace resource
