#include "policy/explanation.h"

#include <algorithm>
#include <optional>

#include "policy/authorization_block.h"
#include "policy/cause.h"
#include "policy/recorder.h"
#include "policy/shown_value.h"
#include "resource/name.h"

namespace policy {
namespace {

constexpr std::size_t kMaxExpression = 2000;  // bytes shown of one
constexpr std::size_t kMaxPart = 400;
constexpr int kMaxSteps = 200;
constexpr std::size_t kMaxParts = 200;     // of one expression
constexpr std::size_t kMaxRepeats = 3;     // of a part inside a loop
constexpr std::size_t kMaxReports = 2000;  // of the parts of one expression that are looked at
constexpr std::size_t kPartOverhead = 32;

extv1::Outcome outcome_of(Condition::Outcome outcome) {
  switch (outcome) {
    case Condition::Outcome::kMatch:
      return extv1::MATCH;
    case Condition::Outcome::kNoMatch:
      return extv1::NO_MATCH;
    case Condition::Outcome::kError:
      break;
  }
  return extv1::ERROR;
}

bool has_entry_of(const std::shared_ptr<const RuleList>& list, const CompiledPolicy& policy) {
  return list != nullptr && std::ranges::any_of(list->entries(), [&](const RuleList::Entry& entry) {
           return entry.policy == &policy;
         });
}

// Whether `owner` names the Policy or a child of it; then which.
std::optional<std::string> named_by(const resource::Message& owner, std::string_view policy) {
  std::optional<std::string> out;
  visit_authorization(owner, [&](const auto& policies, const auto&) {
    for (const std::string& name : policies) {
      std::string_view at = name;
      while (!at.empty() && at != policy) at = resource::parent_policy_name(at);
      if (!at.empty() && (!out || name == policy)) out = name;
    }
  });
  return out;
}

EvaluatedPart::Truth truth_of(const cel::Value& value) {
  if (value.is_error()) return EvaluatedPart::Truth::kError;
  if (!value.is(cel::Kind::kBool)) return EvaluatedPart::Truth::kOther;
  return value.as_bool() ? EvaluatedPart::Truth::kTrue : EvaluatedPart::Truth::kFalse;
}

// Writes down what a Recorder is told, within bounds: what is too much is counted, and of many
// rules the last is always there, since it may be the one that decides.
class Writer final : public Recorder {
 public:
  Writer(const RequestContext& context, const DecisionBasis& basis, Disclosure disclosure,
         extv1::Explanation& out)
      : context_(context), basis_(basis), disclosure_(disclosure), out_(out) {}

  void on_check(std::string_view name, bool holds) override {
    extv1::Explanation::Check& check = *out_.add_checks();
    check.set_name(std::string(name));
    check.set_holds(holds);
  }

  void begin_policy(const CompiledPolicy& policy) override {
    enforcement_ = add_step().mutable_enforcement();
    fill_source(policy, *enforcement_->mutable_source());
  }

  void end_policy(bool is_enforced) override {
    enforcement_->set_isenforced(is_enforced);
    enforcement_ = nullptr;
  }

  void begin_rule(const policy::Rule& rule, const CompiledPolicy& policy) override {
    rule_ = add_step().mutable_rule();
    fill_source(policy, *rule_->mutable_source());
    rule_->set_name(rule.name);
    if (!policy.rules().empty() && &rule >= policy.rules().data())
      rule_->set_index(static_cast<std::uint32_t>(&rule - policy.rules().data()));
    rule_->set_effect(rule.effect == Effect::kAllow ? "ALLOW" : "DENY");
    rule_->set_priority(rule.priority);
    rule_->set_isshadow(rule.is_shadow);
  }

  void end_rule(Condition::Outcome outcome, std::string_view error) override {
    rule_->set_outcome(outcome_of(outcome));
    rule_->set_error(shortened(error, kMaxPart));
    rule_ = nullptr;
  }

