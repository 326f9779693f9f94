#pragma once

#include <string_view>

#include "resource/kind.h"

namespace resource {

// The named config, or the default one for "default"; nullptr when there is none.
const corev1::Service::Spec::Config* find_config(const corev1::Service::Spec& spec,
                                                 std::string_view name);

// The config over the one its `parent` names, by the rules of protobuf merging: values that are set
// replace, messages merge, lists are joined, the parent's first. The parent's own parent is not
// followed. Without a parent, or with one that does not exist, the config as it is.
corev1::Service::Spec::Config merged_with_parent(const corev1::Service::Spec& spec,
                                                 const corev1::Service::Spec::Config& config);

}  // namespace resource
