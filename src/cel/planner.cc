#include "cel/planner.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <optional>

#include "cel/address.h"
#include "cel/compare.h"
#include "cel/source.h"
#include "cel/text.h"
#include "cel/zone.h"

namespace cel {
namespace {

// A folded text or list larger than this stays an operation: the program would hold it for ever.
constexpr std::size_t kMaxFolded = 64 * 1024;

constexpr std::size_t kShownBytes = 80;  // of a text in a message

// The evaluator notes in the bits of a word which of them a list has.
constexpr std::size_t kMostTextsOfList = 64;

// RE2 instructions of all constant patterns of one program; bounds what hostile repetitions take.
constexpr int kMaxPatternSize = 50'000;

// What RE2 may take for all constant patterns of one program, for itself and for the states it
// finds while matching; divided among them.
constexpr std::int64_t kPatternsMemory = 16 << 20;
constexpr std::int64_t kLeastPatternMemory = 64 << 10;
constexpr std::int64_t kMostPatternMemory = 2 << 20;

class Planner {
 public:
  Planner(std::string_view source, Ast ast, const Checked& checked, const CompileOptions& options)
      : ast_(std::move(ast)),
        checked_(checked),
        plan_(std::make_unique<Plan>()),
        folding_(nothing_, plan_->folded, options.max_cost) {
    plan_->source = source;
    plan_->max_cost = options.max_cost;
    plan_->locals = checked.locals;
    const auto patterns = std::ranges::count(ast_.exprs, "matches", &Expr::name);
    pattern_memory_ = std::clamp(kPatternsMemory / std::max<std::int64_t>(patterns, 1),
                                 kLeastPatternMemory, kMostPatternMemory);
  }

  std::expected<std::unique_ptr<Plan>, Problem> run() {
    plan_->root = visit(ast_.root);
    if (problem_) return std::unexpected(std::move(*problem_));
    plan_->strings = std::move(ast_.strings);
    return std::move(plan_);
  }

 private:
  const Meaning& meaning(ExprId id) const { return checked_.meanings[id]; }

  NodeId add(Node node) {
    plan_->nodes.push_back(node);
    return static_cast<NodeId>(plan_->nodes.size() - 1);
  }

  std::uint32_t keep(Value value) {
    plan_->constants.push_back(value);
    return static_cast<std::uint32_t>(plan_->constants.size() - 1);
  }

  NodeId constant(Value value) { return add({.op = Op::kConstant, .a = keep(value)}); }

  const Value* constant_of(NodeId id) const {
    const Node& node = plan_->nodes[id];
    return node.op == Op::kConstant ? &plan_->constants[node.a] : nullptr;
  }

  const Value* constant_text(NodeId id) const {
    const Value* value = constant_of(id);
    return value != nullptr && value->is(Kind::kString) ? value : nullptr;
  }

  std::uint32_t adopt(const std::vector<NodeId>& ids) {
    const auto first = static_cast<std::uint32_t>(plan_->children.size());
    plan_->children.insert(plan_->children.end(), ids.begin(), ids.end());
    return first;
  }

  std::uint32_t slot(const Attribute& attribute) {
    const auto found = std::ranges::find(plan_->slots, attribute.slot);
    if (found != plan_->slots.end())
      return static_cast<std::uint32_t>(found - plan_->slots.begin());
    plan_->slots.push_back(attribute.slot);
    return static_cast<std::uint32_t>(plan_->slots.size() - 1);
  }

  void fail(std::uint32_t offset, std::string message) {
    if (!problem_) problem_ = Problem{offset, std::move(message)};
  }

  // Always a valid node, so that callers need not look for a problem before they go on.
  NodeId visit(ExprId id) {
    const NodeId node = make(id);
    // Children are visited before their parent's nodes are added: those without a place are of
    // `id`.
    const Expr& expr = ast_[id];
    plan_->places.resize(plan_->nodes.size(), {expr.offset, expr.begin, expr.end});
    return node;
  }