  void begin_condition(std::string_view kind, std::string_view text) override {
    extv1::Condition& condition = add_condition();
    condition.set_kind(std::string(kind));
    if (!text.empty() && take(std::min(text.size(), kMaxExpression)))
      condition.set_text(shortened(text, kMaxExpression));
    open_.push_back(&condition);
    if (text.empty()) return;
    source_ = text;
    parts_.clear();
    evaluated_.clear();
    reported_ = 0;
    hidden_.reset();
    hidden_of_script_.reset();
    if (disclosure_ == Disclosure::kRedacted) hidden_.emplace(text);
  }

  void on_value(std::uint32_t begin, std::uint32_t end, std::uint32_t depth,
                const cel::Value& value) override {
    // Long loops report very often, so what is not kept is told by as little as possible.
    const bool is_too_much = (evaluated_.size() >= kMaxParts && depth > 0) ||
                             (++reported_ > kMaxReports && depth > 1) || is_repeated(begin, end);
    if (is_too_much) {
      out_.set_omitted(out_.omitted() + 1);
      return;
    }
    evaluated_.push_back({begin, end, depth, truth_of(value)});
    extv1::Part& part = parts_.emplace_back();
    part.set_begin(begin);
    part.set_end(end);
    part.set_depth(depth);
    part.set_type(std::string(cel::type_name(value)));
    show_value(value, part);
  }

  void on_part(const RegoPart& told, const RegoProgram& script) override {
    if (parts_.size() >= kMaxParts && !told.is_cause) {
      out_.set_omitted(out_.omitted() + 1);
      return;
    }
    extv1::Part& part = parts_.emplace_back();
    part.set_begin(told.begin);
    part.set_end(told.end);
    part.set_depth(told.depth);
    part.set_iscause(told.is_cause);
    part.set_type(told.type);
    if (disclosure_ == Disclosure::kRedacted && !hidden_of_script_)
      hidden_of_script_.emplace(script.source(), script.input().reads());
    show_value(told, part);
  }

  void on_cost(std::uint64_t cost) override { open_.back()->set_cost(cost); }

  void end_condition(Condition::Outcome outcome, std::string_view error) override {
    extv1::Condition& condition = *open_.back();
    open_.pop_back();
    condition.set_outcome(outcome_of(outcome));
    condition.set_error(shortened(error, kMaxPart));
    if (!source_.empty()) take_parts(condition);
    source_ = {};
  }

  // From now on, conditions without a rule are those of dynamicConfig.
  void begin_config() { config_ = out_.mutable_config(); }

 private:
  extv1::Explanation::Step& add_step() {
    if (out_.steps_size() >= kMaxSteps || left_ == 0) {
      out_.set_omitted(out_.omitted() + 1);
      // Shadow rules come after the one that decided, which stays.
      if (out_.steps_size() > 0 && has_decided(out_.steps(out_.steps_size() - 1))) {
        spare_.Clear();
        return spare_;
      }
      if (out_.steps_size() > 0) out_.mutable_steps()->RemoveLast();
    }
    take(2 * kMaxShownText);
    return *out_.add_steps();
  }

  static bool has_decided(const extv1::Explanation::Step& step) {
    return step.has_rule() && !step.rule().isshadow() && step.rule().outcome() != extv1::NO_MATCH;
  }

  // Often enough already.
  bool is_repeated(std::uint32_t begin, std::uint32_t end) const {
    const auto times = std::ranges::count_if(evaluated_, [&](const EvaluatedPart& part) {
      return part.begin == begin && part.end == end;
    });
    return static_cast<std::size_t>(times) >= kMaxRepeats;
  }

  extv1::Condition& add_condition() {
    take(kPartOverhead);
    if (!open_.empty()) return *open_.back()->add_of();
    if (rule_ != nullptr) return *rule_->mutable_condition();
    if (enforcement_ != nullptr) return *enforcement_->add_conditions();
    return *out_.mutable_config()->add_conditions();
  }

  // False when there is no room left for so many bytes.
  bool take(std::size_t bytes) {
    const bool fits = bytes <= left_;
    left_ = fits ? left_ - bytes : 0;
    return fits;
  }

