#include "gateway/snapshot_builder.h"

#include "gateway/resource_yaml_test.h"

namespace gateway {
namespace {

// A builder with its Namespace `default`; resources as YAML.
class Builder {
 public:
  Builder() {
    static const io::Issued kAuthority = *io::make_authority("CA", 2);
    certificates_ = std::move(*CertificateSource::from_authority("example.com", kAuthority));
    builder.emplace(BuilderOptions{.domain = "example.com"}, *certificates_);
    put<corev1::Namespace>("metadata: {name: default}");
  }

  template <typename Message>
  void put(std::string_view yaml) {
    EXPECT_TRUE(builder->put(from_yaml<Message>(yaml)));
  }
  // A public Service with a config that is valid, and `more` in its spec.
  void put_service(const std::string& name, const std::string& more = "") {
    put<corev1::Service>("metadata: {name: " + name + "}\nspec: {mode: HTTP, isPublic: true, " +
                         more + " config: {upstream: {url: 'http://127.0.0.1:1'}}}");
  }
  void put_policy(const std::string& name, const char* effect, const std::string& more = "") {
    put<corev1::Policy>("metadata: {name: " + name + "}\nspec: {" + more +
                        "rules: [{effect: " + effect + ", condition: {matchAny: true}}]}");
  }
  template <typename Message>
  void remove(const std::string& name) {
    Message message;
    message.mutable_metadata()->set_name(name);
    EXPECT_TRUE(builder->remove(message));
  }
  // The entries of these hosts, as pointers to be compared.
  std::vector<const ServiceEntry*> entries(std::initializer_list<const char*> hosts) {
    snapshots_.push_back(builder->build(++sequence_));  // kept: an address is not used twice
    std::vector<const ServiceEntry*> out;
    for (const char* host : hosts) out.push_back(snapshots_.back()->find(host));
    return out;
  }
  const ServiceEntry* entry(const char* host) { return entries({host})[0]; }

  std::optional<SnapshotBuilder> builder;

