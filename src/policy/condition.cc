#include "policy/condition.h"

#include <fmt/format.h>

#include <algorithm>

#include "policy/recorder.h"

namespace policy {
namespace {

bool reads_body_slot(const cel::Slot& slot) {
  const auto attr = static_cast<Attr>(slot.id & ~kUnderGrpc);
  switch (attr) {
    case Attr::kBody:
    case Attr::kBodyMap:
    case Attr::kHttp:  // as wholes, through which the body can be reached
    case Attr::kGrpc:
    case Attr::kRequest:
    case Attr::kContext:
      return true;
    default:
      return false;
  }
}

cel::Value value_of(const cel::Program& program, RequestContext& context) {
  Recorder* const recorder = context.recorder();
  if (recorder == nullptr) [[likely]]
    return program.evaluate(context, context.arena());
  const cel::Observed observed = program.observe(context, context.arena(), *recorder);
  recorder->on_cost(observed.cost);
  return observed.value;
}

// Whether the value is the same for all requests of a Session to a Service.
bool reads_identity_only(const cel::Program& program) {
  return !program.reads_clock() && std::ranges::all_of(program.slots(), [](const cel::Slot& slot) {
    switch (static_cast<Attr>(slot.id & ~kUnderGrpc)) {
      case Attr::kNone:
      case Attr::kAbsent:
      case Attr::kBelowAbsent:
      case Attr::kAttrs:
      case Attr::kGroups:
      case Attr::kMessage:
        return true;
      default:
        return false;
    }
  });
}

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n\f\v") == std::string_view::npos;
}

}  // namespace

bool reads_body(const cel::Program& program) {
  return std::ranges::any_of(program.slots(), reads_body_slot);
}

// Children are compiled before their parent, so that the root ends up last.
class ConditionCompiler {
 public:
  ConditionCompiler(Condition& out, ContextSchema::Attrs attrs,
                    std::vector<resource::Problem>* problems)
      : out_(out), attrs_(attrs), problems_(problems) {}

  std::uint32_t visit(const corev1::Condition& condition, const std::string& path, int depth) {
    if (depth > kMaxConditionDepth)
      return broken(path,
                    fmt::format("conditions may be nested at most {} deep", kMaxConditionDepth));
    switch (condition.type_case()) {
      case corev1::Condition::kMatchAny:
        return add({.kind = Kind::kConstant, .value = condition.matchany()});
      case corev1::Condition::kMatch:
        return expression(Kind::kMatch, condition.match(), path + "match");
      case corev1::Condition::kNot:
        return expression(Kind::kNot, condition.not_(), path + "not");
      case corev1::Condition::kAll:
        return combination(Kind::kAll, condition.all().of(), path + "all.of", depth);
      case corev1::Condition::kAny:
        return combination(Kind::kAny, condition.any().of(), path + "any.of", depth);
      case corev1::Condition::kNone:
        return combination(Kind::kNone, condition.none().of(), path + "none.of", depth);
      case corev1::Condition::kOpa:
        return script(condition.opa().inline_(), path + "opa.inline");
      case corev1::Condition::TYPE_NOT_SET:
        break;
    }
    report(path,
           "the condition is empty; it needs one of matchAny, match, not, all, any, none, opa");
    return add({.kind = Kind::kConstant, .value = false});
  }

 private:
  using Kind = Condition::Kind;
  using Node = Condition::Node;

  void report(std::string_view path, std::string message) {
    if (path.ends_with('.')) path.remove_suffix(1);
    if (problems_ != nullptr)
      problems_->push_back({base::Code::kInvalidArgument, std::string(path), std::move(message)});
  }

  std::uint32_t add(Node node) {
    out_.nodes_.push_back(node);
    return static_cast<std::uint32_t>(out_.nodes_.size() - 1);
  }

  std::uint32_t broken(std::string_view path, std::string message) {
    report(path, std::move(message));
    return add_broken();
  }

  std::uint32_t add_broken() {
    out_.errors_.assign(1, "the condition does not compile");
    return add({.kind = Kind::kFailed});
  }

  std::uint32_t expression(Kind kind, const std::string& source, const std::string& path) {
    if (is_blank(source)) {
      report(path, "the expression is empty");
      return add({.kind = Kind::kConstant, .value = false});
    }
    cel::CompileOptions options;
    options.expected = cel::Expected::kBool;
    auto program = cel::compile(source, ContextSchema::get(attrs_), options);
    if (!program) return broken(path, std::move(program.error().message));
    out_.reads_body_ |= reads_body(**program);
    out_.programs_.push_back(std::move(*program));
    return add({.kind = kind, .first = static_cast<std::uint32_t>(out_.programs_.size() - 1)});
  }

