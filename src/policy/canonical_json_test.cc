#include "policy/canonical_json.h"

#include <gtest/gtest.h>

#include <cmath>

#include "cel/program.h"

namespace policy {
namespace {

class NoSource final : public cel::AttributeSource {
 public:
  cel::Value resolve(const cel::Slot&, cel::Arena&) const override {
    return cel::Value::no_such_key();
  }
  cel::Value has(const cel::Slot&, cel::Arena&) const override {
    return cel::Value::boolean(false);
  }
  base::WallTime now() const override { return {}; }
};

class NoNames final : public cel::Schema {
 public:
  std::optional<cel::Attribute> root(std::string_view) const override { return std::nullopt; }
  std::optional<cel::Attribute> member(const cel::Attribute&, std::string_view) const override {
    return std::nullopt;
  }
  cel::ShapeId element(cel::ShapeId container) const override { return container; }
  std::vector<std::string_view> root_names() const override { return {}; }
  std::vector<std::string_view> member_names(cel::ShapeId) const override { return {}; }
};

// The JSON of a map given as an expression, or "error: ...".
std::string json_of(std::string_view expression) {
  const NoNames names;
  cel::CompileOptions options;
  options.max_source_bytes = 60'000;
  const auto program = cel::compile(expression, names, options);
  EXPECT_TRUE(program) << expression << program.error().message;
  cel::Arena arena;
  const cel::Value value = (*program)->evaluate(NoSource(), arena);
  EXPECT_TRUE(value.is(cel::Kind::kMap)) << expression;
  std::string out;
  const auto done = append_canonical_json(value, arena, out);
  return done ? out : "error: " + done.error().message;
}

TEST(CanonicalJson, EqualMapsGiveEqualText) {
  EXPECT_EQ(json_of(R"({"b": {"y": 1, "x": [1, 2]}, "a": true})"),
            R"({"a":true,"b":{"x":[1,2],"y":1}})");
  EXPECT_EQ(json_of(R"({"a": true, "b": {"x": [1, 2], "y": 1.0}})"),
            R"({"a":true,"b":{"x":[1,2],"y":1}})");
  EXPECT_EQ(json_of("{}"), "{}");
}

TEST(CanonicalJson, EveryKindOfValue) {
  const struct {
    const char* value;
    const char* json;
  } kRows[] = {
      {"null", "null"},
      {"-9223372036854775808", "-9223372036854775808"},
      {"18446744073709551615u", "18446744073709551615"},
      {"1.5", "1.5"},
      {"-0.0", "0"},
      {"1e300", "1e+300"},
      {R"("a\"\\\r\n\u0001é")", R"("a\"\\\r\n\u0001é")"},
      {R"(b"\xff\x00")", R"("/wA=")"},
      {R"(timestamp("2024-02-03T04:05:06.5Z"))", R"("2024-02-03T04:05:06.5Z")"},
      {R"(duration("1.5s"))", "1500000000"},
      {"[]", "[]"},
  };
  for (const auto& row : kRows)
    EXPECT_EQ(json_of(std::string("{'k': ") + row.value + "}"),
              std::string(R"({"k":)") + row.json + "}");
}

TEST(CanonicalJson, NamesThePlaceOfWhatCannotStandInAConfig) {
  EXPECT_EQ(json_of("{'http': {'header': {1: 'x'}}}"),
            "error: http.header: a key of type int; the keys of a config are texts");
  EXPECT_EQ(json_of("{'a': [{}, {'b': 0.0 / 0.0}]}"),
            "error: a[1].b: JSON has no infinity and no NaN");
  EXPECT_EQ(json_of("{'a': [1.0 / 0.0]}"), "error: a[0]: JSON has no infinity and no NaN");
  EXPECT_EQ(json_of("{'a': type(1)}"), "error: a: a value of type type cannot stand in a config");
  EXPECT_EQ(json_of("{true: 1}"), "error: a key of type bool; the keys of a config are texts");
}

std::string nested(int depth) {
  std::string out = "1";
  for (int i = 0; i < depth; ++i) out = "{'k': " + out + "}";
  return out;
}

TEST(CanonicalJson, TheLimitsHold) {
  EXPECT_EQ(json_of(nested(kMaxConfigDepth)).substr(0, 3), "{\"k");
  EXPECT_NE(json_of(nested(kMaxConfigDepth + 1)).find("nested more than 16 deep"),
            std::string::npos);

  // {"k":"..."} takes eight bytes beside the text.
  const auto text_of = [](std::size_t size) {
    return json_of("{'k': '" + std::string(size / 2, 'x') + "' + '" +
                   std::string(size - size / 2, 'x') + "'}");
  };
  // Sources are bounded too, so the text is made of the longest that are allowed.
  EXPECT_EQ(text_of(50'000).size(), 50'008u);
  const std::string half = "'" + std::string(kMaxConfigBytes / 4, 'x') + "'";
  EXPECT_NE(json_of("cel.bind(h, " + half + ", {'k': h + h + h + h})")
                .find("a config has at most 65536 bytes"),
            std::string::npos);
  EXPECT_NE(json_of("cel.bind(h, " + half + ", {'a': h, 'b': h, 'c': h, 'd': h})")
                .find("d: a config has at most 65536 bytes"),
            std::string::npos);
  // Escapes count as they are written.
  EXPECT_NE(json_of("cel.bind(h, b'" + std::string(12'500, 'x') + "', {'a': [h, h, h, h]})")
                .find("a[3]: a config has at most"),
            std::string::npos);

  // 1 map, 1 list, 16 lists of 255 numbers: 4098 values.
  const auto lists = [](int count, int size) {
    std::string inner = "[";
    for (int i = 0; i < size; ++i) inner += i == 0 ? "1" : ",1";
    std::string out = "cel.bind(l, " + inner + "], {'k': [";
    for (int i = 0; i < count; ++i) out += i == 0 ? "l" : ", l";
    return json_of(out + "]})");
  };
  EXPECT_EQ(lists(16, 254).substr(0, 6), R"({"k":[)");
  EXPECT_NE(lists(16, 255).find("a config has at most 4096 values"), std::string::npos);
}

TEST(CanonicalJson, AppendsWithinItsOwnLimit) {
  cel::Arena arena;
  std::string out(kMaxConfigBytes, ' ');
  ASSERT_TRUE(append_canonical_json(cel::Value::map(std::span<const cel::MapEntry>()), arena, out));
  EXPECT_TRUE(out.ends_with(" {}"));
}

}  // namespace
}  // namespace policy
