#include "resource/service_config.h"

#include <algorithm>

#include "resource/name.h"

namespace resource {

using Config = corev1::Service::Spec::Config;

const Config* find_config(const corev1::Service::Spec& spec, std::string_view name) {
  if (name == kDefault) return spec.has_config() ? &spec.config() : nullptr;
  const auto& configs = spec.dynamicconfig().configs();
  const auto found =
      std::ranges::find_if(configs, [&](const Config& config) { return config.name() == name; });
  return found == configs.end() ? nullptr : &*found;
}

Config merged_with_parent(const corev1::Service::Spec& spec, const Config& config) {
  Config merged;
  if (!config.parent().empty()) {
    if (const Config* parent = find_config(spec, config.parent())) merged = *parent;
  }
  merged.MergeFrom(config);
  // The parent's name is not inherited, nor is its own parent, which is not followed.
  merged.set_name(config.name());
  merged.set_parent(config.parent());
  return merged;
}

}  // namespace resource
