#include "policy/header_map.h"

#include <algorithm>

#include "policy/message_value.h"

namespace policy {
namespace {

using cel::Arena;
using cel::Value;

constexpr std::string_view kHost = "host";

Value lower_case(std::string_view text, Arena& arena) {
  constexpr auto is_upper = [](char c) { return c >= 'A' && c <= 'Z'; };
  if (std::ranges::none_of(text, is_upper)) return Value::string(text);
  char* out = arena.array<char>(text.size());
  if (out == nullptr) return Value::memory_limit();
  std::ranges::transform(
      text, out, [&](char c) { return is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c; });
  return Value::string({out, text.size()});
}

class HeaderMap final : public cel::MapView {
 public:
  HeaderMap(const HeaderSource* headers, bool has_lists)
      : headers_(headers), has_lists_(has_lists) {}

  std::size_t size() const override {
    std::size_t count = 0;
    for (std::size_t i = 0; i < headers_->size(); ++i) count += is_shown(i) ? 1 : 0;
    return count;
  }
  Value find(const Value& key, Arena& arena) const override {
    if (!key.is(cel::Kind::kString)) return Value::no_such_key();
    const Value name = lower_case(key.as_text(), arena);
    return name.is_error() ? name : value_of(name.as_text(), arena);
  }
  std::size_t search_steps() const override { return headers_->size() / 8; }
  bool next(cel::Cursor& cursor, Value& key, Value& value, Arena& arena) const override {
    while (cursor.position < headers_->size()) {
      const std::size_t index = cursor.position++;
      if (!is_shown(index)) continue;
      key = lower_case(headers_->name(index), arena);
      value = key.is_error() ? key : value_of(key.as_text(), arena);
      return true;
    }
    return false;
  }

 private:
  Value value_of(std::string_view lower_name, Arena& arena) const {
    return has_lists_ ? header_values(headers_, lower_name, arena)
                      : header_value(headers_, lower_name);
  }
  static bool same_name(std::string_view a, std::string_view b) {
    constexpr auto lower = [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    };
    return std::ranges::equal(a, b, {}, lower, lower);
  }
  bool is_shown(std::size_t index) const {
    const std::string_view name = headers_->name(index);
    if (same_header_name(name, kHost)) return false;
    for (std::size_t i = 0; i < index; ++i)
      if (same_name(headers_->name(i), name)) return false;
    return true;
  }

  const HeaderSource* headers_;
  bool has_lists_;
};

}  // namespace

Value header_value(const HeaderSource* headers, std::string_view lower_name) {
  if (headers == nullptr || lower_name == kHost) return Value::no_such_key();
  const auto value = headers->find(lower_name);
  return value ? Value::string(*value) : Value::no_such_key();
}

Value header_map(const HeaderSource* headers, Arena& arena) {
  if (headers == nullptr) return Value::map(std::span<const cel::MapEntry>());
  return make_map<HeaderMap>(arena, headers, false);
}

Value header_values(const HeaderSource* headers, std::string_view lower_name, Arena& arena) {
  if (headers == nullptr || lower_name == kHost) return Value::no_such_key();
  std::size_t count = 0;
  for (std::size_t i = 0; i < headers->size(); ++i)
    count += same_header_name(headers->name(i), lower_name) ? 1 : 0;
  if (count == 0) return Value::no_such_key();
  Value* values = arena.array<Value>(count);
  if (values == nullptr) return Value::memory_limit();
  Value* next = values;
  for (std::size_t i = 0; i < headers->size(); ++i)
    if (same_header_name(headers->name(i), lower_name)) *next++ = Value::string(headers->value(i));
  return Value::list(std::span<const Value>(values, count));
}

Value header_values_map(const HeaderSource* headers, Arena& arena) {
  if (headers == nullptr) return Value::map(std::span<const cel::MapEntry>());
  return make_map<HeaderMap>(arena, headers, true);
}

}  // namespace policy