  NodeId make(ExprId id) {
    const Expr& expr = ast_[id];
    const Meaning& what = meaning(id);
    switch (what.kind) {
      case Meaning::Kind::kAttribute:
        return attribute(expr, what);
      case Meaning::Kind::kLocal:
        return add({.op = Op::kLocal, .a = what.local});
      case Meaning::Kind::kNamed:
        return constant(expr.literal);
      case Meaning::Kind::kComputed:
        break;
    }
    switch (expr.kind) {
      case ExprKind::kLiteral:
        return constant(expr.literal);
      case ExprKind::kSelect:
        return select(expr);
      case ExprKind::kCall:
        return call(id);
      case ExprKind::kList:
        return list(expr);
      case ExprKind::kMap:
        return map(expr);
      case ExprKind::kComprehension:
        return loop(id);
      case ExprKind::kBind: {
        const NodeId value = visit(expr.children[0]);
        const NodeId body = visit(expr.children[1]);
        return add({.op = Op::kBind, .a = value, .b = body, .c = what.local});
      }
      case ExprKind::kBlock:
        return block(id);
      case ExprKind::kOptMap: {
        const NodeId value = visit(expr.children[0]);
        const NodeId body = visit(expr.children[1]);
        return add({.op = Op::kOptionalMap,
                    .flags = static_cast<std::uint8_t>(expr.has(Expr::kFlat) ? 1 : 0),
                    .a = value,
                    .b = body,
                    .c = what.local});
      }
      case ExprKind::kIdent:  // unknown, which the options allowed
        return error(Value::error(ErrorCode::kNoSuchAttribute, "no such variable"));
      case ExprKind::kMessage:
        return message(id);
      case ExprKind::kBlockIndex:
        break;  // the checker gave them another meaning or refused them
    }
    return error(Value::no_such_overload());
  }

  NodeId error(Value value) { return add({.op = Op::kFail, .a = keep(value)}); }

  NodeId attribute(const Expr& expr, const Meaning& what) {
    const bool optional =
        expr.kind == ExprKind::kCall ? expr.name == "_[?_]" : expr.has(Expr::kOptional);
    const Op op = optional ? Op::kOptionalSlot : expr.has(Expr::kTest) ? Op::kHasSlot : Op::kSlot;
    return add({.op = op, .count = what.attribute.slot.steps, .a = slot(what.attribute)});
  }

  NodeId select(const Expr& expr) {
    const NodeId operand = visit(expr.children[0]);
    const Op op = expr.has(Expr::kTest)       ? Op::kHas
                  : expr.has(Expr::kOptional) ? Op::kOptionalSelect
                                              : Op::kSelect;
    return add({.op = op, .a = operand, .b = keep(Value::string(expr.name))});
  }

  NodeId call(ExprId id) {
    const Expr& expr = ast_[id];
    std::vector<NodeId> arguments;
    for (std::size_t i = meaning(id).is_qualified ? 1 : 0; i < expr.children.size(); ++i)
      arguments.push_back(visit(expr.children[i]));
    if (problem_) return error(Value::no_such_overload());
    if (const NodeId special = operation(expr, arguments); special != kNoNode) return special;
    const Function* function = meaning(id).function;
    if (function == nullptr || function->implementation == nullptr)
      return error(Value::no_such_overload());
    if (function->nature == Nature::kClock) plan_->reads_clock = true;
    if (arguments.size() == 2) check_text(*function, arguments[1]);
    if (function->name == "matches" && arguments.size() == 2) {
      if (const Value* pattern = constant_text(arguments[1]))
        return matches(arguments, pattern->as_text());
    }
    if (auto folded = fold(expr, *function, arguments)) return *folded;
    if (const NodeId special = direct_call(*function, arguments); special != kNoNode)
      return special;
    return ordinary_call(*function, arguments);
  }

  // A constant that fails whatever the other argument is. Zones are looked up even if there is
  // none: the database is read now, not while a request waits.
  void check_text(const Function& function, NodeId argument) {
    if (function.nature == Nature::kZoned) zones();
    const Value* constant = constant_text(argument);
    if (constant == nullptr) return;
    const std::string_view text = constant->as_text();
    const std::uint32_t offset = plan_->places[argument].offset;
    if (function.nature == Nature::kZoned && !zone_offset(text, 0))
      fail(offset, fmt::format("unknown time zone: {}", head(text, kShownBytes)));
    if (function.name == "net.isIPInRange" && !parse_address_range(text))
      fail(offset,
           fmt::format("not an address range such as 10.0.0.0/8: {}", head(text, kShownBytes)));
  }

