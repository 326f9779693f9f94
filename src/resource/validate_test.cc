#include "resource/validate.h"

#include "resource/validate_testkit_test.h"

namespace resource {
namespace {

const std::string kLabelRule =
    "2 to 40 lower-case letters, digits and single hyphens, beginning with a letter and not ending "
    "with a hyphen";

using Metadata = ValidateTest;

TEST_F(Metadata, NamesAreChecked) {
  expect("", {
                 {"{kind: Group, metadata: {name: ab}}", ""},
                 {"{kind: Group, metadata: {name: " + times(40) + "}}", ""},
                 {"{kind: Group}", "metadata: Resource metadata must be set"},
                 {"{kind: Group, metadata: {}}", "metadata.name: must be set"},
                 {"{kind: Group, metadata: {name: Bad}}",
                  "metadata.name: \"Bad\" is not the name of a Group: " + kLabelRule},
                 {"{kind: Group, metadata: {name: " + times(41) + "}}",
                  "metadata.name: \"" + times(41) + "\" is not the name of a Group: " + kLabelRule},
                 {"{kind: Secret, metadata: {name: a.bb}, data: {value: x}}",
                  "metadata.name: \"a.bb\" is not the name of a Secret: ..."},
                 {"{kind: ClusterConfig, metadata: {}, spec: {}}", ""},
                 {"{kind: ClusterConfig, metadata: {name: X}, spec: {}}",
                  "metadata.name: \"X\" is not the name of a ClusterConfig: ..."},
             });
}

TEST_F(Metadata, SpecMayBeLeftOutWhereItSaysNothing) {
  expect("", {
                 {"{kind: Group, metadata: {name: gg}}", ""},
                 {"{kind: Namespace, metadata: {name: nn}}", ""},
                 {"{kind: Secret, metadata: {name: ss}, data: {value: x}}", ""},
                 {"{kind: Config, metadata: {name: cc}, data: {value: x}}", ""},
                 {"{kind: Policy, metadata: {name: pp}}",
                  "spec: Resource spec must be set; {} is enough where nothing is to be said"},
             });
}

TEST_F(Metadata, FieldsHaveLimits) {
  const auto labels = [](int count) {
    std::string out = "{";
    for (int i = 0; i < count; ++i) out += "k" + std::to_string(i) + ": v, ";
    return out + "}";
  };
  expect(
      "kind: Group\nmetadata:\n  name: gg\n",
      {
          {"  uid: 1b4e28ba-2fa1-41d2-883f-0016d3cca427", ""},
          {"  uid: 1b4e28ba-2fa1-11d2-883f-0016d3cca427",
           "metadata.uid: \"1b4e28ba-2fa1-11d2-883f-0016d3cca427\" is not a UUID v4"},
          {"  displayName: " + times(100), ""},
          {"  displayName: " + times(101),
           "metadata.displayName: has 101 bytes; at most 100 are allowed"},
          {"  description: " + times(1024), ""},
          {"  description: " + times(1025),
           "metadata.description: has 1025 bytes; at most 1024 are allowed"},
          {"  labels: " + labels(64), ""},
          {"  labels: " + labels(65), "metadata.labels: holds 65 labels; at most 64 are allowed"},
          {"  labels: {env: 9-x}", ""},
          {"  labels: {env: " + times(32) + "}", ""},
          {"  labels: {env: " + times(33) + "}",
           "metadata.labels[\"env\"]: \"" + times(33) + "\"..."},
          {"  labels: {env: -x}",
           "metadata.labels[\"env\"]: \"-x\" is not the value of a label: ..."},
          {"  labels: {env: \"\"}",
           "metadata.labels[\"env\"]: \"\" is not the value of a label: ..."},
          {"  labels: {env: Prod}",
           "metadata.labels[\"env\"]: \"Prod\" is not the value of a label: 1 to 32 lower-case "
           "letters, digits and hyphens, not beginning with a hyphen"},
          {"  labels: {e: x}", "metadata.labels[\"e\"]: \"e\" is not a name: " + kLabelRule},
          {"  annotations: " + labels(64), ""},
          {"  annotations: " + labels(65),
           "metadata.annotations: holds 65 annotations; at most 64 are allowed"},
          {"  annotations: {note: \"" + times(63, '!') + "\"}", ""},
          {"  annotations: {note: \"" + times(64, '!') + "\"}",
           "metadata.annotations[\"note\"]: has 64 bytes; at most 63 are allowed"},
          {"  annotations: {k: x}", "metadata.annotations[\"k\"]: \"k\" is not a name: ..."},
          {"  tags: " + numbered(64, "tag"), ""},
          {"  tags: " + numbered(65, "tag"),
           "metadata.tags: holds 65 tags; at most 64 are allowed"},
          {"  tags: [aa, bb, aa]", "metadata.tags[2]: \"aa\" is there twice"},
          {"  tags: [A]", "metadata.tags[0]: \"A\" is not a name: ..."},
      });
}

TEST_F(Metadata, AttributesAreNamedLikeVariables) {
  expect("kind: Group\nmetadata: {name: gg}\nspec:\n  attrs: ",
         {
             {"{a: 1, teamSize: 2, x9: [{ANY: 1}]}", ""},
             {"{A: 1}",
              "spec.attrs: \"A\" is not the name of an attribute: 1 to 100 letters and digits, "
              "beginning with a lower-case letter"},
             {"{a: {b: {c-d: 1}}}", "spec.attrs.a.b: \"c-d\" is not the name of an attribute: ..."},
             {"{\"\": 1}", "spec.attrs: \"\" is not the name of an attribute: ..."},
             {"{" + times(100) + ": 1}", ""},
             {"{" + times(101) + ": 1}", "spec.attrs: \"" + times(64) + "\"... is not the name..."},
             // The encoding adds 15 bytes around one string of this length.
             {"{a: " + times(19'985) + "}", ""},
             {"{a: " + times(19'986) + "}",
              "spec.attrs: takes 20001 bytes; at most 20000 are allowed"},
         });
}

using NamespaceRules = ValidateTest;

TEST_F(NamespaceRules, OfCreation) {
  expect(
      "kind: Namespace\nmetadata: ",
      {
          {"{name: staging}", ""},
          {"{name: octelium-x}",
           "metadata.name: This name is reserved and cannot be used: octelium-x; names that "
           "begin with octelium, local or cordium are the cluster's"},
          {"{name: local-x}", "metadata.name: This name is reserved and cannot be used: ..."},
          {"{name: cordium}", "metadata.name: This name is reserved and cannot be used: ..."},
          {"{name: web}",
           "metadata.name: the Service \"web\" in the Namespace default has this name, and both "
           "would answer on the same host"},
          {"{name: staging}\nspec: {authorization: {policies: [allow-all, child.allow-all]}}", ""},
          {"{name: staging}\nspec: {authorization: {policies: [alow-all]}}",
           "spec.authorization.policies[0]: the Policy \"alow-all\" does not exist; did you mean "
           "\"allow-all\"?"},
      });
}

TEST_F(NamespaceRules, OfSystemResources) {
  EXPECT_EQ(problems_of_update("{kind: Namespace, metadata: {name: default, isSystem: true}}",
                               "{kind: Namespace, metadata: {name: default}}"),
            "This is a System Resource: the Namespace default belongs to the cluster");
  const auto stored = parse("{kind: Namespace, metadata: {name: default, isSystem: true}}");
  const auto found = validate(*stored, references, kNow, stored.get());
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].code, base::Code::kPermissionDenied);
  EXPECT_EQ(validate_delete(*stored, references), found);
  EXPECT_EQ(problems_of_update("{kind: ClusterConfig, metadata: {name: default, isSystem: true}}",
                               "{kind: ClusterConfig, metadata: {}, spec: {}}"),
            "");
}

TEST_F(NamespaceRules, OfDeletion) {
  const auto deleted = [&](Kind kind, std::string_view name) {
    return text(validate_delete(*references.get(kind, name), references));
  };
  references.add("{kind: Service, metadata: {name: api.prod}, spec: {mode: HTTP}}");
  EXPECT_EQ(deleted(Kind::kNamespace, "prod"),
            "the Namespace \"prod\" cannot be deleted: the Service \"api.prod\" is in it");
  EXPECT_EQ(deleted(Kind::kGroup, "dev"),
            "the Group \"dev\" cannot be deleted: the User \"alice\" is a member");
  EXPECT_EQ(deleted(Kind::kGroup, "empty"), "");
  EXPECT_EQ(
      deleted(Kind::kPolicy, "allow-all"),
      "the Policy \"allow-all\" cannot be deleted: the Policy \"child.allow-all\" extends it");
  EXPECT_EQ(deleted(Kind::kPolicy, "child.allow-all"), "");
  EXPECT_EQ(deleted(Kind::kSecret, "token"), "");
}

using UserRules = ValidateTest;

TEST_F(UserRules, OfTheSpec) {
  expect("kind: User\nmetadata: {name: carol}\nspec: ",
         {
             {"{type: HUMAN}", ""},
             {"{type: WORKLOAD, groups: [dev]}", ""},
             {"{}", "spec.type: must be HUMAN or WORKLOAD"},
             {"{type: HUMAN, email: carol@example.com}", ""},
             {"{type: HUMAN, email: c+x_y@a-b.io}", ""},
             {"{type: WORKLOAD, email: carol@example.com}",
              "spec.email: a WORKLOAD User has no email"},
             {"{type: HUMAN, email: Carol@example.com}",
              "spec.email: \"Carol@example.com\" must be all lower case"},
             {"{type: HUMAN, email: carol}", "spec.email: \"carol\" is not an email address"},
             {"{type: HUMAN, email: \"@x.io\"}", "spec.email: \"@x.io\" is not an email address"},
             {"{type: HUMAN, email: \"c@\"}", "spec.email: \"c@\" is not an email address"},
             {"{type: HUMAN, email: .c@x.io}", "spec.email: \".c@x.io\" is not an email address"},
             {"{type: HUMAN, email: c@x..io}", "spec.email: \"c@x..io\" is not an email address"},
             {"{type: HUMAN, email: c d@x.io}", "spec.email: \"c d@x.io\" is not an email address"},
             {"{type: HUMAN, email: \"\xC3\xA4@x.io\"}",
              "spec.email: \"\xC3\xA4@x.io\" has a character that is not ASCII"},
             {"{type: HUMAN, email: c@" + times(63) + "." + times(63) + "." + times(20) + "}", ""},
             {"{type: HUMAN, email: c@" + times(63) + "." + times(63) + "." + times(21) + "}",
              "spec.email: has 151 bytes; at most 150 are allowed"},
             {"{type: HUMAN, email: bob.x@example.com}",
              "spec.email: \"bob.x@example.com\" is already the email of the User \"bob\""},
             {"{type: HUMAN, email: bob-x@example.com}",
              "spec.email: \"bob-x@example.com\" is too similar to the email of the User \"bob\""},
             {"{type: HUMAN, groups: [ops]}", "spec.groups[0]: the Group \"ops\" does not exist"},
             {"{type: HUMAN, groups: [dev, Dev]}",
              "spec.groups[1]: \"Dev\" is not a name: " + kLabelRule},
             {"{type: HUMAN, groups: [\"\"]}", "spec.groups[0]: must name a Group"},
             {"{type: HUMAN, info: {lastName: " + times(256) + "}}", ""},
             {"{type: HUMAN, info: {lastName: " + times(257) + "}}",
              "spec.info.lastName: has 257 bytes; at most 256 are allowed"},
             {"{type: HUMAN, authentication: {identities: [{identifier: x}]}}",
              "spec.authentication: IdentityProviders and Authenticators are not supported by this "
              "gateway yet"},
         });
}

TEST_F(UserRules, OfSessions) {
  expect(
      "kind: User\nmetadata: {name: carol}\nspec:\n  type: HUMAN\n  session: ",
      {
          {"{clientDuration: {seconds: 1}, clientlessDuration: {months: 1200}}", ""},
          {"{accessTokenDuration: {minutes: 30}, refreshTokenDuration: {weeks: 2}}", ""},
          {"{accessTokenDuration: {minutes: 29}}",
           "spec.session.accessTokenDuration: is less than 30 minutes"},
          {"{clientDuration: {milliseconds: 999}}",
           "spec.session.clientDuration: 999 milliseconds is not between 1 second and 100 years"},
          {"{clientlessDuration: {months: 1201}}",
           "spec.session.clientlessDuration: 1201 months is not between 1 second and 100 years"},
          {"{accessTokenDuration: {}}",
           "spec.session.accessTokenDuration: 0 seconds is not between 1 second and 100 years"},
          {"{refreshTokenDuration: {hours: 0}}",
           "spec.session.refreshTokenDuration: 0 hours is not between 1 second and 100 years"},
          {"{maxPerUser: 10000}", ""},
          {"{maxPerUser: 10001}", "spec.session.maxPerUser: 10001 is more than 10000"},
          {"{defaultState: PENDING}", ""},
          {"{defaultState: REJECTED}", "spec.session.defaultState: must be ACTIVE or PENDING"},
      });
}

TEST_F(UserRules, AUserKeepsItsOwnEmail) {
  const std::string bob =
      "{kind: User, metadata: {name: bob}, spec: {type: HUMAN, email: "
      "bob.x@example.com}}";
  EXPECT_EQ(problems_of_update(bob, bob), "");
}

using PolicyRules = ValidateTest;

TEST_F(PolicyRules, OfRules) {
  const std::string rule = "{effect: ALLOW, condition: {matchAny: true}}";
  expect(
      "kind: Policy\nmetadata: {name: pp}\nspec: ",
      {
          {"{}", ""},
          {"{rules: " + list_of(100, rule) + "}", ""},
          {"{rules: " + list_of(101, rule) + "}",
           "spec.rules: holds 101 rules; at most 100 are allowed"},
          {"{rules: [{name: main, effect: DENY, priority: -4, condition: {matchAny: false}}]}", ""},
          {"{rules: [{effect: DENY, priority: 4, condition: {not: \"true\"}}]}", ""},
          {"{rules: [{effect: DENY, priority: -5, condition: {matchAny: true}}]}",
           "spec.rules[0].priority: -5 is not between -4 and 4"},
          {"{rules: [{effect: DENY, priority: 5, condition: {matchAny: true}}]}",
           "spec.rules[0].priority: 5 is not between -4 and 4"},
          {"{rules: [{name: A, effect: DENY, condition: {matchAny: true}}]}",
           "spec.rules[0].name: \"A\" is not a name: ..."},
          {"{rules: [{condition: {matchAny: true}}]}",
           "spec.rules[0].effect: must be ALLOW or DENY"},
          {"{rules: [{effect: ALLOW}]}",
           "spec.rules[0].condition: must be set; `matchAny: true` always matches"},
          {"{enforcementRules: " + list_of(100, "{effect: IGNORE, condition: {match: x}}") + "}",
           ""},
          {"{enforcementRules: " + list_of(101, "{effect: IGNORE, condition: {match: x}}") + "}",
           "spec.enforcementRules: holds 101 rules; at most 100 are allowed"},
          {"{enforcementRules: [{condition: {match: x}}]}",
           "spec.enforcementRules[0].effect: must be ENFORCE or IGNORE"},
          {"{enforcementRules: [{effect: ENFORCE}]}",
           "spec.enforcementRules[0].condition: must be set; `matchAny: true` always matches"},
          {"{attrs: {A: 1}}", "spec.attrs: \"A\" is not the name of an attribute: ..."},
      });
}

TEST_F(PolicyRules, OfTheSize) {
  // Each rule takes 10 bytes and those of its name and expression.
  const auto policy = [](int last) {
    std::string rules = list_of(10, "{effect: ALLOW, condition: {match: " + times(9900) + "}}");
    rules.pop_back();
    return "{kind: Policy, metadata: {name: pp}, spec: {rules: " + rules +
           ", {effect: ALLOW, condition: {match: " + times(static_cast<std::size_t>(last)) +
           "}}]}}";
  };
  const auto size = [&](int last) {
    return static_cast<const corev1::Policy&>(*parse(policy(last))).spec().ByteSizeLong();
  };
  const int last = 500 + 100'000 - static_cast<int>(size(500));
  ASSERT_EQ(size(last), 100'000u);
  EXPECT_EQ(problems(policy(last)), "");
  EXPECT_EQ(problems(policy(last + 1)), "spec: takes 100001 bytes; at most 100000 are allowed");
}

TEST_F(PolicyRules, OfConditions) {
  const auto nested = [](int levels) {
    std::string out;
    for (int i = 0; i < levels; ++i) out += "{all: {of: [";
    out += "{match: x}";
    for (int i = 0; i < levels; ++i) out += "]}}";
    return out + "}]";
  };
  expect(
      "kind: Policy\nmetadata: {name: pp}\nspec:\n  rules: [{effect: ALLOW, condition: ",
      {
          {"{all: {of: [{match: a}, {any: {of: [{not: b}]}}, {none: {of: [{match: c}]}}]}}}]", ""},
          {"{}}]",
           "spec.rules[0].condition: must have one of matchAny, match, not, all, any, none and "
           "opa"},
          {"{all: {}}}]", "spec.rules[0].condition.all.of: must hold at least one condition"},
          {"{any: {of: " + list_of(100, "{matchAny: true}") + "}}}]", ""},
          {"{any: {of: " + list_of(101, "{matchAny: true}") + "}}}]",
           "spec.rules[0].condition.any.of: holds 101 conditions; at most 100 are allowed"},
          {"{none: {of: [{match: x}, {}]}}}]",
           "spec.rules[0].condition.none.of[1]: must have one..."},
          {"{match: \" \\t\\n\"}}]", "spec.rules[0].condition.match: the expression is empty"},
          {"{not: \"\"}}]", "spec.rules[0].condition.not: the expression is empty"},
          {"{match: " + times(10'000) + "}}]", ""},
          {"{match: " + times(10'001) + "}}]",
           "spec.rules[0].condition.match: has 10001 bytes; at most 10000 are allowed"},
          {"{opa: {}}}]", "spec.rules[0].condition.opa: must have inline"},
          {"{opa: {inline: x}}}]", ""},
          {nested(16), ""},
      });
  const std::string found =
      problems("kind: Policy\nmetadata: {name: pp}\nspec:\n  rules: [{effect: ALLOW, condition: " +
               nested(17));
  EXPECT_TRUE(found.ends_with(".of[0]: conditions are nested deeper than 16 levels")) << found;
}

TEST_F(PolicyRules, OfParents) {
  expect("kind: Policy\nspec: {}\nmetadata: ",
         {
             {"{name: leaf.child.allow-all}", ""},
             {"{name: leaf.nope}",
              "metadata.name: the parent of \"leaf.nope\" is the Policy \"nope\", which does not "
              "exist"},
         });
  // A parent that is gone does not stop its children from being changed.
  EXPECT_EQ(problems_of_update("{kind: Policy, metadata: {name: leaf.nope}, spec: {}}",
                               "{kind: Policy, metadata: {name: leaf.nope}, spec: {}}"),
            "");
}

TEST_F(PolicyRules, OfAuthorization) {
  expect("kind: Group\nmetadata: {name: gg}\nspec:\n  authorization: ",
         {
             {"{policies: " + list_of(100, "allow-all") + "}", ""},
             {"{policies: " + list_of(101, "allow-all") + "}",
              "spec.authorization.policies: holds 101 Policies; at most 100 are allowed"},
             {"{policies: [a.b]}", "spec.authorization.policies[0]: \"a.b\" is not a name: ..."},
             {"{inlinePolicies: " + list_of(100, "{spec: {}}") + "}", ""},
             {"{inlinePolicies: " + list_of(101, "{spec: {}}") + "}",
              "spec.authorization.inlinePolicies: holds 101 Policies; at most 100 are allowed"},
             {"{inlinePolicies: [{name: A, spec: {}}]}",
              "spec.authorization.inlinePolicies[0].name: \"A\" is not a name: ..."},
             {"{inlinePolicies: [{}]}", "spec.authorization.inlinePolicies[0].spec: must be set"},
             {"{inlinePolicies: [{spec: {rules: [{effect: ALLOW, condition: {}}]}}]}",
              "spec.authorization.inlinePolicies[0].spec.rules[0].condition: must have one of ..."},
         });
}

using CredentialRules = ValidateTest;

TEST_F(CredentialRules, OfTheSpec) {
  expect(
      "kind: Credential\nmetadata: {name: cc}\nspec: ",
      {
          {"{type: AUTH_TOKEN, user: bob}", ""},
          {"{type: OAUTH2, user: alice, sessionType: CLIENTLESS}", ""},
          {"{user: bob}", "spec.type: must be AUTH_TOKEN, OAUTH2 or ACCESS_TOKEN"},
          {"{type: AUTH_TOKEN}", "spec.user: must name a User"},
          {"{type: AUTH_TOKEN, user: B}", "spec.user: \"B\" is not a name: ..."},
          {"{type: AUTH_TOKEN, user: alicia}",
           "spec.user: the User \"alicia\" does not exist; did you mean \"alice\"?"},
          {"{type: OAUTH2, user: bob}",
           "spec.type: OAUTH2 Credentials can only be used with WORKLOAD Users; \"bob\" is HUMAN"},
          {"{type: ACCESS_TOKEN, user: bob}",
           "spec.type: ACCESS_TOKEN Credentials can only be used with WORKLOAD Users; \"bob\" is "
           "HUMAN"},
          {"{type: AUTH_TOKEN, user: bob, maxAuthentications: 1000000, autoDelete: true}", ""},
          {"{type: AUTH_TOKEN, user: bob, maxAuthentications: 1000001}",
           "spec.maxAuthentications: 1000001 is more than 1000000"},
          {"{type: AUTH_TOKEN, user: bob, autoDelete: true}",
           "spec.autoDelete: needs maxAuthentications, after which the Credential is deleted"},
          {"{type: AUTH_TOKEN, user: bob, expiresAt: \"2023-11-14T22:13:21Z\"}", ""},
          {"{type: AUTH_TOKEN, user: bob, expiresAt: \"2023-11-14T22:13:20Z\"}",
           "spec.expiresAt: 2023-11-14T22:13:20Z is not in the future"},
          {"{type: AUTH_TOKEN, user: bob, expiresAt: \"2025-11-13T22:13:20Z\"}", ""},
          {"{type: AUTH_TOKEN, user: bob, expiresAt: \"2025-11-13T22:13:21Z\"}",
           "spec.expiresAt: 2025-11-13T22:13:21Z is more than 730 days ahead"},
          {"{type: AUTH_TOKEN, user: bob, authorization: {policies: [nope]}}",
           "spec.authorization.policies[0]: the Policy \"nope\" does not exist"},
      });
}

TEST_F(CredentialRules, OfValuesNoFileCanHold) {
  corev1::Credential credential;
  credential.mutable_metadata()->set_name("cc");
  credential.mutable_spec()->set_user("bob");
  credential.mutable_spec()->set_type(static_cast<corev1::Credential::Spec::Type>(9));
  credential.mutable_spec()->set_sessiontype(static_cast<corev1::Session::Status::Type>(9));
  credential.mutable_spec()->mutable_expiresat()->set_nanos(-1);
  EXPECT_EQ(text(validate(credential, references, kNow)),
            "spec.type: must be AUTH_TOKEN, OAUTH2 or ACCESS_TOKEN\n"
            "spec.expiresAt: is not a time\n"
            "spec.sessionType: must be CLIENT or CLIENTLESS");
}

TEST_F(CredentialRules, TypeAndOwnerStay) {
  EXPECT_EQ(problems_of_update(
                "{kind: Credential, metadata: {name: cc}, spec: {type: OAUTH2, user: alice}}",
                "{kind: Credential, metadata: {name: cc}, spec: {type: AUTH_TOKEN, user: bob}}"),
            "spec.type: cannot be changed; it is OAUTH2\n"
            "spec.user: cannot be changed; it is \"alice\"");
}

using SecretRules = ValidateTest;

TEST_F(SecretRules, OfSecrets) {
  expect(
      "kind: Secret\nmetadata: {name: ss}\n",
      {
          {"data: {value: x}", ""},
          {"data: {valueBytes: eA==}\nspec: {data: {value: chain}}", ""},
          {"", "data: must be set, to value or valueBytes"},
          {"data: {}", "data: must be set, to value or valueBytes"},
          {"data: {value: \"\"}", "data.value: is empty"},
          {"data: {value: " + times(524'288) + "}", ""},
          {"data: {value: " + times(524'289) + "}",
           "data.value: has 524289 bytes; at most 524288 are allowed"},
          {"data: {value: x}\nspec: {data: {}}", "spec.data: must have value or valueBytes"},
          {"data: {value: x}\nspec: {data: {valueBytes: \"\"}}", "spec.data.valueBytes: is empty"},
          {"data: {value: x}\nspec: {data: {value: " + times(524'289) + "}}",
           "spec.data.value: has 524289 bytes; at most 524288 are allowed"},
      });
}

TEST_F(SecretRules, OfConfigs) {
  expect("kind: Config\nmetadata: {name: cc}\n",
         {
             {"data: {value: x}", ""},
             {"data: {dataMap: {map: {a: eA==}}}", ""},
             {"data: {attrs: {a: 1}}", ""},
             {"", "data: must be set, to one of value, valueBytes, dataMap and attrs"},
             {"data: {valueBytes: \"\"}", "data.valueBytes: is empty"},
             {"data: {dataMap: {}}", "data.dataMap.map: must hold at least one entry"},
             {"data: {dataMap: {map: {a: \"\"}}}", "data.dataMap.map[\"a\"]: is empty"},
             {"data: {dataMap: {map: {\"\": eA==}}}",
              "data.dataMap.map[\"\"]: a key has 1 to 256 bytes, not 0"},
             {"data: {dataMap: {map: {" + times(256) + ": eA==}}}", ""},
             {"data: {dataMap: {map: {" + times(257) + ": eA==}}}", "data.dataMap.map..."},
             {"data: {attrs: {}}", "data.attrs: must hold at least one attribute"},
             {"data: {attrs: {A: 1}}", "data.attrs: \"A\" is not the name of an attribute: ..."},
         });
}

TEST_F(SecretRules, OfLargeConfigs) {
  corev1::Config config;
  config.mutable_metadata()->set_name("cc");
  config.mutable_spec();
  const auto found = [&] { return text(validate(config, references, kNow)); };
  config.mutable_data()->set_value(times(3'145'728));
  EXPECT_EQ(found(), "");
  config.mutable_data()->set_value(times(3'145'729));
  EXPECT_EQ(found(), "data.value: has 3145729 bytes; at most 3145728 are allowed");

  auto& map = *config.mutable_data()->mutable_datamap()->mutable_map();
  for (int i = 0; i < 256; ++i) map["k" + std::to_string(i)] = "x";
  EXPECT_EQ(found(), "");
  map["one-more"] = "x";
  EXPECT_EQ(found(), "data.dataMap.map: holds 257 entries; at most 256 are allowed");
  map.clear();
  map["key"] = times(3'145'725);
  EXPECT_EQ(found(), "");
  map["key"] += 'x';
  EXPECT_EQ(found(),
            "data.dataMap.map: keys and values have 3145729 bytes; at most 3145728 are "
            "allowed");
}

using SessionRules = ValidateTest;

TEST_F(SessionRules, OfTheSpec) {
  expect("kind: Session\nmetadata: {name: alice-k2x9p4}\nspec: ",
         {
             {"{state: REJECTED, expiresAt: \"2023-11-14T22:13:21Z\"}", ""},
             {"{expiresAt: \"2033-01-01T00:00:00Z\"}",
              "spec.state: must be ACTIVE, PENDING or REJECTED"},
             {"{state: ACTIVE}", "spec.expiresAt: must be set"},
             {"{state: ACTIVE, expiresAt: \"2023-11-14T22:13:20Z\"}",
              "spec.expiresAt: 2023-11-14T22:13:20Z is not in the future"},
             {"{state: ACTIVE, expiresAt: \"9999-12-31T23:59:59Z\"}", ""},
             {"{state: ACTIVE, expiresAt: \"2033-01-01T00:00:00Z\", authorization: {policies: "
              "[nope]}}",
              "spec.authorization.policies[0]: the Policy \"nope\" does not exist"},
         });
}

using ClusterConfigRules = ValidateTest;

TEST_F(ClusterConfigRules, OfTheSpec) {
  expect("kind: ClusterConfig\nmetadata: {}\nspec: ",
         {
             {"{session: {human: {maxPerUser: 1000, defaultState: ACTIVE}}}", ""},
             {"{session: {human: {maxPerUser: 1001}}}",
              "spec.session.human.maxPerUser: 1001 is more than 1000"},
             {"{session: {workload: {maxPerUser: 1001}}}",
              "spec.session.workload.maxPerUser: 1001 is more than 1000"},
             {"{session: {workload: {clientDuration: {milliseconds: 1}}}}",
              "spec.session.workload.clientDuration: 1 millisecond is not between ..."},
             {"{session: {human: {defaultState: REJECTED}}}",
              "spec.session.human.defaultState: must be ACTIVE or PENDING"},
             {"{authorization: {policies: [nope]}}",
              "spec.authorization.policies[0]: the Policy \"nope\" does not exist"},
             {"{dns: {}, device: {}}",
              "spec.device: Devices are not supported by this gateway yet\n"
              "spec.dns: private DNS is not supported by this gateway yet"},
         });
}

TEST_F(ClusterConfigRules, ManyProblemsAreCut) {
  std::string groups = "{kind: User, metadata: {name: carol}, spec: {type: HUMAN, groups: ";
  const auto found = validate(*parse(groups + numbered(100, "no") + "}}"), references, kNow);
  EXPECT_EQ(found.size(), kMaxProblems);
}

TEST_F(ClusterConfigRules, ProblemsBecomeOneError) {
  const auto error =
      to_error({{base::Code::kUnimplemented, "", "no"}, {.path = "a.b", .message = "c"}});
  EXPECT_EQ(error.code, base::Code::kUnimplemented);
  EXPECT_EQ(error.message, "no\na.b: c");
}

}  // namespace
}  // namespace resource
