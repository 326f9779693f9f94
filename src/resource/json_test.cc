#include "resource/json.h"

#include <gtest/gtest.h>

#include "resource/document.h"

namespace resource {
namespace {

corev1::Service sample() {
  corev1::Service service;
  const auto read = decode_into(R"(
kind: Service
metadata: {name: api, labels: {b: x, a: y}, createdAt: 2026-01-02T03:04:05.5Z}
spec:
  port: 80
  mode: HTTP
  config:
    http:
      plugins:
        - name: one
          condition: {matchAny: true}
          rateLimit: {limit: 5, body: {inlineBytes: AAE=}}
        - lua: {inline: "local a = 1\nif a then\n\n  return\nend\n"}
      response: {direct: {inline: ""}}
      retry: {multiplier: 1.5}
  attrs: {list: [1, [], {}, [a, {b: null}]]}
)",
                                service);
  EXPECT_TRUE(read) << read.error().message;
  return service;
}

TEST(Json, LeavesOutZerosAndKeepsTheOrderOfTheSchema) {
  EXPECT_EQ(to_json(sample()),
            R"({"kind":"Service","metadata":{"name":"api","createdAt":"2026-01-02T03:04:05.500Z",)"
            R"("labels":{"a":"y","b":"x"}},"spec":{"port":80,"mode":"HTTP","config":{"http":{)"
            R"("response":{"direct":{"inline":""}},"plugins":[{"name":"one","condition":)"
            R"({"matchAny":true},"rateLimit":{"body":{"inlineBytes":"AAE="},"limit":"5"}},)"
            R"({"lua":{"inline":"local a = 1\nif a then\n\n  return\nend\n"}}],)"
            R"("retry":{"multiplier":1.5}}},"attrs":{"list":[1,[],{},["a",{"b":null}]]}}})");
}

TEST(Json, PrettyIndentsByFour) {
  corev1::User user;
  user.mutable_spec()->add_groups("dev");
  user.mutable_status();
  EXPECT_EQ(to_json(user, JsonStyle::kPretty),
            "{\n    \"spec\": {\n        \"groups\": [\n            \"dev\"\n        ]\n    },\n"
            "    \"status\": {}\n}");
  EXPECT_EQ(to_json(corev1::User(), JsonStyle::kPretty), "{}");
}

TEST(Yaml, IsWhatAPersonWouldWrite) {
  EXPECT_EQ(to_yaml(sample()), R"(kind: Service
metadata:
  name: api
  createdAt: "2026-01-02T03:04:05.500Z"
  labels:
    a: "y"
    b: x
spec:
  port: 80
  mode: HTTP
  config:
    http:
      response:
        direct:
          inline: ""
      plugins:
        - name: one
          condition:
            matchAny: true
          rateLimit:
            body:
              inlineBytes: AAE=
            limit: "5"
        - lua:
            inline: |
              local a = 1
              if a then

                return
              end
      retry:
        multiplier: 1.5
  attrs:
    list:
      - 1
      - []
      - {}
      -
        - a
        - b: null
)");
  EXPECT_EQ(to_yaml(corev1::User()), "{}\n");
}

TEST(Yaml, ReadsBackToTheSameMessage) {
  corev1::Service again;
  ASSERT_TRUE(decode_into(to_yaml(sample()), again));
  EXPECT_EQ(to_json(again), to_json(sample()));
  ASSERT_TRUE(decode_into(to_json(sample(), JsonStyle::kPretty), again = {}));
}

TEST(Yaml, QuotesWhatWouldReadBackAsSomethingElse) {
  const std::string texts[] = {
      "",
      " ",
      "a ",
      " a",
      "true",
      "No",
      "null",
      "~",
      "12",
      "1e3",
      "0x1",
      ".inf",
      "-",
      "- a",
      "a: b",
      "a:",
      ":a",
      "a #b",
      "#a",
      "a#b",
      "*a",
      "&a",
      "!a",
      "|",
      ">",
      "%a",
      "@a",
      "`a",
      "{a",
      "[a]",
      "a, b",
      "'a'",
      "\"a\"",
      "a\\b",
      "a\tb",
      "\ta",
      "a\nb",
      "a\n",
      "a\n\n",
      "\na",
      " a\nb",
      "a \nb",
      "a\n b",
      "a\n\tb\n",
      "---",
      "--- a",
      "a\n---\nb",
      "...",
      "<<",
      "=",
      "?",
      "? a",
      "a\rb",
      "\x01",
      "\x7F",
      "\xC2\x85",
      "\xC2\xA0",
      "\xE2\x80\xA8",
      "\xEF\xBB\xBF",
      "\xC3\xA4",
      "\xF0\x9F\x98\x80",
      "a\n#b\n",
      "#a\nb",
      "a: b\nc",
      std::string(2000, 'k'),
  };
  for (const std::string& text : texts) {
    corev1::User user, again;
    user.mutable_metadata()->set_description(text);
    (*user.mutable_metadata()->mutable_labels())[text] = text;
    auto& attrs = *user.mutable_spec()->mutable_attrs()->mutable_fields();
    attrs[text].mutable_list_value()->add_values()->set_string_value(text);
    const std::string yaml = to_yaml(user);
    const auto read = decode_into(yaml, again);
    ASSERT_TRUE(read) << read.error().message << "\n" << yaml;
    EXPECT_EQ(to_json(again), to_json(user)) << yaml;
  }
}

}  // namespace
}  // namespace resource