  // Calls that the evaluator does itself, because they are what rules are made of; kNoNode for all
  // others. Means the same as the function's implementation.
  NodeId direct_call(const Function& function, const std::vector<NodeId>& arguments) {
    if (&function != library().find(function.name)) return kNoNode;  // the Schema's own
    static constexpr std::pair<std::string_view, Relation> kRelations[] = {
        {"_<_", Relation::kLess},
        {"_<=_", Relation::kLessEqual},
        {"_>_", Relation::kGreater},
        {"_>=_", Relation::kGreaterEqual}};
    const bool at_start = function.name == "startsWith";
    if ((at_start || function.name == "endsWith") && constant_text(arguments[1]) != nullptr)
      return add({.op = at_start ? Op::kStartsWith : Op::kEndsWith,
                  .a = arguments[0],
                  .b = plan_->nodes[arguments[1]].a});
    for (const auto& [name, relation] : kRelations)
      if (function.name == name)
        return add({.op = Op::kOrder,
                    .flags = static_cast<std::uint8_t>(relation),
                    .a = arguments[0],
                    .b = arguments[1]});
    if (function.name == "hasAll" || function.name == "hasAny")
      return has_texts(function.name == "hasAll", arguments);
    return kNoNode;
  }

  // list.hasAll("a", "b") or list.hasAll(["a", "b"]).
  NodeId has_texts(bool all, const std::vector<NodeId>& arguments) {
    TextSet set;
    const Value* list = arguments.size() == 2 ? constant_of(arguments[1]) : nullptr;
    if (list != nullptr && list->is(Kind::kList)) {
      for (const Value& text : list->as_values()) {
        if (!text.is(Kind::kString)) return kNoNode;
        set.add(text.as_text());
      }
    } else {
      for (std::size_t i = 1; i < arguments.size(); ++i) {
        const Value* text = constant_text(arguments[i]);
        if (text == nullptr) return kNoNode;
        set.add(text->as_text());
      }
    }
    if (set.size() > kMostTextsOfList) return kNoNode;
    plan_->text_sets.push_back(std::move(set));
    return add({.op = Op::kHasTexts,
                .flags = static_cast<std::uint8_t>(all ? 1 : 0),
                .a = arguments[0],
                .b = static_cast<std::uint32_t>(plan_->text_sets.size() - 1)});
  }

  NodeId ordinary_call(const Function& function, const std::vector<NodeId>& arguments) {
    const auto found = std::ranges::find(plan_->functions, function.implementation);
    const auto index = static_cast<std::uint32_t>(found - plan_->functions.begin());
    if (found == plan_->functions.end()) plan_->functions.push_back(function.implementation);
    return add({.op = Op::kCall,
                .count = static_cast<std::uint16_t>(arguments.size()),
                .a = adopt(arguments),
                .b = index});
  }

  // Operators that the evaluator knows by itself; kNoNode for all other calls.
  NodeId operation(const Expr& expr, const std::vector<NodeId>& arguments) {
    const std::string_view name = expr.name;
    if (expr.has(Expr::kReceiver)) return kNoNode;  // an operator's name cannot be written
    if (name == "_&&_" || name == "_||_") return logic(expr, arguments);
    if (name == "_?_:_") return conditional(arguments);
    if (name == "!_") return negation(arguments[0]);
    if (name == "_==_" || name == "_!=_") return equality(expr, arguments);
    if (name == "@in") return membership(arguments);
    if (name == "_[_]" || name == "_[?_]")
      return add({.op = name == "_[_]" ? Op::kIndex : Op::kOptionalIndex,
                  .a = arguments[0],
                  .b = arguments[1]});
    return kNoNode;
  }

  NodeId logic(const Expr& expr, const std::vector<NodeId>& arguments) {
    const bool conjunction = expr.name == "_&&_";
    for (const NodeId argument : arguments) {
      const Value* value = constant_of(argument);
      if (value != nullptr && value->is(Kind::kBool) && value->as_bool() != conjunction)
        return constant(Value::boolean(!conjunction));
    }
    return add({.op = conjunction ? Op::kAnd : Op::kOr,
                .count = static_cast<std::uint16_t>(arguments.size()),
                .a = adopt(arguments)});
  }

  NodeId conditional(const std::vector<NodeId>& arguments) {
    const Value* condition = constant_of(arguments[0]);
    if (condition != nullptr && condition->is(Kind::kBool))
      return arguments[condition->as_bool() ? 1 : 2];
    return add({.op = Op::kConditional, .a = arguments[0], .b = arguments[1], .c = arguments[2]});
  }

  NodeId negation(NodeId operand) {
    const Value* value = constant_of(operand);
    if (value != nullptr && value->is(Kind::kBool))
      return constant(Value::boolean(!value->as_bool()));
    return add({.op = Op::kNot, .a = operand});
  }

