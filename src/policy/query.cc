#include "policy/query.h"

#include <algorithm>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "policy/message_value.h"

namespace policy {
namespace {

using cel::Arena;
using cel::Value;

std::optional<int> hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

bool is_plain(std::string_view text) { return text.find_first_of("%+") == std::string_view::npos; }

// nullopt: a broken escape. An error value: the arena is full.
std::optional<Value> decode(std::string_view text, Arena& arena) {
  if (is_plain(text)) return Value::string(text);
  char* out = arena.array<char>(text.size());
  if (out == nullptr) return Value::memory_limit();
  std::size_t size = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out[size++] = text[i] == '+' ? ' ' : text[i];
      continue;
    }
    const auto high = i + 2 < text.size() ? hex_digit(text[i + 1]) : std::nullopt;
    const auto low = high ? hex_digit(text[i + 2]) : std::nullopt;
    if (!low) return std::nullopt;
    out[size++] = static_cast<char>(*high * 16 + *low);
    i += 2;
  }
  return Value::string({out, size});
}

struct Pair {
  std::string_view key;
  std::string_view value;
};

// The next pair that is not empty, as written; nullopt at the end. `position` moves behind it.
std::optional<Pair> next_pair(std::string_view query, std::size_t& position) {
  while (position < query.size()) {
    const std::size_t end = std::min(query.find('&', position), query.size());
    const std::string_view pair = query.substr(position, end - position);
    position = end + 1;
    if (pair.empty()) continue;
    const std::size_t equals = std::min(pair.find('='), pair.size());
    return Pair{pair.substr(0, equals), pair.substr(std::min(equals + 1, pair.size()))};
  }
  return std::nullopt;
}

Value list_of(const std::vector<Value>& values, Arena& arena) {
  auto* kept = arena.array<Value>(values.size());
  if (kept == nullptr) return Value::memory_limit();
  std::ranges::copy(values, kept);
  return Value::list(std::span<const Value>(kept, values.size()));
}

}  // namespace

Value query_param(std::string_view query, std::string_view name, Arena& arena) {
  std::size_t position = 0;
  while (const auto pair = next_pair(query, position)) {
    if (is_plain(pair->key) && pair->key != name) continue;
    const auto key = decode(pair->key, arena);
    if (!key || (!key->is_error() && key->as_text() != name)) continue;
    if (key->is_error()) return *key;
    if (const auto value = decode(pair->value, arena)) return *value;
  }
  return Value::no_such_key();
}

Value query_map(std::string_view query, Arena& arena) {
  const auto most = static_cast<std::size_t>(std::ranges::count(query, '&')) + 1;
  auto* entries = arena.array<cel::MapEntry>(most);
  if (entries == nullptr) return Value::memory_limit();
  std::unordered_set<std::string_view> seen;
  std::size_t size = 0;
  std::size_t position = 0;
  while (const auto pair = next_pair(query, position)) {
    const auto key = decode(pair->key, arena);
    const auto value = key ? decode(pair->value, arena) : std::nullopt;
    if (!value) continue;
    if (key->is_error() || value->is_error()) return Value::memory_limit();
    if (seen.insert(key->as_text()).second) entries[size++] = {*key, *value};
  }
  return Value::map(std::span<const cel::MapEntry>(entries, size));
}

Value query_param_values(std::string_view query, std::string_view name, Arena& arena) {
  std::vector<Value> values;
  std::size_t position = 0;
  while (const auto pair = next_pair(query, position)) {
    if (is_plain(pair->key) && pair->key != name) continue;
    const auto key = decode(pair->key, arena);
    if (!key || (!key->is_error() && key->as_text() != name)) continue;
    const auto value = decode(pair->value, arena);
    if (!value) continue;
    if (key->is_error() || value->is_error()) return Value::memory_limit();
    values.push_back(*value);
  }
  return values.empty() ? Value::no_such_key() : list_of(values, arena);
}

Value query_values_map(std::string_view query, Arena& arena) {
  std::vector<std::pair<Value, std::vector<Value>>> names;
  std::unordered_map<std::string_view, std::size_t> numbers;  // into `names`
  std::size_t position = 0;
  while (const auto pair = next_pair(query, position)) {
    const auto key = decode(pair->key, arena);
    const auto value = key ? decode(pair->value, arena) : std::nullopt;
    if (!value) continue;
    if (key->is_error() || value->is_error()) return Value::memory_limit();
    const auto [number, is_new] = numbers.emplace(key->as_text(), names.size());
    if (is_new) names.push_back({*key, {}});
    names[number->second].second.push_back(*value);
  }
  auto* entries = arena.array<cel::MapEntry>(names.size());
  if (entries == nullptr) return Value::memory_limit();
  for (std::size_t i = 0; i < names.size(); ++i) {
    entries[i] = {names[i].first, list_of(names[i].second, arena)};
    if (entries[i].value.is_error()) return Value::memory_limit();
  }
  return Value::map(std::span<const cel::MapEntry>(entries, names.size()));
}

}  // namespace policy
