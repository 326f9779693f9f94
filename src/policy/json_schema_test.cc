#include "policy/json_schema.h"

#include <gtest/gtest.h>

#include <chrono>

namespace policy {
namespace {

using Outcome = JsonSchema::Outcome;

std::string refusal(std::string_view schema) {
  const auto made = JsonSchema::compile(schema);
  return made ? "none" : made.error().message;
}

TEST(JsonSchemaTest, SaysWhatIsWrongAndWhere) {
  const auto schema = JsonSchema::compile(
      R"({"type": "object", "required": ["n"],
          "properties": {"n": {"type": "array", "items": {"maximum": 5}}}})");
  ASSERT_TRUE(schema) << schema.error().message;
  EXPECT_EQ((*schema)->validate(R"({"n": [1, 5]})").outcome, Outcome::kValid);
  const auto verdict = (*schema)->validate(R"({"n": [1, 6]})");
  EXPECT_EQ(verdict.outcome, Outcome::kInvalid);
  EXPECT_EQ(verdict.pointer, "/n/1");
  EXPECT_EQ(verdict.keyword, "maximum");
  EXPECT_EQ(verdict.message, "6 is greater than the maximum of 5");
  EXPECT_EQ((*schema)->validate("{}").keyword, "required");
  EXPECT_EQ((*schema)->validate("{").outcome, Outcome::kUnreadable);
  EXPECT_EQ((*schema)->validate("").outcome, Outcome::kUnreadable);
  EXPECT_EQ((*schema)->validate("\xff").outcome, Outcome::kUnreadable);
}

TEST(JsonSchemaTest, RefusesWhatIsNoSchema) {
  EXPECT_TRUE(refusal("{\n  \"type\": }").starts_with("2:11: the schema is not JSON"))
      << refusal("{\n  \"type\": }");
  EXPECT_NE(refusal(R"({"properties": {"a": {"type": 1}}})").find("/properties/a/type"),
            std::string::npos);
  EXPECT_EQ(refusal(std::string(JsonSchema::kMaxBytes, ' ') + "{"),
            "a schema has at most 262144 bytes");
  EXPECT_EQ(refusal(std::string(JsonSchema::kMaxBytes - 2, ' ') + "{}"), "none");
}

TEST(JsonSchemaTest, FetchesNothing) {
  for (const char* to : {"https://example.com/s.json", "file:///etc/passwd", "http://[::1]/"})
    EXPECT_NE(refusal("{\"$ref\": \"" + std::string(to) + "\"}").find("may only refer to itself"),
              std::string::npos)
        << to;
  EXPECT_EQ(refusal(R"({"$defs": {"a": {"type": "string"}}, "$ref": "#/$defs/a"})"), "none");
}

TEST(JsonSchemaTest, PatternsDoNotBacktrackAndAreBounded) {
  EXPECT_NE(refusal(R"({"pattern": "(?=a)b"})"), "none");
  EXPECT_NE(refusal(R"({"pattern": "(((a{100}){100}){100}){100}"})"), "none");
  const auto schema = JsonSchema::compile(R"({"pattern": "^(a+)+$"})");
  ASSERT_TRUE(schema);
  const auto before = std::chrono::steady_clock::now();
  const std::string document = "\"" + std::string(100'000, 'a') + "b\"";
  EXPECT_EQ((*schema)->validate(document).keyword, "pattern");
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(1));
}

TEST(JsonSchemaTest, RecursionEnds) {
  const auto tree = JsonSchema::compile(R"({"type": "array", "items": {"$ref": "#"}})");
  ASSERT_TRUE(tree) << tree.error().message;
  const auto nested = [](int depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_EQ((*tree)->validate(nested(127)).outcome, Outcome::kValid);
  EXPECT_EQ((*tree)->validate(nested(128)).outcome, Outcome::kUnreadable);
  EXPECT_EQ((*tree)->validate(nested(1'000'000)).outcome, Outcome::kUnreadable);
  EXPECT_NE(refusal(nested(1'000'000)), "none");
}

}  // namespace
}  // namespace policy
