#include "identity/token_source.h"

#include <algorithm>
#include <optional>

namespace identity {
namespace {

// `name` in lower case.
bool is_named(std::string_view field, std::string_view name) {
  return std::ranges::equal(field, name, [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + 32) : a) == b;
  });
}

// Collects the one value of a source.
class OneValue {
 public:
  void add(std::string_view value) {
    if (value_ && *value_ != value) value = {};
    value_ = value;
  }
  bool found() const { return value_.has_value(); }
  std::string_view get() const { return *value_; }

 private:
  std::optional<std::string_view> value_;
};

std::string_view trim(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

// RFC 6265 §5.4: `name=value` pairs separated by semicolons; HTTP/2 may split them over fields.
void add_cookies(std::string_view field, std::string_view name, OneValue& values) {
  while (!field.empty()) {
    const std::string_view pair = trim(field.substr(0, field.find(';')));
    const auto equals = pair.find('=');
    if (equals != std::string_view::npos && pair.substr(0, equals) == name)
      values.add(pair.substr(equals + 1));
    const auto end = field.find(';');
    if (end == std::string_view::npos) return;
    field.remove_prefix(end + 1);
  }
}

FoundToken find(const http::FieldList& fields, std::string_view header, std::string_view cookie,
                bool accept_bearer) {
  constexpr std::string_view kBearer = "Bearer ";
  OneValue in_header;
  OneValue in_cookie;
  OneValue in_authorization;
  for (const http::Field& field : fields) {
    switch (field.id) {
      case http::FieldId::kXOctelium:
        if (is_named(field.name, header)) in_header.add(field.value);
        break;
      case http::FieldId::kCookie:
        add_cookies(field.value, cookie, in_cookie);
        break;
      case http::FieldId::kAuthorization:
        if (accept_bearer && field.value.starts_with(kBearer))
          in_authorization.add(field.value.substr(kBearer.size()));
        break;
      default:
        break;
    }
  }
  if (in_header.found()) return {TokenSource::kHeader, in_header.get()};
  if (in_cookie.found()) return {TokenSource::kCookie, in_cookie.get()};
  if (in_authorization.found()) return {TokenSource::kBearer, in_authorization.get()};
  return {};
}

}  // namespace

FoundToken find_token(const http::FieldList& fields) {
  return find(fields, "x-octelium-auth", "octelium_auth", true);
}

FoundToken find_refresh_token(const http::FieldList& fields) {
  return find(fields, "x-octelium-refresh-token", "octelium_rt", false);
}

}  // namespace identity