  NodeId equality(const Expr& expr, const std::vector<NodeId>& arguments) {
    const bool equal = expr.name == "_==_";
    NodeId left = arguments[0];
    NodeId right = arguments[1];
    const Value* a = constant_of(left);
    const Value* b = constant_of(right);
    if (a != nullptr && b != nullptr) {
      const Value result =
          library().find("_==_")->implementation(folding_, std::array<Value, 2>{*a, *b}.data(), 2);
      if (result.is(Kind::kBool)) return constant(Value::boolean(result.as_bool() == equal));
    }
    if (constant_text(left) != nullptr) std::swap(left, right);
    if (constant_text(right) != nullptr)
      return add({.op = equal ? Op::kEqualText : Op::kNotEqualText,
                  .a = left,
                  .b = plan_->nodes[right].a});
    return add({.op = equal ? Op::kEqual : Op::kNotEqual, .a = left, .b = right});
  }

  NodeId membership(const std::vector<NodeId>& arguments) {
    const Value* list = constant_of(arguments[1]);
    const bool all_texts =
        list != nullptr && list->is(Kind::kList) &&
        std::ranges::all_of(list->as_values(), [](const Value& v) { return v.is(Kind::kString); });
    if (!all_texts) return add({.op = Op::kIn, .a = arguments[0], .b = arguments[1]});
    TextSet set;
    for (const Value& text : list->as_values()) set.add(text.as_text());
    if (const Value* text = constant_text(arguments[0]))
      return constant(Value::boolean(set.contains(text->as_text())));
    plan_->text_sets.push_back(std::move(set));
    return add({.op = Op::kInTexts,
                .a = arguments[0],
                .b = static_cast<std::uint32_t>(plan_->text_sets.size() - 1)});
  }

  NodeId matches(const std::vector<NodeId>& arguments, std::string_view pattern) {
    auto compiled = compile_pattern(pattern, pattern_memory_);
    if (!compiled) {
      fail(plan_->places[arguments[1]].offset,
           fmt::format("the regular expression is invalid: {}", compiled.error()));
      return error(Value::no_such_overload());
    }
    pattern_size_ += (*compiled)->ProgramSize();
    if (pattern_size_ > kMaxPatternSize)
      fail(plan_->places[arguments[1]].offset, "the regular expressions are too large");
    plan_->patterns.push_back(std::move(*compiled));
    return add({.op = Op::kMatches,
                .a = arguments[0],
                .b = static_cast<std::uint32_t>(plan_->patterns.size() - 1)});
  }

  static bool is_small(const Value& value) {
    switch (value.kind()) {
      case Kind::kString:
      case Kind::kBytes:
        return value.as_text().size() <= kMaxFolded;
      case Kind::kList:
        return value.is_array() && value.as_values().size() <= kMaxFolded / sizeof(Value);
      default:
        return true;
    }
  }

  std::optional<NodeId> fold(const Expr& expr, const Function& function,
                             const std::vector<NodeId>& arguments) {
    if (function.nature == Nature::kClock) return std::nullopt;
    std::vector<Value> values;
    for (const NodeId argument : arguments) {
      const Value* value = constant_of(argument);
      if (value == nullptr) return std::nullopt;
      values.push_back(*value);
    }
    const Value result = function.implementation(folding_, values.data(), values.size());
    if (!result.is_error()) {
      if (!is_small(result)) return std::nullopt;
      return constant(result);
    }
    const ErrorCode code = result.error_code();
    const bool certain = code != ErrorCode::kCostLimit && code != ErrorCode::kMemoryLimit &&
                         code != ErrorCode::kNoSuchOverload;
    if (function.nature == Nature::kConversion && certain)
      fail(expr.offset,
           fmt::format("{}{} of this constant fails: {}", function.name,
                       function.name.ends_with('}') ? "" : "()", result.error_message()));
    return std::nullopt;
  }

  std::vector<NodeId> visit_all(const Expr& expr) {
    std::vector<NodeId> out;
    for (const ExprId child : expr.children) out.push_back(visit(child));
    return out;
  }

  std::uint32_t marks(const Expr& expr) {
    if (std::ranges::find(expr.optional, true) == expr.optional.end()) return 0;
    plan_->optional_marks.push_back(expr.optional);
    plan_->optional_marks.back().resize(expr.children.size(), false);
    return static_cast<std::uint32_t>(plan_->optional_marks.size());
  }

