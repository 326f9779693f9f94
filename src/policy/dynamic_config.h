#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "policy/condition.h"

namespace policy {

// What the rules of a dynamicConfig say about one request.
struct ConfigChoice {
  enum class Kind : std::uint8_t {
    kNamed,     // `config`
    kComputed,  // the map that the rule's `eval` or `opa` gave, as JSON
    kInvalid,   // a map that can be no config; `problem` says why
  };
  static constexpr std::uint32_t kNoRule = ~std::uint32_t{0};

  Kind kind = Kind::kNamed;
  std::uint32_t rule = kNoRule;  // that chose, as counted in the spec; kNoRule: the default config
  std::size_t config = 0;        // of DynamicConfig::configs(), for kNamed
  bool by_rego = false;          // of kComputed, kInvalid: it was `opa`
  std::uint32_t failed = 0;      // rules that failed and were passed over
  std::string problem;           // of kInvalid, else of the first that failed; empty: none
};

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

  // For an authorised request: the first rule whose condition matches chooses. One whose condition
  // fails, or whose expression fails or gives no map, is passed over; one that gives a map has
  // chosen, be the map good or bad. `json` receives the map of kComputed in canonical form
  // (canonical_json.h); what it held before is gone. What is chosen does not count when
  // context.wants_thread() afterwards.
  ConfigChoice choose(RequestContext& context, std::string& json) const;

  // Whether a request's body must be there before choose().
  bool reads_body() const { return reads_body_; }
  // Whether choose() can give kComputed.
  bool computes() const { return computes_; }

 private:
  struct Rule {
    std::uint32_t index;  // in the spec
    Condition condition;
    std::size_t config = 0;
    std::shared_ptr<const cel::Program> eval;  // both null: `config` it is
    std::shared_ptr<const RegoProgram> opa;
  };

  // What the rule chooses; the reason of an error is the field that is at fault.
  base::Result<void> set_target(const corev1::Service::Spec::DynamicConfig::Rule& source,
                                Rule& rule);
  static void compute(const Rule& rule, RequestContext& context, std::string& json,
                      ConfigChoice& choice);

  static void query(const Rule& rule, RequestContext& context, std::string& json,
                    ConfigChoice& choice);

  std::vector<Config> configs_;
  std::vector<Rule> rules_;
  bool has_default_ = false;
  bool reads_body_ = false;
  bool computes_ = false;
};

// The child over its parent: what is set replaces, messages merge, lists are the parent's followed
// by the child's. The parent's own parent is not followed.
DynamicConfig::Config merge_parent(const corev1::Service::Spec& spec,
                                   const DynamicConfig::Config& config);

// How logs and problems call what computed a config: "rules[2].eval".
std::string computed_by(const ConfigChoice& choice);

}  // namespace policy
