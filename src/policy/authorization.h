#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "policy/policy_set.h"

namespace policy {

// The `spec.authorization` block of a Service, Namespace, User, Group, Session, Device or
// ClusterConfig: names of Policies, and inline policies, which are compiled. Immutable.
class Authorization {
 public:
  // nullptr when `owner` has no block, or an empty one.
  static std::shared_ptr<const Authorization> compile(const resource::Message& owner);
  // What a PolicyTrigger brings in, in the name of its owner.
  static std::shared_ptr<const Authorization> compile_trigger(const corev1::PolicyTrigger& trigger);

  const std::vector<std::string>& names() const { return names_; }
  const std::vector<std::shared_ptr<const CompiledPolicy>>& inline_policies() const {
    return inline_policies_;
  }
  // Whether `policy` is named or is the parent of one that is: when it changes, RuleLists made
  // from this block are to be made again.
  bool depends_on(std::string_view policy) const;

 private:
  std::vector<std::string> names_;
  std::vector<std::shared_ptr<const CompiledPolicy>> inline_policies_;
};

// An Authorization with its names looked up in a PolicySet: every rule that it contributes to a
// decision, those of parents included, in the order they are asked. Immutable, shared by threads;
// keeps the policies alive.
class RuleList {
 public:
  struct Entry {
    const Rule* rule;
    const CompiledPolicy* policy;
    std::size_t position;  // as written, which decides between equal ranks
  };

  // nullptr for an absent block.
  static std::shared_ptr<const RuleList> make(std::shared_ptr<const Authorization> authorization,
                                              const PolicySet& policies);

  const std::vector<Entry>& entries() const { return entries_; }  // by rank
  // A name that no Policy has: everything that the block takes part in is denied. Empty: none.
  std::string_view dangling() const { return dangling_; }
  bool reads_body() const { return reads_body_; }

 private:
  void add(std::shared_ptr<const CompiledPolicy> policy);

  std::vector<Entry> entries_;
  std::vector<std::shared_ptr<const CompiledPolicy>> policies_;
  std::string dangling_;
  bool reads_body_ = false;
};

// Compiled blocks of Users, Groups, Sessions and Devices by uid and resource version, so that the
// Sessions of a User share one. For one thread; bounded, and emptied when full.
class AuthorizationCache {
 public:
  explicit AuthorizationCache(std::size_t capacity = 8192) : capacity_(capacity) {}

  std::shared_ptr<const Authorization> get(const resource::Message& owner);

 private:
  struct Entry {
    std::string resource_version;
    std::shared_ptr<const Authorization> authorization;
  };

  std::size_t capacity_;
  std::unordered_map<std::string, Entry> entries_;
};

}  // namespace policy