 private:
  std::unique_ptr<CertificateSource> certificates_;
  std::vector<std::shared_ptr<const Snapshot>> snapshots_;
  std::uint64_t sequence_ = 0;
};

TEST(SnapshotBuilder, AServiceAnswersOnItsHosts) {
  Builder b;
  b.put<corev1::Namespace>("metadata: {name: prod}");
  b.put_service("web.default");
  b.put_service("web.prod");
  const auto found = b.entries({"web.example.com", "web.default.example.com",
                                "web.prod.example.com", "web.test.example.com", "example.com"});
  EXPECT_NE(found[0], nullptr);
  EXPECT_EQ(found[0], found[1]);
  EXPECT_NE(found[2], nullptr);
  EXPECT_NE(found[2], found[0]);
  EXPECT_EQ(found[3], nullptr);
  EXPECT_EQ(found[4], nullptr);
  EXPECT_TRUE(found[0]->broken.empty()) << found[0]->broken;
}

TEST(SnapshotBuilder, ARemovedServiceIsGoneButOldSnapshotsKeepIt) {
  Builder b;
  b.put_service("web.default");
  const auto old = b.builder->build(1);
  b.remove<corev1::Service>("web.default");
  EXPECT_EQ(b.entry("web.example.com"), nullptr);
  ASSERT_NE(old->find("web.example.com"), nullptr);
  EXPECT_EQ(old->find("web.example.com")->service->metadata().name(), "web.default");
}

TEST(SnapshotBuilder, AChangeCompilesOnlyWhatDependsOnIt) {
  Builder b;
  b.put_policy("parent", "ALLOW");
  b.put_policy("child.parent", "ALLOW");
  b.put_policy("other", "ALLOW");
  b.put_service("uses.default", "authorization: {policies: [child.parent]},");
  b.put_service("other.default", "authorization: {policies: [other]},");
  b.put_service("none.default");
  const auto hosts = {"uses.example.com", "other.example.com", "none.example.com"};
  const auto before = b.entries(hosts);
  EXPECT_EQ(b.entries(hosts), before) << "nothing changed";

  b.put_policy("parent", "DENY");
  const auto after = b.entries(hosts);
  EXPECT_NE(after[0], before[0]) << "through the child";
  EXPECT_EQ(after[1], before[1]);
  EXPECT_EQ(after[2], before[2]);

  b.put_service("none.default", "isDisabled: true,");
  const auto last = b.entries(hosts);
  EXPECT_EQ(last[0], after[0]);
  EXPECT_NE(last[2], after[2]);
  EXPECT_TRUE(last[2]->is_disabled);
}

TEST(SnapshotBuilder, ANamespacesRulesConcernItsServicesOnly) {
  Builder b;
  b.put_policy("p", "ALLOW");
  b.put<corev1::Namespace>("metadata: {name: prod}\nspec: {authorization: {policies: [p]}}");
  b.put_service("a.prod");
  b.put_service("a.default");
  const auto hosts = {"a.prod.example.com", "a.default.example.com"};
  const auto before = b.entries(hosts);
  b.put_policy("p", "DENY");
  const auto after = b.entries(hosts);
  EXPECT_NE(after[0], before[0]);
  EXPECT_EQ(after[1], before[1]);
  b.put<corev1::Namespace>("metadata: {name: prod}");
  const auto last = b.entries(hosts);
  EXPECT_NE(last[0], after[0]);
  EXPECT_EQ(last[1], after[1]);
}

TEST(SnapshotBuilder, AServiceWhoseNamespaceIsGoneCannotServe) {
  Builder b;
  b.put<corev1::Namespace>("metadata: {name: prod}");
  b.put_service("a.prod");
  EXPECT_EQ(b.entry("a.prod.example.com")->broken, "");
  b.remove<corev1::Namespace>("prod");
  const ServiceEntry* entry = b.entry("a.prod.example.com");
  ASSERT_NE(entry, nullptr);
  EXPECT_NE(entry->broken, "");
  EXPECT_EQ(entry->name_space, nullptr);
}

TEST(SnapshotBuilder, ASecretThatRotatesOrGoesReachesTheServicesThatUseIt) {
  Builder b;
  b.put<corev1::Service>(R"(
metadata: {name: a.default}
spec:
  mode: HTTP
  isPublic: true
  config:
    upstream: {url: 'http://127.0.0.1:1'}
    http: {auth: {bearer: {fromSecret: key}}}
)");
  b.put_service("b.default");
  const auto hosts = {"a.example.com", "b.example.com"};
  const auto missing = b.entries(hosts);
  EXPECT_EQ(missing[0]->configs[0]->credential, RouteConfig::Credential::kMissing);

  b.put<corev1::Secret>("metadata: {name: key}\ndata: {value: one}");
  const auto one = b.entries(hosts);
  EXPECT_EQ(one[0]->configs[0]->credential_value.reveal(), "Bearer one");
  EXPECT_EQ(one[1], missing[1]) << "does not use it";

  b.put<corev1::Secret>("metadata: {name: key}\ndata: {value: two}");
  EXPECT_EQ(b.entries(hosts)[0]->configs[0]->credential_value.reveal(), "Bearer two");

  b.remove<corev1::Secret>("key");
  const auto gone = b.entries(hosts);
  EXPECT_EQ(gone[0]->configs[0]->credential, RouteConfig::Credential::kMissing);
  EXPECT_EQ(gone[0]->broken, "") << "other configs of the Service may not need it";
}

TEST(SnapshotBuilder, WhatDoesNotCompileBreaksItsServiceOnly) {
  Builder b;
  b.put<corev1::Service>(
      "metadata: {name: bad.default}\n"
      "spec: {mode: HTTP, isPublic: true, config: {upstream: {url: 'nonsense'}}}");
  b.put_service("good.default");
  const auto found = b.entries({"bad.example.com", "good.example.com"});
  ASSERT_NE(found[0], nullptr);
  EXPECT_NE(found[0]->broken, "");
  EXPECT_EQ(found[1]->broken, "");
}

TEST(SnapshotBuilder, CheckSaysWhatAdmissionShouldRefuse) {
  Builder b;
  const auto good = from_yaml<corev1::Service>(
      "metadata: {name: a.default}\nspec: {config: {upstream: {url: 'http://u'}}}");
  EXPECT_TRUE(b.builder->check(*good));
  const auto bad = from_yaml<corev1::Service>(
      "metadata: {name: a.default}\nspec: {config: {upstream: {url: 'http://u/path'}}}");
  EXPECT_FALSE(b.builder->check(*bad));
}

TEST(SnapshotBuilder, KindsThatSnapshotsDoNotHoldAreIgnored) {
  Builder b;
  EXPECT_FALSE(b.builder->put(from_yaml<corev1::User>("metadata: {name: u}")));
}

TEST(SnapshotBuilder, ABodyIsBufferedWhenSomethingReadsIt) {
  Builder b;
  b.put_service("plain.default");
  b.put<corev1::Service>(R"(
metadata: {name: reads.default}
spec:
  mode: HTTP
  isPublic: true
  authorization:
    inlinePolicies:
      - spec: {rules: [{effect: ALLOW, condition: {match: 'ctx.request.http.bodyMap.a == 1'}}]}
  config: {upstream: {url: 'http://u'}, http: {body: {maxRequestSize: 1000}}}
)");
  const auto found = b.entries({"plain.example.com", "reads.example.com"});
  EXPECT_FALSE(found[0]->buffers_body);
  EXPECT_TRUE(found[1]->buffers_body) << found[1]->broken;
  EXPECT_EQ(found[1]->max_body, 1000u);
}

TEST(SnapshotBuilder, ComputedConfigsRestOnTheServiceAndTheSecrets) {
  Builder b;
  b.put_policy("p", "ALLOW");
  b.put<corev1::Secret>("metadata: {name: one}\ndata: {value: first}");
  const std::string rules =
      "authorization: {policies: [p]}, dynamicConfig: {rules: [{condition: {matchAny: true}, "
      "eval: '{}'}]},";
  b.put_service("computes.default", rules);
  b.put_service("names.default");
  const auto basis = [&] { return b.entry("computes.example.com")->basis; };
  const auto first = basis();
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(first->secrets->size(), 1u);
  EXPECT_EQ(b.entry("names.example.com")->basis, nullptr);

  b.put_policy("p", "DENY");
  EXPECT_EQ(basis(), first) << "a Policy changes who may, not what is sent";

  b.put<corev1::Secret>("metadata: {name: one}\ndata: {value: second}");
  const auto second = basis();
  EXPECT_NE(second, first);
  EXPECT_EQ(second->secrets->at("one")->data().value(), "second");
  EXPECT_EQ(first->secrets->at("one")->data().value(), "first");
  b.remove<corev1::Secret>("one");
  EXPECT_TRUE(basis()->secrets->empty());

  const auto third = basis();
  b.put_service("computes.default", rules);
  EXPECT_NE(basis(), third);
}

TEST(SnapshotBuilder, TakesPolicyTriggers) {
  Builder b;
  b.put_service("web.default");
  b.put_policy("trial", "ALLOW");
  const auto triggers = [&] { return b.entry("web.example.com")->policy->rules.triggers; };
  EXPECT_EQ(triggers(), nullptr);
  b.put<corev1::PolicyTrigger>(
      "metadata: {name: t}\nstatus: {policies: [trial], preCondition: {matchAny: true}}");
  ASSERT_NE(triggers(), nullptr);
  EXPECT_EQ(triggers()->size(), 1u);
  EXPECT_EQ(triggers()->front().list->dangling(), "");
  b.remove<corev1::Policy>("trial");
  EXPECT_EQ(triggers()->front().list->dangling(), "trial");
  b.put<corev1::PolicyTrigger>("metadata: {name: t}\nstatus: {isDisabled: true}");
  EXPECT_EQ(triggers(), nullptr);
  b.put<corev1::PolicyTrigger>("metadata: {name: t}\nstatus: {policies: [trial]}");
  b.remove<corev1::PolicyTrigger>("t");
  EXPECT_EQ(triggers(), nullptr);
}

}  // namespace
}  // namespace gateway
