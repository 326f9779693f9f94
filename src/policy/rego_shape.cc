#include "policy/rego_shape.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

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

// `import data.a.f as g`: what names `g` names `f`. Returns where the line ends.
std::size_t add_import(std::string_view script, std::size_t at, Definitions& all) {
  const std::size_t end = std::min(script.find('\n', at), script.size());
  std::vector<std::string_view> words;
  while (at < end) {
    const std::size_t begin = at;
    while (at < end && is_word(script[at])) ++at;
    if (at > begin) words.push_back(script.substr(begin, at - begin));
    if (at == begin) ++at;
  }
  if (words.size() > 2 && words[words.size() - 2] == "as")
    all[words.back()].words.insert(words.begin(), words.end() - 2);
  return end;
}

}  // namespace

std::optional<cel::Problem> find_bad_shape(std::string_view script) {
  Definitions all;
  Definition* current = nullptr;
  int depth = 0;
  bool at_start = true;                  // of a line outside of all brackets
  std::optional<std::uint32_t> escaped;  // a name in brackets that is not what it looks like
  for (std::size_t i = 0; i < script.size(); ++i) {
    const char c = script[i];
    const auto offset = static_cast<std::uint32_t>(i);
    if (c == '\0') return cel::Problem{offset, "a script has no NUL bytes"};
    if (c == '\n') {
      at_start = depth == 0;
    } else if (c == '#') {
      i = std::min(script.find('\n', i), script.size()) - 1;
    } else if (c == '"' || c == '`') {
      const bool is_member = i > 0 && script[i - 1] == '[';
      const std::size_t begin = i + 1;
      for (++i; i < script.size() && script[i] != c; ++i)
        if (c == '"' && script[i] == '\\') ++i;
      const std::string_view name = script.substr(begin, std::min(i, script.size()) - begin);
      if (is_member && current != nullptr) current->words.insert(name);  // data.a["f"](x)
      if (is_member && !escaped && name.find('\\') != std::string_view::npos) escaped = offset;
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
      if (at_start && word == "import") {
        i = add_import(script, end, all) - 1;
        continue;
      }
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
  const bool has_functions =
      std::ranges::any_of(all, [](const auto& each) { return each.second.is_function; });
  if (escaped && has_functions)
    return cel::Problem{*escaped,
                        "beside functions, a name in brackets is written without escapes"};
  for (const auto& [name, definition] : all) {
    std::set<std::string_view> seen;
    if (definition.is_function && leads_to(all, name, name, seen))
      return cel::Problem{definition.offset,
                          fmt::format("the function {} leads back to itself", name)};
  }
  return std::nullopt;
}

}  // namespace policy
