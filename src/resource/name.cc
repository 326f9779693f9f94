#include "resource/name.h"

#include <algorithm>

namespace resource {
namespace {

bool is_letter(char c) { return c >= 'a' && c <= 'z'; }
bool is_letter_or_digit(char c) { return is_letter(c) || (c >= '0' && c <= '9'); }

bool is_label_of_up_to(std::size_t limit, std::string_view text) {
  return text.size() >= 2 && text.size() <= limit && is_letter(text.front()) &&
         is_letter_or_digit(text.back()) && text.find("--") == std::string_view::npos &&
         std::ranges::all_of(text, [](char c) { return is_letter_or_digit(c) || c == '-'; });
}

bool is_dotted(std::string_view text, std::size_t max_labels) {
  if (text.size() > kMaxNameBytes) return false;
  for (std::size_t labels = 1; labels <= max_labels; ++labels) {
    const auto dot = text.find('.');
    if (!is_label(text.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
  return false;
}

}  // namespace

bool is_label(std::string_view text) { return is_label_of_up_to(kMaxLabelBytes, text); }

bool is_name(Kind kind, std::string_view text) {
  switch (kind) {
    case Kind::kService:
      return is_dotted(text, kMaxServiceLabels);
    case Kind::kPolicy:
      return is_dotted(text, kMaxPolicyLabels);
    case Kind::kSession:
    case Kind::kDevice:
    case Kind::kAuthenticator:
      return is_label_of_up_to(kMaxNameBytes, text);
    default:
      return is_label(text);
  }
}

std::string_view name_rule(Kind kind) {
  switch (kind) {
    case Kind::kService:
      return "one or two labels (`service` or `service.namespace`), each of 2 to 40 lower-case "
             "letters, digits and single hyphens, beginning with a letter and not ending with a "
             "hyphen";
    case Kind::kPolicy:
      return "one to six labels with dots between them, 128 bytes at most, each label of 2 to 40 "
             "lower-case letters, digits and single hyphens, beginning with a letter and not "
             "ending with a hyphen";
    case Kind::kSession:
    case Kind::kDevice:
    case Kind::kAuthenticator:
      return "2 to 128 lower-case letters, digits and single hyphens, beginning with a letter and "
             "not ending with a hyphen";
    default:
      return "2 to 40 lower-case letters, digits and single hyphens, beginning with a letter and "
             "not ending with a hyphen";
  }
}

std::string full_name(Kind kind, std::string_view name) {
  std::string full(name);
  if (kind == Kind::kService && !full.empty() && full.find('.') == std::string::npos) {
    full += '.';
    full += kDefault;
  }
  return full;
}

ServiceName split_service_name(std::string_view name) {
  const auto dot = name.find('.');
  if (dot == std::string_view::npos) return {name, kDefault};
  return {name.substr(0, dot), name.substr(dot + 1)};
}

std::string_view parent_policy_name(std::string_view name) {
  const auto dot = name.find('.');
  return dot == std::string_view::npos ? std::string_view{} : name.substr(dot + 1);
}

bool is_reserved_namespace(std::string_view name) {
  return name.starts_with("octelium") || name.starts_with("local") || name.starts_with("cordium");
}

}  // namespace resource