  NodeId list(const Expr& expr) {
    const std::vector<NodeId> children = visit_all(expr);
    const std::uint32_t optional = marks(expr);
    const bool is_constant =
        optional == 0 && std::ranges::all_of(children, [&](NodeId id) { return constant_of(id); });
    Value* values = is_constant ? plan_->folded.array<Value>(children.size()) : nullptr;
    if (values != nullptr) {
      for (std::size_t i = 0; i < children.size(); ++i) values[i] = *constant_of(children[i]);
      return constant(Value::list(std::span(values, children.size())));
    }
    return collection(Op::kList, expr, children, optional);
  }

  NodeId collection(Op op, const Expr& expr, const std::vector<NodeId>& children,
                    std::uint32_t optional) {
    if (children.size() > std::numeric_limits<std::uint16_t>::max())
      fail(expr.offset, "the literal has too many elements");
    return add({.op = op,
                .count = static_cast<std::uint16_t>(children.size()),
                .a = adopt(children),
                .c = optional});
  }

  NodeId map(const Expr& expr) {
    const std::vector<NodeId> children = visit_all(expr);
    const std::uint32_t optional = marks(expr);
    if (optional == 0 && std::ranges::all_of(children, [&](NodeId id) { return constant_of(id); }))
      if (auto folded = constant_map(children)) return *folded;
    return collection(Op::kMap, expr, children, optional);
  }

  // A message is made by a function from a map of its fields.
  NodeId message(ExprId id) {
    const Expr& expr = ast_[id];
    const Function* function = meaning(id).function;
    const std::vector<NodeId> fields = {map(expr)};
    if (problem_ || function == nullptr) return error(Value::no_such_overload());
    if (const auto folded = fold(expr, *function, fields)) return *folded;
    return ordinary_call(*function, fields);
  }

  // Nothing when a key appears twice or is no key: the evaluation will say so.
  std::optional<NodeId> constant_map(const std::vector<NodeId>& children) {
    const std::size_t size = children.size() / 2;
    MapEntry* entries = plan_->folded.array<MapEntry>(size);
    if (entries == nullptr) return std::nullopt;
    for (std::size_t i = 0; i < size; ++i) {
      entries[i] = {*constant_of(children[2 * i]), *constant_of(children[2 * i + 1])};
      const Kind kind = entries[i].key.kind();
      const bool is_key =
          kind == Kind::kBool || kind == Kind::kInt || kind == Kind::kUint || kind == Kind::kString;
      const Value before = Value::map(std::span<const MapEntry>(entries, i));
      if (!is_key || !before.map_find(entries[i].key, plan_->folded).is_miss()) return std::nullopt;
    }
    return constant(Value::map(std::span<const MapEntry>(entries, size)));
  }

  NodeId loop(ExprId id) {
    const Expr& expr = ast_[id];
    const NodeId range = visit(expr.children[0]);
    const NodeId condition = expr.children[1] == kNoExpr ? kNoNode : visit(expr.children[1]);
    const NodeId body = visit(expr.children[2]);
    auto flags = static_cast<std::uint8_t>(expr.loop);
    if (!expr.variables[1].empty()) flags |= Node::kTwoVariables;
    return add({.op = Op::kLoop,
                .flags = flags,
                .a = range,
                .b = adopt({condition, body}),
                .c = meaning(id).local});
  }

  NodeId block(ExprId id) {
    const Expr& expr = ast_[id];
    const NodeId out = collection(Op::kBlock, expr, visit_all(expr), 0);
    plan_->nodes[out].c = meaning(id).local;
    return out;
  }

  Ast ast_;
  const Checked& checked_;
  std::unique_ptr<Plan> plan_;
  EmptySource nothing_;
  Evaluation folding_;  // one budget for all constants of the program
  int pattern_size_ = 0;
  std::int64_t pattern_memory_ = kMostPatternMemory;
  std::optional<Problem> problem_;
};

}  // namespace

void TextSet::add(std::string_view text) {
  if (contains(text)) return;
  texts_.push_back(text);
  longest_ = std::max(longest_, text.size());
  if (texts_.size() <= kFew) return;
  for (std::size_t i = hashed_.size(); i < texts_.size(); ++i) hashed_.emplace(texts_[i], i);
}

std::size_t TextSet::find_hashed(std::string_view text) const {
  const auto found = hashed_.find(text);
  return found == hashed_.end() ? kNotThere : found->second;
}

std::expected<std::unique_ptr<Plan>, Problem> make_plan(std::string_view source, Ast ast,
                                                        const Checked& checked,
                                                        const CompileOptions& options) {
  return Planner(source, std::move(ast), checked, options).run();
}

}  // namespace cel