  void show_value(const cel::Value& value, extv1::Part& part) {
    using Kind = ExpressionDisclosure::Kind;
    const Kind kind = hidden_ ? hidden_->of(part.begin(), part.end()) : Kind::kShown;
    // What a comparison says of a hidden value is what the explanation is for.
    const bool is_plain =
        kind == Kind::kShown || value.is(cel::Kind::kBool) ||
        (value.is_error() && value.error_code() != cel::ErrorCode::kInvalidArgument);
    if (is_plain) {
      part.set_value(show(value, arena_));
    } else {
      part.set_hidden(kind == Kind::kBody ? "body" : "credential");
      if (kind == Kind::kBody) part.set_type(show_size(value));
    }
    arena_.reset();
  }

  void show_value(const RegoPart& told, extv1::Part& part) {
    using Kind = ExpressionDisclosure::Kind;
    const bool says_nothing = told.type == "boolean" || told.type == "undefined";
    const Kind kind =
        says_nothing || !hidden_of_script_
            ? Kind::kShown
            : hidden_of_script_->of(source_.substr(told.begin, told.end - told.begin));
    if (kind == Kind::kShown) {
      part.set_value(told.value);
      return;
    }
    part.set_hidden(kind == Kind::kBody ? "body" : "credential");
    if (kind == Kind::kBody) part.set_type(told.size);
  }

  // Moves the parts into their condition, as far as there is room.
  void take_parts(extv1::Condition& condition) {
    for (const std::size_t cause : causes(source_, evaluated_)) parts_[cause].set_iscause(true);
    for (extv1::Part& part : parts_) {
      const auto text = source_.substr(part.begin(), part.end() - part.begin());
      if (!take(kPartOverhead + std::min(text.size(), kMaxPart) + part.value().size())) {
        out_.set_omitted(out_.omitted() + 1);
        continue;
      }
      part.set_text(shortened(text, kMaxPart));
      *condition.add_parts() = std::move(part);
    }
    parts_.clear();
    evaluated_.clear();
  }

  void fill_source(const CompiledPolicy& policy, extv1::PolicySource& out) const {
    out.set_policy(std::string(policy.name()));
    out.set_isinline(policy.is_inline());
    if (policy.is_inline()) {
      out.set_ownerkind(policy.reference().message.kind());
      out.set_ownername(policy.reference().message.name());
      out.set_index(policy.index());
      return;
    }
    const auto owned = [&](const resource::Message* owner) {
      const auto name = owner == nullptr ? std::nullopt : named_by(*owner, policy.name());
      if (!name) return false;
      out.set_ownerkind(std::string(resource::kind_name(resource::kind_of(*owner))));
      out.set_ownername(resource::metadata_of(*owner).name());
      if (*name != policy.name()) out.set_child(*name);
      return true;
    };
    const Subject& subject = context_.subject();
    if (owned(subject.service) || owned(subject.name_space) || owned(subject.user)) return;
    for (const corev1::Group* group : subject.groups)
      if (owned(group)) return;
    if (owned(subject.session) || owned(subject.device)) return;
    if (has_entry_of(basis_.rules.cluster, policy))
      out.set_ownerkind("ClusterConfig");
    else if (basis_.rules.triggers != nullptr)
      out.set_ownerkind("PolicyTrigger");
  }

  const RequestContext& context_;
  const DecisionBasis& basis_;
  Disclosure disclosure_;
  extv1::Explanation& out_;
  std::size_t left_ = kMaxExplanationBytes;
  extv1::Explanation::Step spare_;  // for what is not shown
  extv1::Enforcement* enforcement_ = nullptr;
  extv1::Rule* rule_ = nullptr;
  extv1::ConfigChoice* config_ = nullptr;
  std::vector<extv1::Condition*> open_;
  cel::Arena arena_;

