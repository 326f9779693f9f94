#include "policy/json_body.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>

namespace policy {
namespace {

using cel::Arena;
using cel::Value;

std::string member(const JsonBody& body, std::string_view name) {
  Arena arena;
  const Value object = body.value(arena);
  if (!object.is(cel::Kind::kMap)) return "no object";
  const Value value = object.map_find(Value::string(name), arena);
  return value.is(cel::Kind::kString) ? std::string(value.as_text()) : "none";
}

std::string object_of(std::size_t keys, std::string_view last) {
  std::string out = "{";
  for (std::size_t i = 0; i + 1 < keys; ++i) out += "\"k" + std::to_string(i) + "\":0,";
  return out + "\"" + std::string(last) + "\":\"last\"}";
}

TEST(JsonBody, RefusesAKeyTwiceInSmallAndLargeObjects) {
  for (const std::size_t keys : {2, 7, 8, 9, 10, 100}) {
    const JsonBody fine(object_of(keys, "other"));
    EXPECT_EQ(fine.problem(), "") << keys;
    EXPECT_EQ(member(fine, "other"), "last") << keys;
    EXPECT_EQ(JsonBody(object_of(keys, "k0")).problem(), "the body has the same key twice") << keys;
    const std::string inner = "{\"a\":[" + object_of(keys, "k0") + "]}";
    EXPECT_EQ(JsonBody(inner).problem(), "the body has the same key twice") << keys;
  }
}

// Buffers pass from body to body; what was in them does not.
TEST(JsonBody, SeesNothingOfTheBodyBefore) {
  EXPECT_EQ(member(JsonBody(R"({"secret": "of another request", "a": "1"})"), "secret"),
            "of another request");
  EXPECT_EQ(member(JsonBody(R"({"b": "2"})"), "secret"), "none");
  EXPECT_EQ(member(JsonBody(R"({"secret": )"), "secret"), "no object");
  EXPECT_EQ(member(JsonBody(""), "secret"), "no object");
  EXPECT_EQ(member(JsonBody("null"), "secret"), "none");
  EXPECT_EQ(member(JsonBody(std::string(3 << 20, ' ')), "secret"), "no object");
  // Two at a time, the first going last, on another thread than it came from.
  auto first = std::make_unique<JsonBody>(R"({"x": "first"})");
  const JsonBody second(R"({"x": "second"})");
  EXPECT_EQ(member(*first, "x"), "first");
  EXPECT_EQ(member(second, "x"), "second");
  std::thread([&] { first.reset(); }).join();
  EXPECT_EQ(member(JsonBody(object_of(1000, "x")), "x"), "last");
  EXPECT_EQ(member(second, "x"), "second");
}

TEST(JsonBody, KeepsItsDepthLimitWhateverCameBefore) {
  const auto nested = [](int depth) {
    return "{\"a\":" + std::string(depth, '[') + std::string(depth, ']') + "}";
  };
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(JsonBody(nested(62)).problem(), "");
    EXPECT_EQ(JsonBody(nested(64)).problem(), "the body is nested more than 64 deep");
    EXPECT_EQ(JsonBody("{}").problem(), "");
  }
}

}  // namespace
}  // namespace policy
