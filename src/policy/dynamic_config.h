#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "policy/condition.h"

namespace policy {

// The rules of a Service's `dynamicConfig`, compiled, and its configs with their parents merged in.
// Immutable, shared by threads.
class DynamicConfig {
 public:
  using Config = corev1::Service::Spec::Config;

  // Problems go to `problems`, if given, with paths from "spec". A Service without dynamicConfig
  // has only its default config.
  static std::shared_ptr<const DynamicConfig> compile(
      const corev1::Service& service, std::vector<resource::Problem>* problems = nullptr);

  // The default config is at 0, the named ones follow in order. What the gateway derives from a
  // config (pools, header edits) it keeps in a vector of the same indexes.
  const std::vector<Config>& configs() const { return configs_; }
  bool has_default() const { return has_default_; }

  // The index of the config for an authorised request: that of the first rule that matches. A
  // rule whose condition fails is passed over.
  std::size_t choose(RequestContext& context) const;

  bool reads_body() const { return reads_body_; }

 private:
  struct Rule {
    Condition condition;
    std::size_t config;
  };

  std::vector<Config> configs_;
  std::vector<Rule> rules_;
  bool has_default_ = false;
  bool reads_body_ = false;
};

// The child over its parent: what is set replaces, messages merge, lists are the parent's followed
// by the child's. The parent's own parent is not followed.
DynamicConfig::Config merge_parent(const corev1::Service::Spec& spec,
                                   const DynamicConfig::Config& config);

}  // namespace policy