  // Of the expression that is being evaluated.
  std::string_view source_;
  std::optional<ExpressionDisclosure> hidden_;
  std::optional<ScriptDisclosure> hidden_of_script_;
  std::vector<extv1::Part> parts_;
  std::vector<EvaluatedPart> evaluated_;
  std::size_t reported_ = 0;
};

void fill_asked(const RequestContext& context, extv1::Explanation::Asked& out) {
  const RequestView& request = context.request();
  const Subject& subject = context.subject();
  const auto name_of = [](const resource::Message* resource) {
    return resource == nullptr ? std::string() : resource::metadata_of(*resource).name();
  };
  out.set_method(shortened(request.method));
  out.set_host(shortened(request.host, kMaxPart));
  out.set_path(shortened(request.path, kMaxPart));
  out.set_clientip(std::string(request.client_ip));
  out.set_service(name_of(subject.service));
  out.set_namespace_(name_of(subject.name_space));
  out.set_user(name_of(subject.user));
  out.set_session(name_of(subject.session));
  out.set_device(name_of(subject.device));
  for (const corev1::Group* group : subject.groups) {
    if (out.groups_size() == static_cast<int>(kMaxShownItems)) break;
    out.add_groups(name_of(group));
  }
}

void choose_config(RequestContext& context, const DynamicConfig& dynamic, Writer& writer,
                   Disclosure disclosure, extv1::ConfigChoice& out) {
  writer.begin_config();
  std::string computed;
  const ConfigChoice choice = dynamic.choose(context, computed);
  out.set_iscomputed(choice.kind != ConfigChoice::Kind::kNamed);
  if (choice.rule != ConfigChoice::kNoRule) out.set_rule(choice.rule);
  // The message may quote what the rule read; which rule it was is all that may be said then.
  const std::string_view problem = choice.problem;
  out.set_problem(disclosure == Disclosure::kEverything
                      ? shortened(problem, kMaxPart)
                      : std::string(problem.substr(0, problem.find(": "))));
  if (!out.iscomputed())
    out.set_name(choice.config == 0 ? "default" : dynamic.configs()[choice.config].name());
}

// The last rule that is enforced: those after it are shadows, which are asked when all is decided.
void mark_decider(extv1::Explanation& out) {
  for (int i = out.steps_size() - 1; i >= 0; --i) {
    if (!out.steps(i).has_rule() || out.steps(i).rule().isshadow()) continue;
    extv1::Rule& rule = *out.mutable_steps(i)->mutable_rule();
    rule.set_decides(true);
    if (rule.outcome() == extv1::ERROR) out.set_detail(rule.error());  // which quotes nothing
    return;
  }
}

void set_time(base::WallTime time, google::protobuf::Timestamp& out) {
  const std::int64_t nanos = time.time_since_epoch().count();
  out.set_seconds(base::to_seconds(time));
  out.set_nanos(static_cast<std::int32_t>(nanos - out.seconds() * 1'000'000'000));
}

}  // namespace

Decision explain(RequestContext& context, const DecisionBasis& basis, Disclosure disclosure,
                 extv1::Explanation& out) {
  fill_asked(context, *out.mutable_asked());
  set_time(context.now(), *out.mutable_decidedat());
  Writer writer(context, basis, disclosure, out);
  context.set_recorder(&writer);
  context.set_disclosure(disclosure);
  const Decision decision = decide(context, basis.access, basis.rules, basis.subject);
  fill_decision(decision, out);
  if (decision.rule != nullptr) mark_decider(out);
  if (decision.allowed && basis.dynamic != nullptr)
    choose_config(context, *basis.dynamic, writer, disclosure, *out.mutable_config());
  context.set_recorder(nullptr);
  context.set_disclosure(Disclosure::kRedacted);
  return decision;
}

void fill_decision(const Decision& decision, extv1::Explanation& out) {
  out.set_decision(decision.allowed ? extv1::Explanation::ALLOW : extv1::Explanation::DENY);
  out.set_code(std::string(decision.code));
  out.set_reason(std::string(reason_type_name(decision.type)));
  out.set_detail(shortened(decision.detail, kMaxPart));
}

}  // namespace policy