  std::uint32_t script(const std::string& source, const std::string& path) {
    auto program = RegoProgram::compile(source, RegoProgram::Entry::kCondition, attrs_);
    if (!program) return broken(path, std::move(program.error().message));
    out_.reads_body_ |= (*program)->reads_body();
    out_.scripts_.push_back(std::move(*program));
    return add(
        {.kind = Kind::kRego, .first = static_cast<std::uint32_t>(out_.scripts_.size() - 1)});
  }

  template <typename List>
  std::uint32_t combination(Kind kind, const List& of, const std::string& path, int depth) {
    if (of.empty() || of.size() > kMaxConditionChildren)
      report(path, fmt::format("a list of conditions has 1 to {} entries, this one has {}",
                               kMaxConditionChildren, of.size()));
    // Without entries nothing matches, `none` included.
    if (of.empty()) return add({.kind = Kind::kConstant, .value = false});
    if (of.size() > kMaxConditionChildren) return add_broken();
    std::vector<std::uint32_t> children;
    for (int i = 0; i < of.size(); ++i)
      children.push_back(visit(of[i], fmt::format("{}[{}].", path, i), depth + 1));
    const auto first = static_cast<std::uint32_t>(out_.children_.size());
    out_.children_.insert(out_.children_.end(), children.begin(), children.end());
    return add({.kind = kind, .first = first, .count = static_cast<std::uint32_t>(of.size())});
  }

  Condition& out_;
  ContextSchema::Attrs attrs_;
  std::vector<resource::Problem>* problems_;
};

// Decides what it can and copies the rest, children before their parent here too.
class ConditionReducer {
 public:
  ConditionReducer(const Condition& from, Condition& out, RequestContext& context)
      : from_(from), out_(out), context_(context) {}

  void run() { out_.nodes_.push_back(visit(from_.nodes_.back())); }

 private:
  using Kind = Condition::Kind;
  using Node = Condition::Node;
  using Outcome = Condition::Outcome;

  static Node constant(bool value) { return {.kind = Kind::kConstant, .value = value}; }
  static bool is_certain(const Node& node) {
    return node.kind == Kind::kConstant || node.kind == Kind::kFailed;
  }

  Node failed(std::string error) {
    out_.errors_.push_back(std::move(error));
    return {.kind = Kind::kFailed, .first = static_cast<std::uint32_t>(out_.errors_.size() - 1)};
  }

  Node visit(const Node& node) {
    switch (node.kind) {
      case Kind::kConstant:
        return node;
      case Kind::kFailed:
        return failed(from_.errors_[node.first]);
      case Kind::kMatch:
      case Kind::kNot:
        return expression(node);
      case Kind::kRego:
        return script(from_.scripts_[node.first]);
      case Kind::kAll:
      case Kind::kAny:
      case Kind::kNone:
        break;
    }
    return combination(node);
  }

  Node expression(const Node& node) {
    const auto& program = from_.programs_[node.first];
    if (reads_identity_only(*program)) {
      const Outcome outcome = from_.evaluate_expression(node, context_);
      return outcome == Outcome::kError ? failed(context_.error())
                                        : constant(outcome == Outcome::kMatch);
    }
    out_.reads_body_ |= std::ranges::any_of(program->slots(), reads_body_slot);
    out_.programs_.push_back(program);
    return {.kind = node.kind, .first = static_cast<std::uint32_t>(out_.programs_.size() - 1)};
  }

  // A script may read the clock or roll dice; none is decided beforehand.
  Node script(const std::shared_ptr<const RegoProgram>& program) {
    out_.reads_body_ |= program->reads_body();
    out_.scripts_.push_back(program);
    return {.kind = Kind::kRego, .first = static_cast<std::uint32_t>(out_.scripts_.size() - 1)};
  }

  Node combination(const Node& node) {
    const bool deciding = node.kind != Kind::kAll;  // the child's outcome that ends it
    const bool when_decided = node.kind == Kind::kAny;
    std::vector<Node> left;
    for (std::uint32_t i = 0; i < node.count; ++i) {
      const Node child = visit(from_.nodes_[from_.children_[node.first + i]]);
      if (child.kind == Kind::kConstant && child.value != deciding) continue;
      left.push_back(child);
      if (is_certain(child)) break;  // what follows is never asked
    }
    if (left.empty()) return constant(!when_decided);
    if (left.size() == 1 && left[0].kind == Kind::kConstant) return constant(when_decided);
    if (left.size() == 1 && (left[0].kind == Kind::kFailed || node.kind != Kind::kNone))
      return left[0];
    const auto first = static_cast<std::uint32_t>(out_.children_.size());
    for (const Node& child : left) {
      out_.children_.push_back(static_cast<std::uint32_t>(out_.nodes_.size()));
      out_.nodes_.push_back(child);
    }
    return {.kind = node.kind, .first = first, .count = static_cast<std::uint32_t>(left.size())};
  }

