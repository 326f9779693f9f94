// What a person reads when a file is wrong: one row per mistake, with the exact text.
#include <gtest/gtest.h>

#include "resource/document.h"

namespace resource {
namespace {

std::string problems_of(std::string_view text, std::string_view file) {
  std::string out;
  for (const Diagnostic& problem : decode(text, file).problems) {
    out += (out.empty() ? "" : "\n") + to_string(problem);
  }
  return out;
}

struct Row {
  const char* name;
  std::string text;
  const char* expected;
};

TEST(DecodeErrors, OfYaml) {
  const Row rows[] = {
      {"unknown field", "kind: Service\nspec:\n  config:\n    upstrem:\n      url: x\n",
       "f.yaml:4:5: spec.config.upstrem: unknown field; did you mean \"upstream\"?"},
      {"unknown field, nothing near", "kind: Policy\nspec:\n  zzzzzzzzz: 1\n",
       "f.yaml:3:3: spec.zzzzzzzzz: unknown field; one of rules, enforcementRules, attrs, "
       "isDisabled"},
      {"field of a submessage", "kind: Service\nspec: {upstream: {url: x}}\n",
       "f.yaml:2:8: spec.upstream: unknown field; did you mean \"config.upstream\"?"},
      {"field of the envelope", "kind: Service\nname: x\n",
       "f.yaml:2:1: name: unknown field; did you mean \"metadata.name\"?"},
      {"wrong case", "kind: Service\nspec: {IsPublic: true}\n",
       "f.yaml:2:8: spec.IsPublic: unknown field; did you mean \"isPublic\"?"},
      {"unknown enum name", "kind: Service\nspec: {mode: HTPP}\n",
       "f.yaml:2:14: spec.mode: unknown value \"HTPP\"; did you mean \"HTTP\"?"},
      {"enum in lower case", "kind: Service\nspec: {mode: http}\n",
       "f.yaml:2:14: spec.mode: unknown value \"http\"; did you mean \"HTTP\"?"},
      {"enum far from all", "kind: User\nspec: {type: robot}\n",
       "f.yaml:2:14: spec.type: unknown value \"robot\"; one of HUMAN, WORKLOAD"},
      {"enum by unknown number", "kind: User\nspec: {type: 9}\n",
       "f.yaml:2:14: spec.type: 9 is not the number of a value; one of HUMAN, WORKLOAD"},
      {"enum from a list", "kind: User\nspec: {type: [HUMAN]}\n",
       "f.yaml:2:14: spec.type: expected one of HUMAN, WORKLOAD, found a list"},
      {"number for a string", "kind: User\nmetadata: {name: 123}\n",
       "f.yaml:2:18: metadata.name: expected a string, found the number 123; put it in quotes"},
      {"version for a string", "kind: User\nmetadata: {displayName: 1.10}\n",
       "f.yaml:2:25: metadata.displayName: expected a string, found the number 1.10; put it in "
       "quotes"},
      {"boolean for a string", "kind: User\nmetadata: {displayName: true}\n",
       "f.yaml:2:25: metadata.displayName: expected a string, found the boolean true; put it in "
       "quotes"},
      {"mapping for a string", "kind: User\nmetadata:\n  name:\n    a: b\n",
       "f.yaml:4:5: metadata.name: expected a string, found a mapping"},
      {"list for a string", "kind: User\nmetadata: {name: [a]}\n",
       "f.yaml:2:18: metadata.name: expected a string, found a list"},
      {"text for a boolean", "kind: Service\nspec: {isPublic: yes}\n",
       "f.yaml:2:18: spec.isPublic: expected true or false, found the text \"yes\""},
      {"quoted boolean", "kind: Service\nspec: {isPublic: \"true\"}\n",
       "f.yaml:2:18: spec.isPublic: expected true or false, found the text \"true\"; remove the "
       "quotes"},
      {"number for a boolean", "kind: Service\nspec: {isPublic: 1}\n",
       "f.yaml:2:18: spec.isPublic: expected true or false, found the number 1"},
      {"text for a number", "kind: Service\nspec: {port: http}\n",
       "f.yaml:2:14: spec.port: expected a whole number, found the text \"http\""},
      {"fraction for a whole number", "kind: Service\nspec: {port: 80.5}\n",
       "f.yaml:2:14: spec.port: expected a whole number, found the number 80.5"},
      {"not a number", "kind: Service\nspec: {port: .nan}\n",
       "f.yaml:2:14: spec.port: expected a whole number, found the number .nan"},
      {"negative number", "kind: Service\nspec: {port: -1}\n",
       "f.yaml:2:14: spec.port: out of range; takes 0 to 4294967295, found the number -1"},
      {"32-bit number too large", "kind: Service\nspec: {port: 4294967296}\n",
       "f.yaml:2:14: spec.port: out of range; takes 0 to 4294967295, found the number 4294967296"},
      {"64-bit number too large",
       "kind: Service\nspec: {config: {http: {plugins: [{rateLimit: {limit: "
       "9223372036854775808}}]}}}\n",
       "f.yaml:2:54: spec.config.http.plugins[0].rateLimit.limit: out of range; takes "
       "-9223372036854775808 to 9223372036854775807, found the number 9223372036854775808"},
      {"float too large", "kind: Service\nspec: {config: {http: {retry: {multiplier: 1e60}}}}\n",
       "f.yaml:2:44: spec.config.http.retry.multiplier: out of range; the number is too large"},
      {"text for a list", "kind: User\nspec: {groups: dev}\n",
       "f.yaml:2:16: spec.groups: expected a list, found the text \"dev\""},
      {"mapping for a list", "kind: User\nspec:\n  groups:\n    a: b\n",
       "f.yaml:4:5: spec.groups: expected a list, found a mapping"},
      {"null in a list", "kind: User\nspec: {groups: [a, ~]}\n",
       "f.yaml:2:20: spec.groups[1]: expected a string, found nothing"},
      {"list for a mapping", "kind: User\nspec: []\n",
       "f.yaml:2:7: spec: expected a mapping, found a list"},
      {"text for a mapping", "kind: User\nspec: hello\n",
       "f.yaml:2:7: spec: expected a mapping, found the text \"hello\""},
      {"list for a map", "kind: User\nmetadata: {labels: [a]}\n",
       "f.yaml:2:20: metadata.labels: expected a mapping, found a list"},
      {"number as the value of a map", "kind: User\nmetadata: {labels: {a: 1}}\n",
       "f.yaml:2:24: metadata.labels[\"a\"]: expected a string, found the number 1; put it in "
       "quotes"},
      {"bad base64", "kind: Secret\ndata: {valueBytes: a}\n",
       "f.yaml:2:20: data.valueBytes: not valid base64"},
      {"bad time", "kind: Session\nspec: {expiresAt: tomorrow}\n",
       "f.yaml:2:19: spec.expiresAt: expected a time such as \"2027-01-31T12:00:00Z\", found the "
       "text \"tomorrow\""},
      {"impossible date", "kind: Session\nspec: {expiresAt: 2027-02-30T00:00:00Z}\n",
       "f.yaml:2:19: spec.expiresAt: expected a time such as \"2027-01-31T12:00:00Z\", found the "
       "text \"2027-02-30T00:00:00Z\""},
      {"two members of a oneof", "kind: Secret\ndata:\n  value: a\n  valueBytes: QQ==\n",
       "f.yaml:4:3: data.valueBytes: \"valueBytes\" and \"value\" (at line 3) exclude each other; "
       "give one of them"},
      {"alias against another member of a oneof",
       "kind: Service\nspec:\n  config:\n    ssh: {}\n    auth: {}\n",
       "f.yaml:5:5: spec.config.http: \"http\" and \"ssh\" (at line 4) exclude each other; give "
       "one "
       "of them"},
      {"key twice", "kind: User\nspec: {}\nspec: {}\n",
       "f.yaml:3:1: spec: given twice; the first is at line 2"},
      {"key twice in a map", "kind: User\nmetadata:\n  labels:\n    a: x\n    a: y\n",
       "f.yaml:5:5: metadata.labels[\"a\"]: given twice; the first is at line 4"},
      {"key twice in attributes", "kind: User\nspec:\n  attrs:\n    a: x\n    a: y\n",
       "f.yaml:5:5: spec.attrs[\"a\"]: given twice; the first is at line 4"},
      {"field and its alias",
       "kind: Service\nspec:\n  config:\n    http:\n      auth: {}\n    auth: {}\n",
       "f.yaml:6:5: spec.config.http.auth: given twice; the first is at line 5"},
      {"field and its other spelling",
       "kind: Service\nspec: {config: {http: {plugins: [{ratelimit: {}, rateLimit: {}}]}}}\n",
       "f.yaml:2:50: spec.config.http.plugins[0].rateLimit: given twice; the first is at line 2"},
      {"no kind", "metadata: {name: a}\n",
       "f.yaml:1:1: kind: missing; one of Namespace, Service, User, Group, Policy, Credential, "
       "Secret, Config, IdentityProvider, Session, Device, Authenticator, Region, Gateway, "
       "ClusterConfig"},
      {"unknown kind", "kind: service\n",
       "f.yaml:1:7: kind: unknown kind \"service\"; did you mean \"Service\"?"},
      {"internal kind", "kind: PolicyTrigger\n",
       "f.yaml:1:7: kind: unknown kind \"PolicyTrigger\"; one of Namespace, Service, User, Group, "
       "Policy, Credential, Secret, Config, IdentityProvider, Session, Device, Authenticator, "
       "Region, Gateway, ClusterConfig"},
      {"kind of another type", "kind: [a]\n", "f.yaml:1:7: kind: expected a string, found a list"},
      {"no resource", "hello\n",
       "f.yaml:1:1: expected a resource (a mapping with a kind), found the text \"hello\""},
      {"two mistakes", "kind: User\nspec: {type: HUMN, isDisabled: maybe}\n",
       "f.yaml:2:14: spec.type: unknown value \"HUMN\"; did you mean \"HUMAN\"?\n"
       "f.yaml:2:32: spec.isDisabled: expected true or false, found the text \"maybe\""},
      {"unclosed list", "kind: User\nspec: {groups: [a, b}\n",
       "f.yaml:2:21: malformed YAML: illegal flow end"},
      {"unclosed quote", "kind: \"User\n",
       "f.yaml:1:7: malformed YAML: a quoted text is not closed"},
      {"colon in a value", "kind: User\nmetadata: {}\nspec: a: b\n",
       "f.yaml:3:8: malformed YAML: illegal map value"},
      {"bad indentation", "kind: User\nspec:\n  type: HUMAN\n groups: []\n",
       "f.yaml:4:2: malformed YAML: end of map not found"},
      {"tab as indentation", "kind: User\nspec:\n\ttype: HUMAN\n",
       "f.yaml:3:6: malformed YAML: illegal map value"},
      {"unknown alias", "kind: User\nspec: *x\n",
       "f.yaml:2:7: malformed YAML: the referenced anchor is not defined"},
      {"alias inside its anchor", "kind: User\nspec: &x {attrs: *x}\n",
       "f.yaml:2:18: this alias stands for a value that contains it"},
      {"merge key", "kind: User\nspec:\n  <<: {type: HUMAN}\n",
       "f.yaml:3:3: merge keys (\"<<\") are not supported; write the fields out"},
      {"tag", "kind: User\nspec: !thing {}\n", "f.yaml:2:7: this tag is not supported"},
      {"null key", "kind: User\n~: 1\n",
       "f.yaml:2:1: a key must be text; this one is empty or null"},
      {"list as a key", "kind: User\n? [a]\n: 1\n",
       "f.yaml:2:3: a key must be text, not a mapping or a list"},
      {"control character", "kind: User\nmetadata: {name: a\x01}\n",
       "f.yaml:2:19: control character 0x01; write it as an escape in double quotes"},
      {"not UTF-8", "kind: User\nmetadata: {name: \xC3(}\n", "f.yaml:2:18: not UTF-8 text"},
  };
  for (const Row& row : rows) EXPECT_EQ(problems_of(row.text, "f.yaml"), row.expected) << row.name;
}

TEST(DecodeErrors, OfJson) {
  const Row rows[] = {
      {"unknown field", "{\"kind\": \"User\",\n \"spek\": {}}",
       "f.json:2:2: spek: unknown field; did you mean \"spec\"?"},
      {"comma at the end", "{\"kind\": \"User\",}",
       "f.json:1:17: malformed JSON: expected a key in double quotes"},
      {"no comma", "{\"kind\": \"User\" \"spec\": {}}",
       "f.json:1:17: malformed JSON: expected ',' or '}'"},
      {"no colon", "{\"kind\" \"User\"}", "f.json:1:9: malformed JSON: expected ':' after the key"},
      {"single quotes", "{'kind': 'User'}",
       "f.json:1:2: malformed JSON: expected a key in double quotes"},
      {"unclosed string", "{\"kind\": \"User",
       "f.json:1:15: malformed JSON: a string is not closed"},
      {"line break in a string", "{\"kind\": \"Us\ner\"}",
       "f.json:1:13: malformed JSON: a line break or tab inside a string must be escaped"},
      {"unknown escape", "{\"kind\": \"\\x41\"}",
       "f.json:1:12: malformed JSON: unknown escape in a string"},
      {"half a surrogate pair", "{\"kind\": \"\\ud83d\"}",
       "f.json:1:16: malformed JSON: half a surrogate pair"},
      {"leading zero", "{\"kind\": 01}",
       "f.json:1:11: malformed JSON: a number must not begin with 0"},
      {"YAML in a .json file", "kind: User", "f.json:1:1: malformed JSON: expected a value"},
      {"text after the end", "{\"kind\": \"User\"} x",
       "f.json:1:18: malformed JSON: text after the end of the document"},
      {"cut off",
       "{\"kind\":", "f.json:1:9: malformed JSON: the text ends where a value should be"},
      {"key twice", "{\"kind\": \"User\", \"spec\": {}, \"spec\": {}}",
       "f.json:1:30: spec: given twice; the first is at line 1"},
      {"number for a string", "{\"kind\": \"User\", \"metadata\": {\"name\": 1}}",
       "f.json:1:39: metadata.name: expected a string, found the number 1; put it in quotes"},
  };
  for (const Row& row : rows) EXPECT_EQ(problems_of(row.text, "f.json"), row.expected) << row.name;
}

std::string nested(std::size_t depth) {
  // The resource, spec and attrs are three levels.
  return "kind: User\nspec: {attrs: {a: " + std::string(depth - 3, '[') +
         std::string(depth - 3, ']') + "}}\n";
}

TEST(DecodeLimits, DepthIsAllowedUpToTheLimit) {
  EXPECT_EQ(problems_of(nested(64), "f.yaml"), "");
  EXPECT_EQ(problems_of(nested(65), "f.yaml"), "f.yaml:2:80: nested deeper than 64 levels");
}

TEST(DecodeLimits, AliasesCountAsIfWrittenOut) {
  std::string bomb = "kind: User\nspec:\n  attrs:\n    a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i <= 9; ++i) {
    const std::string last = "*a" + std::to_string(i - 1);
    bomb += "    a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int j = 0; j < 10; ++j) bomb += (j > 0 ? ", " : "") + last;
    bomb += "]\n";
  }
  EXPECT_EQ(problems_of(bomb, "f.yaml"),
            "f.yaml:8:9: more than 100000 values in one document, aliases written out");

