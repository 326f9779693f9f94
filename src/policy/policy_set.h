#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "policy/condition.h"
#include "policy/subject.h"
#include "resource/shadow.h"

namespace policy {

// A reference to a resource, and the same as the JSON object that the access log shows.
struct Reference {
  metav1::ObjectReference message;
  std::string json;
};
Reference make_reference(const resource::Message& resource);
Reference make_reference(const metav1::ObjectReference& reference);

enum class Effect : std::uint8_t { kDeny, kAllow };

struct Rule {
  std::string name;
  Condition condition;
  Effect effect = Effect::kDeny;
  std::int32_t priority = 0;
  bool is_shadow = false;  // evaluated, logged and counted, never enforced

  // Lower ranks are asked first: by priority, and deny before allow.
  std::int32_t rank() const { return priority * 2 + (effect == Effect::kAllow ? 1 : 0); }
};

// Whether a policy takes part in a decision at all. An error in one of the conditions only means
// that it does not match.
struct EnforcementRules {
  std::vector<Condition> enforce;  // asked first; one that matches: it does
  std::vector<Condition> ignore;   // then these: it does not

  bool holds(RequestContext& context) const;
  // The same for one caller and Service, see Condition::reduce.
  EnforcementRules reduce(RequestContext& context) const;
  // What holds() says, where it is the same for all requests.
  std::optional<bool> certain() const;
};

// The spec of a Policy or of an inline policy, compiled. Immutable, shared by threads.
class CompiledPolicy {
 public:
  // A standalone Policy.
  static std::shared_ptr<const CompiledPolicy> compile(const corev1::Policy& policy);
  // The inline one of `owner` at `index`.
  static std::shared_ptr<const CompiledPolicy> compile(const corev1::InlinePolicy& policy,
                                                       std::shared_ptr<const Reference> owner,
                                                       std::uint32_t index = 0,
                                                       const resource::ShadowMarks& marks = {});

  std::string_view name() const { return name_; }  // may be empty for an inline policy
  bool is_inline() const { return is_inline_; }
  std::uint32_t index() const { return index_; }  // of an inline policy in its owner
  // Of the Policy, or of the inline policy's owner.
  const Reference& reference() const { return *reference_; }
  bool is_disabled() const { return is_disabled_; }
  const google::protobuf::Struct& attrs() const { return attrs_; }
  const std::vector<Rule>& rules() const { return rules_; }  // as written
  // Of what is enforced: nobody's body is held for a shadow's sake.
  bool reads_body() const { return reads_body_; }
  bool enforcement_reads_body() const { return enforcement_reads_body_; }

  const EnforcementRules& enforcement() const { return enforcement_; }
  bool has_enforcement_rules() const {
    return !enforcement_.enforce.empty() || !enforcement_.ignore.empty();
  }

 private:
  CompiledPolicy() = default;
  void compile_spec(const corev1::Policy::Spec& spec, const resource::ShadowMarks& marks);

  std::string name_;
  std::shared_ptr<const Reference> reference_;
  std::uint32_t index_ = 0;
  bool is_inline_ = false;
  bool is_disabled_ = false;
  bool reads_body_ = false;
  bool enforcement_reads_body_ = false;
  google::protobuf::Struct attrs_;
  std::vector<Rule> rules_;
  EnforcementRules enforcement_;
};

// All standalone Policies by name. A set is immutable; with() and without() give a new one that
// shares what did not change.
class PolicySet {
 public:
  PolicySet();

  PolicySet with(const corev1::Policy& policy) const;  // added, or put in the place of its name
  PolicySet without(std::string_view name) const;

  // nullptr when there is none.
  std::shared_ptr<const CompiledPolicy> find(std::string_view name) const;
  std::size_t size() const;

 private:
  static constexpr std::size_t kShards = 64;  // what a change copies is one of these
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>()(text);
    }
  };
  using Shard =
      std::unordered_map<std::string, std::shared_ptr<const CompiledPolicy>, Hash, std::equal_to<>>;

  Shard& writable(std::string_view name);

  std::vector<std::shared_ptr<const Shard>> shards_;
};

}  // namespace policy
