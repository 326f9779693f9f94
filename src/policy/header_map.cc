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
  explicit HeaderMap(const HeaderSource* headers) : headers_(headers) {}

  std::size_t size() const override {
    std::size_t count = 0;
    for (std::size_t i = 0; i < headers_->size(); ++i) count += is_shown(i) ? 1 : 0;
    return count;
  }
  Value find(const Value& key, Arena& arena) const override {
    if (!key.is(cel::Kind::kString)) return Value::no_such_key();
    const Value name = lower_case(key.as_text(), arena);
    return name.is_error() ? name : header_value(headers_, name.as_text());
  }
  bool next(cel::Cursor& cursor, Value& key, Value& value, Arena& arena) const override {
    while (cursor.position < headers_->size()) {
      const std::size_t index = cursor.position++;
      if (!is_shown(index)) continue;
      key = lower_case(headers_->name(index), arena);
      value = Value::string(headers_->value(index));
      return true;
    }
    return false;
  }

 private:
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
};

}  // namespace

Value header_value(const HeaderSource* headers, std::string_view lower_name) {
  if (headers == nullptr || lower_name == kHost) return Value::no_such_key();
  const auto value = headers->find(lower_name);
  return value ? Value::string(*value) : Value::no_such_key();
}

Value header_map(const HeaderSource* headers, Arena& arena) {
  if (headers == nullptr) return Value::map(std::span<const cel::MapEntry>());
  return make_map<HeaderMap>(arena, headers);
}

}  // namespace policy
