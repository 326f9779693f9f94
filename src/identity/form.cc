#include "identity/form.h"

namespace identity {
namespace {

constexpr std::size_t kMaxFields = 64;

int nibble(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

base::Result<std::string> decode_form_text(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      out.push_back(' ');
    } else if (text[i] != '%') {
      out.push_back(text[i]);
    } else {
      const int high = i + 2 < text.size() ? nibble(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? nibble(text[i + 2]) : -1;
      if (high < 0 || low < 0)
        return base::fail_invalid("form_malformed", "the form has a broken percent escape");
      out.push_back(static_cast<char>(high * 16 + low));
      i += 2;
    }
  }
  return out;
}

base::Result<std::vector<std::pair<std::string, base::Secret>>> parse_form(std::string_view body) {
  std::vector<std::pair<std::string, base::Secret>> fields;
  while (!body.empty()) {
    const std::string_view pair = body.substr(0, body.find('&'));
    body.remove_prefix(std::min(pair.size() + 1, body.size()));
    if (pair.empty()) continue;
    if (fields.size() == kMaxFields)
      return base::fail_invalid("form_malformed", "the form has too many fields");
    const auto equals = pair.find('=');
    BASE_ASSIGN(auto name, decode_form_text(pair.substr(0, equals)));
    BASE_ASSIGN(auto value,
                decode_form_text(equals == std::string_view::npos ? std::string_view{}
                                                                  : pair.substr(equals + 1)));
    fields.emplace_back(std::move(name), base::Secret(std::move(value)));
  }
  return fields;
}

}  // namespace identity