  const Condition& from_;
  Condition& out_;
  RequestContext& context_;
};

Condition Condition::reduce(RequestContext& context) const {
  Condition out;
  if (!nodes_.empty()) ConditionReducer(*this, out, context).run();
  return out;
}

std::optional<Condition::Outcome> Condition::certain_outcome() const {
  if (nodes_.empty()) return Outcome::kNoMatch;
  if (nodes_.back().kind == Kind::kFailed) return Outcome::kError;
  if (nodes_.back().kind != Kind::kConstant) return std::nullopt;
  return nodes_.back().value ? Outcome::kMatch : Outcome::kNoMatch;
}

Condition Condition::compile(const corev1::Condition& condition, ContextSchema::Attrs attrs,
                             std::string_view path, std::vector<resource::Problem>* problems) {
  Condition out;
  const std::string prefix = path.empty() ? std::string() : std::string(path) + ".";
  ConditionCompiler(out, attrs, problems).visit(condition, prefix, 0);
  return out;
}

Condition::Outcome Condition::evaluate(RequestContext& context) const {
  return nodes_.empty() ? Outcome::kNoMatch : evaluate(nodes_.back(), context);
}

Condition::Outcome Condition::evaluate(const Node& node, RequestContext& context) const {
  if (context.recorder() != nullptr) [[unlikely]]
    return evaluate_recorded(node, context);
  return evaluate_node(node, context);
}

Condition::Outcome Condition::evaluate_recorded(const Node& node, RequestContext& context) const {
  static constexpr std::string_view kKinds[] = {"matchAny", "match", "not",    "all",
                                                "any",      "none",  "failed", "opa"};
  const bool is_expression = node.kind == Kind::kMatch || node.kind == Kind::kNot;
  Recorder& recorder = *context.recorder();
  std::string_view source;
  if (is_expression) source = programs_[node.first]->source();
  if (node.kind == Kind::kRego) source = scripts_[node.first]->source();
  recorder.begin_condition(kKinds[static_cast<std::size_t>(node.kind)], source);
  const Outcome outcome = evaluate_node(node, context);
  if (node.kind == Kind::kRego) context.rego().explain(*scripts_[node.first], context, recorder);
  recorder.end_condition(outcome,
                         outcome == Outcome::kError ? context.error() : std::string_view());
  return outcome;
}

Condition::Outcome Condition::evaluate_node(const Node& node, RequestContext& context) const {
  switch (node.kind) {
    case Kind::kConstant:
      return node.value ? Outcome::kMatch : Outcome::kNoMatch;
    case Kind::kMatch:
    case Kind::kNot:
      return evaluate_expression(node, context);
    case Kind::kFailed:
      context.set_error(errors_[node.first]);
      return Outcome::kError;
    case Kind::kRego:
      return context.rego().evaluate_condition(*scripts_[node.first], context);
    case Kind::kAll:
    case Kind::kAny:
    case Kind::kNone:
      break;
  }
  const Outcome deciding = node.kind == Kind::kAll ? Outcome::kNoMatch : Outcome::kMatch;
  const bool when_decided = node.kind == Kind::kAny;
  for (std::uint32_t i = 0; i < node.count; ++i) {
    const Outcome outcome = evaluate(nodes_[children_[node.first + i]], context);
    if (outcome == Outcome::kError) return outcome;
    if (outcome == deciding) return when_decided ? Outcome::kMatch : Outcome::kNoMatch;
  }
  return when_decided ? Outcome::kNoMatch : Outcome::kMatch;
}

Condition::Outcome Condition::evaluate_expression(const Node& node, RequestContext& context) const {
  const cel::Program& program = *programs_[node.first];
  const cel::Value value = value_of(program, context);
  Outcome outcome = Outcome::kError;
  if (value.is(cel::Kind::kBool) || value.is_miss()) {
    const bool wanted = node.kind == Kind::kMatch;
    outcome = value.is_true() == wanted ? Outcome::kMatch : Outcome::kNoMatch;
  } else {
    if (value.is_error())
      context.set_error(context.describe(program, value), value.error_message());
    else
      context.set_error(
          fmt::format("the expression gives a {}, not a bool", cel::type_name(value)));
  }
  context.arena().reset();
  return outcome;
}

}  // namespace policy
