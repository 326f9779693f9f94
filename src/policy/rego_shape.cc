#include "policy/rego_shape.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>

namespace policy {
namespace {

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

struct Definition {
  std::set<std::string_view> words;  // of its bodies
  std::uint32_t offset = 0;
  bool is_function = false;
};
using Definitions = std::map<std::string_view, Definition>;

bool leads_to(const Definitions& all, std::string_view from, std::string_view target,
              std::set<std::string_view>& seen) {
  for (const std::string_view word : all.at(from).words) {
    if (word == target) return true;
    if (all.contains(word) && seen.insert(word).second && leads_to(all, word, target, seen))
      return true;
  }
  return false;
}

}  // namespace

std::optional<cel::Problem> find_bad_shape(std::string_view script) {
  Definitions all;
  Definition* current = nullptr;
  int depth = 0;
  bool at_start = true;  // of a line outside of all brackets
  for (std::size_t i = 0; i < script.size(); ++i) {
    const char c = script[i];
    const auto offset = static_cast<std::uint32_t>(i);
    if (c == '\0') return cel::Problem{offset, "a script has no NUL bytes"};
    if (c == '\n') {
      at_start = depth == 0;
    } else if (c == '#') {
      i = std::min(script.find('\n', i), script.size()) - 1;
    } else if (c == '"' || c == '`') {
      for (++i; i < script.size() && script[i] != c; ++i)
        if (c == '"' && script[i] == '\\') ++i;
    } else if (c == '[' || c == '{' || c == '(') {
      if (++depth > kMaxRegoNesting)
        return cel::Problem{offset,
                            fmt::format("brackets are nested more than {} deep", kMaxRegoNesting)};
    } else if (c == ']' || c == '}' || c == ')') {
      --depth;
    } else if (is_word(c)) {
      std::size_t end = i;
      while (end < script.size() && is_word(script[end])) ++end;
      const std::string_view word = script.substr(i, end - i);
      i = end - 1;
      if (at_start && word == "else") at_start = false;
      if (at_start && word != "default") {
        current = &all[word];
        if (current->offset == 0) current->offset = offset;
        const std::size_t next = script.find_first_not_of(" \t", end);
        current->is_function |= next != std::string_view::npos && script[next] == '(';
        at_start = false;
      } else if (current != nullptr) {
        current->words.insert(word);
      }
    }
  }
  for (const auto& [name, definition] : all) {
    std::set<std::string_view> seen;
    if (definition.is_function && leads_to(all, name, name, seen))
      return cel::Problem{definition.offset,
                          fmt::format("the function {} leads back to itself", name)};
  }
  return std::nullopt;
}

}  // namespace policy
