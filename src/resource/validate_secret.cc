#include <fmt/format.h>

#include "resource/position.h"
#include "resource/quoted.h"
#include "resource/validate_parts.h"

namespace resource {
namespace {

constexpr std::size_t kMaxSecretBytes = 512u << 10;
constexpr std::size_t kMaxConfigBytes = 3u << 20;
constexpr std::size_t kMaxEntries = 256;
constexpr std::size_t kMaxKeyBytes = 256;

// `Data` holds `value` or `valueBytes`; only its size is ever looked at.
template <typename Data>
bool check_value(Checker& check, const std::string& path, const Data& data, std::size_t limit) {
  const bool is_text = data.type_case() == Data::kValue;
  const std::string& value = is_text ? data.value() : data.valuebytes();
  const std::string at = path + (is_text ? ".value" : ".valueBytes");
  if (value.empty()) return check.fail(at, "is empty");
  return check.fits(at, value, limit);
}

void check_data_map(Checker& check, const corev1::Config::Data::DataMap& data) {
  const std::string path = "data.dataMap.map";
  if (data.map().empty()) check.fail(path, "must hold at least one entry");
  check.at_most(path, data.map().size(), kMaxEntries, "entries");
  std::size_t total = 0;
  for (const auto& [key, value] : data.map()) {
    const std::string at = path + map_step(key);
    if (key.empty() || key.size() > kMaxKeyBytes)
      check.fail(at, fmt::format("a key has 1 to {} bytes, not {}", kMaxKeyBytes, key.size()));
    if (value.empty()) check.fail(at, "is empty");
    total += key.size() + value.size();
  }
  if (total > kMaxConfigBytes)
    check.fail(path, fmt::format("keys and values have {} bytes; at most {} are allowed", total,
                                 kMaxConfigBytes));
}

}  // namespace

void check_secret(Checker& check, const corev1::Secret& secret) {
  if (secret.data().type_case() == corev1::Secret::Data::TYPE_NOT_SET) {
    check.fail("data", "must be set, to value or valueBytes");
  } else {
    check_value(check, "data", secret.data(), kMaxSecretBytes);
  }
  if (!secret.spec().has_data()) return;
  if (secret.spec().data().type_case() == corev1::Secret::Spec::Data::TYPE_NOT_SET) {
    check.fail("spec.data", "must have value or valueBytes");
  } else {
    check_value(check, "spec.data", secret.spec().data(), kMaxSecretBytes);
  }
}

void check_config(Checker& check, const corev1::Config& config) {
  const corev1::Config::Data& data = config.data();
  switch (data.type_case()) {
    case corev1::Config::Data::kValue:
    case corev1::Config::Data::kValueBytes:
      check_value(check, "data", data, kMaxConfigBytes);
      return;
    case corev1::Config::Data::kDataMap:
      return check_data_map(check, data.datamap());
    case corev1::Config::Data::kAttrs:
      if (data.attrs().fields().empty())
        check.fail("data.attrs", "must hold at least one attribute");
      check.is_attrs("data.attrs", data.attrs());
      return;
    case corev1::Config::Data::TYPE_NOT_SET:
      break;
  }
  check.fail("data", "must be set, to one of value, valueBytes, dataMap and attrs");
}

}  // namespace resource
