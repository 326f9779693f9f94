#include "policy/rego_shape.h"

#include <gtest/gtest.h>

namespace policy {
namespace {

TEST(RegoShape, RefusesWhatTheEngineWouldNotSurvive) {
  using namespace std::string_literals;
  for (const std::string& script :
       {"match := 1\0"s, "f(n) := [f(n)]"s, "f(n) := 0 if n == 0\nelse := f(n - 1)"s,
        "f(n) := g(n)\nr := f(1)\ng(n) := r"s, "package a\nimport data.a.f as g\nf(n) := [g(n)]"s,
        "package a\nf(n) := [data.a[\"f\"](n)]"s, "package a\nf(n) := [data.a[\"\\u0066\"](n)]"s,
        "f(n) := g(n) with g as f\ng(n) := n"s,
        "x := " + std::string(13, '[') + "1" + std::string(13, ']')})
    EXPECT_TRUE(find_bad_shape(script)) << script;
}

TEST(RegoShape, AcceptsWhatIsNone) {
  using namespace std::string_literals;
  for (const std::string& script :
       {"match if f(1)\nf(n) := n + 1\nf(n) := 2 if { n == \"f(\" } # f("s,
        "import data.a.f as g\nf(n) := n\nmatch if g(1)"s, "match if input.a[\"\\n\"]"s,
        "default match := false\nmatch if { input.a }\nmatch if { input.b }"s,
        "x := " + std::string(12, '[') + "1" + std::string(12, ']')})
    EXPECT_FALSE(find_bad_shape(script)) << script;
}

}  // namespace
}  // namespace policy
