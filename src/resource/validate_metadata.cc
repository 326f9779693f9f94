#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/random.h"
#include "resource/name.h"
#include "resource/position.h"
#include "resource/quoted.h"
#include "resource/shadow.h"
#include "resource/validate_parts.h"

namespace resource {
namespace {

constexpr std::size_t kMaxDisplayNameBytes = 100;
constexpr std::size_t kMaxDescriptionBytes = 1024;
constexpr std::size_t kMaxLabels = 64;
constexpr std::size_t kMaxLabelValueBytes = 32;
constexpr std::size_t kMaxAnnotations = 64;
constexpr std::size_t kMaxAnnotationBytes = 63;
constexpr std::size_t kMaxTags = 64;

bool has(const Message& message, const char* field) {
  const auto* descriptor = message.GetDescriptor()->FindFieldByName(field);
  return descriptor != nullptr && message.GetReflection()->HasField(message, descriptor);
}

bool is_label_value(std::string_view text) {
  const auto is_letter_or_digit = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
  };
  return !text.empty() && text.size() <= kMaxLabelValueBytes && is_letter_or_digit(text.front()) &&
         std::ranges::all_of(text, [&](char c) { return is_letter_or_digit(c) || c == '-'; });
}

void check_name(Checker& check, Kind kind, const std::string& name) {
  if (name.empty()) {
    // The cluster names Sessions, and there is one ClusterConfig: both are found without a name.
    if (kind != Kind::kSession && kind != Kind::kClusterConfig)
      check.fail("metadata.name", "must be set");
  } else if (!is_name(kind, name)) {
    check.fail("metadata.name", fmt::format("{} is not the name of a {}: {}", quoted(name),
                                            kind_name(kind), name_rule(kind)));
  }
}

void check_labels(Checker& check, const metav1::Metadata& metadata) {
  check.at_most("metadata.labels", static_cast<std::size_t>(metadata.labels_size()), kMaxLabels,
                "labels");
  for (const auto& [key, value] : metadata.labels()) {
    const std::string path = "metadata.labels" + map_step(key);
    if (check.is_label(path, key) && !is_label_value(value))
      check.fail(path, fmt::format("{} is not the value of a label: 1 to 32 lower-case letters, "
                                   "digits and hyphens, not beginning with a hyphen",
                                   quoted(value)));
  }
}

void check_annotations(Checker& check, const metav1::Metadata& metadata) {
  check.at_most("metadata.annotations", static_cast<std::size_t>(metadata.annotations_size()),
                kMaxAnnotations, "annotations");
  for (const auto& [key, value] : metadata.annotations()) {
    const std::string path = "metadata.annotations" + map_step(key);
    if (check.is_label(path, key))
      check.fits(path, value, key == kShadowAnnotation ? kMaxShadowBytes : kMaxAnnotationBytes);
  }
}

void check_tags(Checker& check, const metav1::Metadata& metadata) {
  check.at_most("metadata.tags", static_cast<std::size_t>(metadata.tags_size()), kMaxTags, "tags");
  std::set<std::string_view> seen;
  for (int i = 0; i < metadata.tags_size(); ++i) {
    const std::string& tag = metadata.tags(i);
    if (check.is_label(indexed("metadata.tags", i), tag) && !seen.insert(tag).second)
      check.fail(indexed("metadata.tags", i), fmt::format("{} is there twice", quoted(tag)));
  }
}

}  // namespace

void check_metadata(Checker& check, Kind kind, const Message& resource) {
  if (!has(resource, "metadata")) {
    check.fail("metadata", "Resource metadata must be set");
  } else {
    const metav1::Metadata& metadata = metadata_of(resource);
    check_name(check, kind, metadata.name());
    if (!metadata.uid().empty() && !base::is_uuid_v4(metadata.uid()))
      check.fail("metadata.uid", fmt::format("{} is not a UUID v4", quoted(metadata.uid())));
    check.fits("metadata.displayName", metadata.displayname(), kMaxDisplayNameBytes);
    check.fits("metadata.description", metadata.description(), kMaxDescriptionBytes);
    check_labels(check, metadata);
    check_annotations(check, metadata);
    check_tags(check, metadata);
  }
  if (!has(resource, "spec"))
    check.fail("spec", "Resource spec must be set; {} is enough where nothing is to be said");
}

}  // namespace resource
