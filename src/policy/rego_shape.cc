#include "policy/rego_shape.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace policy {
namespace {

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

class Shape {
 public:
  explicit Shape(std::string_view script) : script_(script) {}

  std::optional<cel::Problem> find() {
    while (at_ < script_.size() && !problem_) step();
    return problem_;
  }

 private:
  // One pair of brackets, or what is outside of all.
  struct Level {
    int chain = 0;
    bool doubles = false;
  };

  void step() {
    const char c = script_[at_];
    const std::size_t begin = at_++;
    if (c == '\0') return fail(begin, "a script has no NUL bytes");
    if (is_space(c)) return;
    if (c == '#') {
      at_ = std::min(script_.find('\n', begin), script_.size());
      return;
    }
    count_token(begin);
    if (c == '"' || c == '`') {
      skip_string(c);
      operand();
    } else if (is_word(c)) {
      while (at_ < script_.size() && is_word(script_[at_])) ++at_;
      if (script_.substr(begin, at_ - begin) == "in") return link(begin);
      operand();
    } else if (c == '[' || c == '{' || c == '(') {
      open(c, begin);
    } else if (c == ']' || c == '}' || c == ')') {
      close();
    } else if (c == ',' || c == ';') {
      end_chain();
      after_operand_ = false;
    } else {
      link(begin);
    }
  }

  void fail(std::size_t at, std::string message) {
    if (!problem_) problem_ = {static_cast<std::uint32_t>(at), std::move(message)};
  }

  void count_token(std::size_t at) {
    tokens_ += std::uint64_t{1} << doubling_;
    if (tokens_ > kMaxRegoTokens)
      fail(at, "the script has too much within brackets that are within brackets");
  }

  void skip_string(char quote) {
    for (; at_ < script_.size() && script_[at_] != quote; ++at_)
      if (quote == '"' && script_[at_] == '\\') ++at_;
    at_ = std::min(at_ + 1, script_.size());
  }

  // Two beside one another: another expression begins.
  void operand() {
    if (after_operand_) end_chain();
    after_operand_ = true;
  }

  void link(std::size_t at) {
    after_operand_ = false;
    ++levels_.back().chain;
    if (++chain_ > kMaxRegoChain)
      fail(at, fmt::format("an expression has more than {} operators and members", kMaxRegoChain));
  }

  void end_chain() {
    chain_ -= levels_.back().chain;
    levels_.back().chain = 0;
  }

  void open(char bracket, std::size_t at) {
    const bool is_index = bracket == '[' && after_operand_ && !is_space(script_[at - 1]);
    if (is_index)
      link(at);
    else if (bracket != '(')
      operand();
    levels_.push_back({.doubles = bracket != '('});
    doubling_ += bracket != '(' ? 1 : 0;
    after_operand_ = false;
    if (levels_.size() > kMaxRegoNesting + 1)
      fail(at, fmt::format("brackets are nested more than {} deep", kMaxRegoNesting));
  }

  void close() {
    end_chain();
    if (levels_.size() > 1) {
      doubling_ -= levels_.back().doubles ? 1 : 0;
      levels_.pop_back();
    }
    after_operand_ = true;
  }

  std::string_view script_;
  std::size_t at_ = 0;
  std::vector<Level> levels_{1};
  int doubling_ = 0;  // levels that do
  int chain_ = 0;     // of all levels
  std::uint64_t tokens_ = 0;
  bool after_operand_ = false;
  std::optional<cel::Problem> problem_;
};

}  // namespace

std::optional<cel::Problem> find_bad_shape(std::string_view script) { return Shape(script).find(); }

}  // namespace policy
