#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace cel::testing {

// Makes an expression out of bytes: any bytes give an expression that parses, most give one that
// evaluates to something, and a change of one byte changes one choice. When the bytes run out the
// smallest alternatives are chosen, so it always ends.
class Generator {
 public:
  explicit Generator(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

  std::string expression() { return make(kAny, 0); }

 private:
  enum Sort : std::uint8_t { kAny, kBool, kNumber, kText, kList, kMap, kOptional, kSorts };
  static Sort sort_of(char letter);

  std::size_t choose(std::size_t alternatives);
  std::string make(Sort sort, std::size_t depth);
  std::string leaf(Sort sort);
  std::string fill(const char* pattern, std::size_t depth);

  std::span<const std::uint8_t> bytes_;
  std::vector<std::string> variables_;
};

// What a fuzzer's input stands for: after an odd byte the expression itself, else what a Generator
// makes of the rest.
std::string expression_of(std::span<const std::uint8_t> input);

}  // namespace cel::testing
