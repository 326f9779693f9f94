#include "resource/checker.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>

#include "base/suggest.h"
#include "resource/duration.h"
#include "resource/name.h"
#include "resource/position.h"
#include "resource/quoted.h"
#include "resource/validate.h"

namespace resource {
namespace {

constexpr std::chrono::milliseconds kShortestDuration = std::chrono::seconds(1);
constexpr std::chrono::milliseconds kLongestDuration = std::chrono::hours(24) * 100 * 12 * 30;
constexpr std::size_t kMaxAttrsBytes = 20'000;
constexpr std::size_t kMaxAttributeNameBytes = 100;

bool is_attribute_name(std::string_view name) {
  const auto is_lower = [](char c) { return c >= 'a' && c <= 'z'; };
  return !name.empty() && name.size() <= kMaxAttributeNameBytes && is_lower(name.front()) &&
         std::ranges::all_of(name, [&](char c) {
           return is_lower(c) || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
         });
}

// "; did you mean "allow-all"?" when something of that kind is nearly called so.
std::string suggestion(const References& references, Kind kind, std::string_view name) {
  std::vector<std::string> names;
  references.for_each(kind, [&](const Message& message) {
    if (!metadata_of(message).issystemhidden()) names.push_back(metadata_of(message).name());
    return References::Visit::kContinue;
  });
  const std::vector<std::string_view> candidates(names.begin(), names.end());
  const auto nearest = base::nearest(name, candidates);
  return nearest.empty() ? "" : fmt::format("; did you mean {}?", quoted(nearest));
}

}  // namespace

std::string indexed(std::string_view path, int index) { return fmt::format("{}[{}]", path, index); }

bool Checker::fail(std::string path, std::string message, base::Code code) {
  if (problems_.size() < kMaxProblems)
    problems_.push_back({code, std::move(path), std::move(message)});
  return false;
}

bool Checker::at_most(const std::string& path, std::size_t count, std::size_t limit,
                      std::string_view what) {
  return count <= limit ||
         fail(path, fmt::format("holds {} {}; at most {} are allowed", count, what, limit));
}

bool Checker::fits(const std::string& path, std::string_view text, std::size_t limit) {
  return text.size() <= limit ||
         fail(path, fmt::format("has {} bytes; at most {} are allowed", text.size(), limit));
}

bool Checker::is_ascii(const std::string& path, std::string_view text, std::size_t limit) {
  if (text.empty()) return fail(path, "must be set");
  if (!fits(path, text, limit)) return false;
  return std::ranges::none_of(
             text, [](char c) { return (static_cast<unsigned char>(c) & 0x80u) != 0; }) ||
         fail(path, fmt::format("{} has a character that is not ASCII", quoted(text)));
}

bool Checker::is_label(const std::string& path, std::string_view text) {
  return resource::is_label(text) ||
         fail(path, fmt::format("{} is not a name: {}", quoted(text), name_rule(Kind::kSecret)));
}

bool Checker::is_name_of(const std::string& path, Kind kind, std::string_view name) {
  if (name.empty()) return fail(path, fmt::format("must name a {}", kind_name(kind)));
  if (!is_name(kind, name))
    return fail(path, fmt::format("{} is not a name: {}", quoted(name), name_rule(kind)));
  return references_.exists(kind, name) ||
         fail(path, fmt::format("the {} {} does not exist{}", kind_name(kind), quoted(name),
                                suggestion(references_, kind, name)));
}

bool Checker::is_secret(const std::string& path, std::string_view name) {
  if (name.empty()) return fail(path, "must name a Secret in fromSecret");
  return is_name_of(path + ".fromSecret", Kind::kSecret, name);
}

bool Checker::is_duration(const std::string& path, const metav1::Duration& duration) {
  const auto length = length_of(duration);
  return (length >= kShortestDuration && length <= kLongestDuration) ||
         fail(path, fmt::format("{} is not between 1 second and 100 years", to_string(duration)));
}

bool Checker::is_attrs(const std::string& path, const google::protobuf::Struct& attrs) {
  const std::size_t size = attrs.ByteSizeLong();
  if (size > kMaxAttrsBytes)
    return fail(path, fmt::format("takes {} bytes; at most {} are allowed", size, kMaxAttrsBytes));
  return has_attribute_names(path, attrs);
}

// Objects inside lists are not looked into, as the reference does not. The depth is bounded by the
// limits of the readers, files and gRPC alike.
bool Checker::has_attribute_names(const std::string& path, const google::protobuf::Struct& attrs) {
  bool fine = true;
  for (const auto& [name, value] : attrs.fields()) {
    if (!is_attribute_name(name)) {
      fine = fail(path, fmt::format("{} is not the name of an attribute: 1 to 100 letters and "
                                    "digits, beginning with a lower-case letter",
                                    quoted(name)));
    } else if (value.has_struct_value()) {
      fine = has_attribute_names(path + "." + name, value.struct_value()) && fine;
    }
  }
  return fine;
}

}  // namespace resource
