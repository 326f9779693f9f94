#include "policy/rego_shape.h"

#include <gtest/gtest.h>

namespace policy {
namespace {

using namespace std::string_literals;

std::string repeated(std::string_view text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += text;
  return out;
}

TEST(RegoShape, RefusesWhatTheEngineWouldNotSurvive) {
  for (const std::string& script :
       {"match := 1\0"s, "x := " + repeated("[", 13) + "1" + repeated("]", 13),
        "x := 1" + repeated("+1", kMaxRegoChain), "x := 1" + repeated("\n+ 1", kMaxRegoChain),
        "x := y" + repeated(".a", kMaxRegoChain), "x := y" + repeated("[1]", kMaxRegoChain),
        "x := 1" + repeated(" in [1]", kMaxRegoChain), "x := " + repeated("- ", kMaxRegoChain),
        "x := " + repeated("1+(1", 11) + repeated("+1", kMaxRegoChain) + repeated(")", 11),
        "x := " + repeated("[", 11) + repeated("1,", 500) + "1" + repeated("]", 11),
        repeated("x := [[[[[[[[[y]]]]]]]]]\n", 600)})
    EXPECT_TRUE(find_bad_shape(script)) << script.substr(0, 100);
}

TEST(RegoShape, AcceptsWhatIsNone) {
  for (const std::string& script :
       {"default match := false\nmatch if { input.a }\nmatch if { input.b }"s,
        "x := " + repeated("[", 12) + "1" + repeated("]", 12),
        "x := 1" + repeated("+1", kMaxRegoChain - 2), "x := [" + repeated("\"a b\", ", 2000) + "]",
        "match if {\n" + repeated("  input.a[\"b\"] == f(1) + 2\n", 700) + "}",
        "match if { " + repeated("input.a == 1; ", 700) + "}",
        "x := {" + repeated("\"a\": {\"b\": [1, 2, {\"c\": 3}]}, ", 400) + "}",
        "x := \"" + repeated("[+", 2000) + "\" # " + repeated("[+", 2000)})
    EXPECT_FALSE(find_bad_shape(script)) << script << find_bad_shape(script)->message;
}

}  // namespace
}  // namespace policy
