// The planner and evaluator against the Oracle, on every small expression and on random ones.
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "cel/testing/comparison.h"
#include "cel/testing/generator.h"

namespace cel::testing {
namespace {

// Under a sanitizer only every so many expressions are tried; the release build tries all.
#ifdef NDEBUG
constexpr std::size_t kStride = 1;
#else
constexpr std::size_t kStride = 41;
#endif

constexpr const char* kLeaves[] = {
    "0", "1u", "-0.5", "true", "null", "[]", R"({"a": "b"})", R"("a")", "items", "absent"};
// `%` stands for an operand.
constexpr const char* kUnary[] = {"!(%)",       "-(%)",   "[%]",     R"({"a": %})",   "(%).a",
                                  "has((%).a)", "(%).?a", "size(%)", "optional.of(%)"};
constexpr const char* kBinary[] = {"(%) == (%)",
                                   "(%) != (%)",
                                   "(%) < (%)",
                                   "(%) + (%)",
                                   "(%) - (%)",
                                   "(%) / (%)",
                                   "(%) in (%)",
                                   "(%) && (%)",
                                   "(%) || (%)",
                                   "(%)[%]",
                                   "(%)[?%]",
                                   "(%).exists(x, (%) == x)",
                                   "(%).all(x, %)",
                                   "(%).map(x, [x, %])",
                                   "(%).orValue(%)",
                                   "(%).hasAll(%)",
                                   "cel.bind(x, %, [x, %])",
                                   "(%).startsWith(%)",
                                   "[(%), ?(%)]",
                                   "{(%): 1, (%): 2}"};

std::string fill(std::string_view pattern, std::initializer_list<std::string_view> operands) {
  std::string out;
  auto next = operands.begin();
  for (const char c : pattern) {
    if (c == '%') {
      out += *next++;
    } else {
      out += c;
    }
  }
  return out;
}

class Exhaustive {
 public:
  // All expressions of the small grammar with up to two operators.
  void run() {
    const std::vector<std::string> none(std::begin(kLeaves), std::end(kLeaves));
    for (const std::string& source : none) compare(source);
    std::vector<std::string> one;
    extend(none, none, [&](std::string source) { one.push_back(std::move(source)); });
    for (const std::string& source : one) compare(source);
    for (const std::string& operand : one)
      for (const char* pattern : kUnary) compare(fill(pattern, {operand}));
    for (const std::string& big : one)
      for (const std::string& leaf : none)
        for (const char* pattern : kBinary) {
          compare(fill(pattern, {big, leaf}));
          compare(fill(pattern, {leaf, big}));
        }
    for (const std::string& a : none)
      for (const std::string& b : none)
        for (const std::string& c : none) compare(fill("(%) ? (%) : (%)", {a, b, c}));
  }

  std::size_t tried() const { return tried_; }
  const Comparison::Counts& counts() const { return comparison_.counts(); }

 private:
  template <typename Take>
  void extend(const std::vector<std::string>& left, const std::vector<std::string>& right,
              Take take) {
    for (const std::string& a : left) {
      for (const char* pattern : kUnary) take(fill(pattern, {a}));
      for (const std::string& b : right)
        for (const char* pattern : kBinary) take(fill(pattern, {a, b}));
    }
  }

  void compare(const std::string& source) {
    if (tried_++ % kStride != 0) return;
    const std::string difference = comparison_.difference(source, Checks::kSyntax);
    if (difference.empty()) return;
    if (++failures_ <= 20) ADD_FAILURE() << difference;
  }

  Comparison comparison_;
  std::size_t tried_ = 0;
  std::size_t failures_ = 0;
};

TEST(Oracle, AgreesOnEverySmallExpression) {
  Exhaustive all;
  all.run();
  EXPECT_EQ(all.tried(), 857'910u);
  EXPECT_GT(all.counts().agreed, all.tried() / kStride * 9 / 10);
}

TEST(Oracle, AgreesOnRandomExpressions) {
  constexpr std::size_t kExpressions = 200'000 / kStride;
  std::mt19937 random(20'260'304);
  Comparison comparison;
  std::vector<std::uint8_t> bytes;
  std::size_t failures = 0;
  for (std::size_t i = 0; i < kExpressions && failures < 20; ++i) {
    bytes.resize(8 + random() % 120);
    for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random());
    const std::string source = Generator(bytes).expression();
    for (const Checks checks : {Checks::kAll, Checks::kSyntax}) {
      const std::string difference = comparison.difference(source, checks);
      if (difference.empty()) continue;
      ++failures;
      ADD_FAILURE() << difference;
    }
  }
  EXPECT_GT(comparison.counts().agreed, kExpressions);
  EXPECT_LT(comparison.counts().unbounded, kExpressions / 20);
}

}  // namespace
}  // namespace cel::testing