  std::string text =
      "kind: User\nspec:\n  attrs:\n    a: &a \"" + std::string(100'000, 'x') + "\"\n    b: [";
  for (int i = 0; i < 42; ++i) text += "*a, ";
  EXPECT_EQ(problems_of(text + "]\n", "f.yaml"),
            "f.yaml:5:8: more than 4194304 bytes of text in one document, aliases written out");

  std::string chain = "kind: User\nspec:\n  attrs:\n    a0: &a0 []\n";
  for (int i = 1; i <= 70; ++i) {
    chain += "    a" + std::to_string(i) + ": &a" + std::to_string(i) + " [*a" +
             std::to_string(i - 1) + "]\n";
  }
  EXPECT_EQ(problems_of(chain, "f.yaml"), "f.yaml:69:10: nested deeper than 64 levels");
}

TEST(DecodeLimits, SizesAreAllowedUpToTheLimit) {
  const DecodeLimits limits{.file_bytes = 50, .document_bytes = 30, .documents = 2};
  const auto run = [&](std::string_view text) {
    const Decoded result = decode(text, "f", limits);
    return result.problems.empty() ? "" : to_string(result.problems.front());
  };
  const std::string thirty = "kind: User\nspec: {}\n" + std::string(9, '#') + "\n";
  ASSERT_EQ(thirty.size(), 30u);
  EXPECT_EQ(run(thirty), "");
  EXPECT_EQ(run("#" + thirty), "f:1:1: the document is larger than 30 bytes");
  const std::string fifty = "kind: User\n---\nkind: User\n---\n" + std::string(19, '#') + "\n";
  ASSERT_EQ(fifty.size(), 50u);
  EXPECT_EQ(run(fifty), "");
  EXPECT_EQ(run(fifty + "\n"), "f: larger than 50 bytes");
  EXPECT_EQ(run("kind: User\n---\nkind: User\n---\nkind: User\n"), "f:5:1: more than 2 documents");
}

}  // namespace
}  // namespace resource
