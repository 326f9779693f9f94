#include <algorithm>

#include "cel/ast.h"
#include "cel/compare.h"
#include "cel/plan.h"
#include "cel/text.h"

namespace cel {
namespace {

// What an Evaluator tells about its progress: nothing.
class Silent {
 public:
  void enter() {}
  void leave(NodeId, const Value&) {}
  void leaf(NodeId, const Value&) {}
};

// Hands the values of nodes to an Observer.
class Reporter {
 public:
  Reporter(const Plan& plan, Observer& observer) : plan_(plan), observer_(observer) {}

  void enter() { ++depth_; }
  void leave(NodeId id, const Value& value) {
    --depth_;
    leaf(id, value);
  }
  void leaf(NodeId id, const Value& value) {
    if (plan_.nodes[id].op == Op::kConstant) return;
    const Place& place = plan_.places[id];
    observer_.on_value(place.begin, place.end, depth_, value);
  }

 private:
  const Plan& plan_;
  Observer& observer_;
  std::uint32_t depth_ = 0;
};

// Walks a plan. A plan is a tree of bounded height, so recursion is bounded too; loops and texts
// are bounded by the Evaluation's budget and the arena's limit. An error is a value that every
// operation hands on, except `&&`, `||` and the loops built on them, which may do without it.
template <typename Recorder>
class Evaluator {
 public:
  Evaluator(const Plan& plan, const AttributeSource& source, Arena& arena, Recorder recorder)
      : plan_(plan),
        source_(source),
        arena_(arena),
        evaluation_(source, arena, plan.max_cost),
        recorder_(recorder) {}

  Value run() {
    const std::size_t refusals = arena_.refusals();
    if (plan_.locals > 0) {
      locals_ = arena_.array<Value>(plan_.locals);
      if (locals_ == nullptr) return Value::memory_limit();
    }
    recorder_.enter();
    Value value = evaluate(plan_.root);
    if (evaluation_.exhausted() || arena_.refusals() != refusals) [[unlikely]]
      value = limit(value);
    recorder_.leave(plan_.root, value);
    return value;
  }

  std::uint64_t cost() const {
    return plan_.max_cost - static_cast<std::uint64_t>(evaluation_.left());
  }

 private:
  // The limit that was reached, though nothing handed it on: in a binding that is not used, say.
  [[gnu::noinline, gnu::cold]] Value limit(const Value& value) const {
    if (value.is_limit()) return value;
    return evaluation_.exhausted() ? Evaluation::cost_limit() : Value::memory_limit();
  }

  // Says where an error arose, unless something further down already has.
  Value at(const Node& node, const Value& value) const {
    if (!value.is_error() || value.error_position() != 0) [[likely]]
      return value;
    return placed(node, value);
  }

  [[gnu::noinline, gnu::cold]] Value placed(const Node& node, const Value& error) const {
    const Place& place = plan_.places[static_cast<std::size_t>(&node - plan_.nodes.data())];
    return Value::error(error.error_code(), error.error_message(), place.offset + 1);
  }

  static Value type_error(const char* message) {
    return Value::error(ErrorCode::kNoSuchOverload, message);
  }

  // The leaves are read here, so that the common operand costs no call.
  [[gnu::always_inline]] Value operand(NodeId id) {
    const Node& node = plan_.nodes[id];
    if (node.op == Op::kSlot) return leaf(id, at(node, slot(node)));
    if (node.op == Op::kConstant) return plan_.constants[node.a];
    if (node.op == Op::kLocal) return leaf(id, locals_[node.a]);
    return eval(id);
  }

  [[gnu::always_inline]] Value slot(const Node& node) {
    evaluation_.step(node.count);
    return source_.resolve(plan_.slots[node.a], arena_);
  }

  Value leaf(NodeId id, const Value& value) {
    recorder_.leaf(id, value);
    return value;
  }

  [[gnu::always_inline]] Value eval(NodeId id) {
    recorder_.enter();
    const Value value = evaluate(id);
    recorder_.leave(id, value);
    return value;
  }

  Value evaluate(NodeId id) {
    const Node& node = plan_.nodes[id];
    evaluation_.step();
    switch (node.op) {
      case Op::kConstant:
        return plan_.constants[node.a];
      case Op::kSlot:
        return at(node, slot(node));
      case Op::kHasSlot:
        evaluation_.step(node.count);
        return at(node, source_.has(plan_.slots[node.a], arena_));
      case Op::kOptionalSlot:
        return at(node, optional_slot(node));
      case Op::kLocal:
        return locals_[node.a];
      case Op::kSelect:
        return at(node, select(operand(node.a), plan_.constants[node.b]));
      case Op::kHas:
        return at(node, has(operand(node.a), plan_.constants[node.b]));
      case Op::kOptionalSelect:
        return at(node, optional_find(operand(node.a), plan_.constants[node.b]));
      case Op::kIndex:
        return at(node, index_of(node));
      case Op::kOptionalIndex:
        return at(node, optional_index(node));
      case Op::kAnd:
        return logic(node, false);
      case Op::kOr:
        return logic(node, true);
      case Op::kNot: {
        const Value value = operand(node.a);
        if (value.is(Kind::kBool)) return Value::boolean(!value.as_bool());
        return at(node, value.is_error() ? value : Value::no_such_overload());
      }
      case Op::kConditional: {
        const Value condition = operand(node.a);
        if (condition.is(Kind::kBool)) return eval(condition.as_bool() ? node.b : node.c);
        return at(node, condition.is_error() ? condition : Value::no_such_overload());
      }
      case Op::kEqual:
      case Op::kNotEqual:
        return at(node, equality(node));
      case Op::kEqualText:
        return equals_text(node, true);
      case Op::kNotEqualText:
        return equals_text(node, false);
      case Op::kIn:
        return at(node, membership(node));
      case Op::kInTexts: {
        const Value value = operand(node.a);
        if (!value.is(Kind::kString)) return value.is_error() ? value : Value::boolean(false);
        const TextSet& set = plan_.text_sets[node.b];
        if (!evaluation_.charge_text(std::min(value.as_text().size(), set.longest())))
          return at(node, Evaluation::cost_limit());
        return Value::boolean(set.contains(value.as_text()));
      }
      case Op::kHasTexts:
        return at(node, has_texts(node));
      case Op::kStartsWith:
      case Op::kEndsWith:
        return at(node, text_test(node));
      case Op::kOrder:
        return at(node, order(node));
      case Op::kMatches:
        return at(node, matches(node));
      case Op::kCall:
        return at(node, call(node));
      case Op::kList:
        return at(node, list(node));
      case Op::kMap:
        return at(node, map(node));
      case Op::kLoop:
        return at(node, loop(node));
      case Op::kBind:
        locals_[node.c] = eval(node.a);
        return eval(node.b);
      case Op::kBlock:
        return block(node);
      case Op::kOptionalMap:
        return at(node, optional_map(node));
      case Op::kFail:
        return at(node, plan_.constants[node.a]);
    }
    return Value::no_such_overload();
  }

  // `&&` (decides on false) and `||` (decides on true): an operand that decides wins over errors
  // before and after it.
  Value logic(const Node& node, bool deciding) {
    Value error;
    for (std::uint32_t i = 0; i < node.count; ++i) {
      const Value value = eval(plan_.children[node.a + i]);
      if (value.is(Kind::kBool)) {
        if (value.as_bool() == deciding) return value;
      } else if (value.is_limit()) {
        return value;
      } else if (!error.is_error()) {
        error = at(node, value.is_error() ? value : Value::no_such_overload());
      }
    }
    return error.is_error() ? error : Value::boolean(!deciding);
  }

  Value equality(const Node& node) {
    const Value left = operand(node.a);
    if (left.is_error()) return left;
    const Value same = equals(evaluation_, left, operand(node.b));
    if (same.is_error() || node.op == Op::kEqual) return same;
    return Value::boolean(!same.as_bool());
  }

  Value equals_text(const Node& node, bool wanted) {
    const Value value = operand(node.a);
    if (value.is(Kind::kString))
      return Value::boolean((value.as_text() == plan_.constants[node.b].as_text()) == wanted);
    return value.is_error() ? value : Value::boolean(!wanted);
  }

  Value membership(const Node& node) {
    const Value element = operand(node.a);
    if (element.is_error()) return element;
    const Value container = operand(node.b);
    if (container.is(Kind::kList)) return list_contains(evaluation_, container, element);
    if (container.is(Kind::kMap)) return has_key(evaluation_, container, element);
    return container.is_error() ? container : Value::no_such_overload();
  }

  // One walk over the list, whatever the number of texts.
  Value has_texts(const Node& node) {
    const Value list = operand(node.a);
    if (!list.is(Kind::kList)) return list.is_error() ? list : Value::no_such_overload();
    const TextSet& wanted = plan_.text_sets[node.b];
    const bool all = node.flags != 0;
    std::size_t missing = wanted.size();
    if (missing == 0) return Value::boolean(all);
    std::uint64_t found = 0;
    ListIterator elements(list, arena_);
    Value element;
    while (elements.next(element)) {
      if (!evaluation_.charge(1)) return Evaluation::cost_limit();
      if (!element.is(Kind::kString)) {
        if (element.is_error()) return element;
        continue;
      }
      const std::string_view text = element.as_text();
      if (!evaluation_.charge_text(std::min(text.size(), wanted.longest())))
        return Evaluation::cost_limit();
      const std::size_t number = wanted.find(text);
      if (number == TextSet::kNotThere || ((found >> number) & 1U) != 0) continue;
      found |= std::uint64_t{1} << number;
      if (!all || --missing == 0) return Value::boolean(true);
    }
    return Value::boolean(false);
  }

  Value text_test(const Node& node) {
    const Value value = operand(node.a);
    if (!value.is(Kind::kString)) return value.is_error() ? value : Value::no_such_overload();
    const std::string_view text = value.as_text();
    const std::string_view part = plan_.constants[node.b].as_text();
    if (!evaluation_.charge_text(std::min(text.size(), part.size())))
      return Evaluation::cost_limit();
    return Value::boolean(node.op == Op::kStartsWith ? text.starts_with(part)
                                                     : text.ends_with(part));
  }

  Value order(const Node& node) {
    const Value left = operand(node.a);
    if (left.is_error()) return left;
    const Value right = operand(node.b);
    if (right.is_error()) return right;
    return holds(evaluation_, static_cast<Relation>(node.flags), left, right);
  }

  // operand.key
  Value select(const Value& value, const Value& key) {
    switch (value.kind()) {
      case Kind::kError:
        return value;
      case Kind::kMap:
        return find_key(evaluation_, value, key);
      case Kind::kList:
        return type_error("a list has no fields");
      case Kind::kOptional:
        return optional_find(value, key);
      default:
        return Value::error(ErrorCode::kNoSuchField, "no such field: the value has no fields");
    }
  }

  Value has(const Value& value, const Value& key) {
    switch (value.kind()) {
      case Kind::kError:
        return value;
      case Kind::kMap:
        return has_key(evaluation_, value, key);
      case Kind::kList:
        return type_error("a list has no fields");
      case Kind::kOptional:
        if (value.as_optional() == nullptr) return Value::boolean(false);
        return has(*value.as_optional(), key);
      default:
        return Value::boolean(false);
    }
  }

  // container[index]
  Value element(const Value& container, const Value& index) {
    switch (container.kind()) {
      case Kind::kError:
        return container;
      case Kind::kMap:
        return find_key(evaluation_, container, index);
      case Kind::kList: {
        if (!index.is_number()) return type_error("a list is indexed by a number");
        const auto position = exact_int(index);
        if (!position) return type_error("a list is indexed by a whole number");
        if (*position < 0 || static_cast<std::uint64_t>(*position) >= container.list_size())
          return Value::error(ErrorCode::kIndexOutOfBounds, "index out of bounds");
        return list_at(evaluation_, container, static_cast<std::size_t>(*position));
      }
      case Kind::kOptional:
        return optional_find(container, index);
      default:
        return Value::error(ErrorCode::kNoSuchField, "no such field: the value has no elements");
    }
  }

  Value index_of(const Node& node) {
    const Value container = operand(node.a);
    if (container.is_error()) return container;
    const Value index = operand(node.b);
    return index.is_error() ? index : element(container, index);
  }

  Value some(const Value& value) {
    if (value.is_error()) return value;
    const Value* kept = arena_.make<Value>(value);
    return kept == nullptr ? Value::memory_limit() : Value::optional(kept);
  }

  Value optional_slot(const Node& node) {
    const Slot& slot = plan_.slots[node.a];
    evaluation_.step(2 * node.count);
    const Value present = source_.has(slot, arena_);
    if (!present.is(Kind::kBool)) return present;
    if (!present.as_bool()) return Value::optional(nullptr);
    return some(source_.resolve(slot, arena_));
  }

  // container[?key], container.?key, and what follows an optional.
  Value optional_find(const Value& container, const Value& key) {
    if (container.is(Kind::kOptional)) {
      if (container.as_optional() == nullptr) return container;
      return optional_find(*container.as_optional(), key);
    }
    const Value found = element(container, key);
    if (container.is_error() || !found.is_miss()) return some(found);
    // What has no members at all is a fault of the expression, not an absence.
    if (found.error_code() == ErrorCode::kNoSuchField) return found;
    return Value::optional(nullptr);
  }

  Value optional_index(const Node& node) {
    const Value container = operand(node.a);
    if (container.is_error()) return container;
    const Value index = operand(node.b);
    return index.is_error() ? index : optional_find(container, index);
  }

  Value matches(const Node& node) {
    const Value text = operand(node.a);
    if (!text.is(Kind::kString)) return text.is_error() ? text : Value::no_such_overload();
    return find_match(evaluation_, *plan_.patterns[node.b], text.as_text());
  }

  [[gnu::noinline]] Value call(const Node& node) {
    constexpr std::size_t kFew = 4;
    if (node.count > kFew) return wide_call(node);
    Value arguments[kFew];
    for (std::uint32_t i = 0; i < node.count; ++i) {
      arguments[i] = operand(plan_.children[node.a + i]);
      if (arguments[i].is_error()) return arguments[i];
    }
    return plan_.functions[node.b](evaluation_, arguments, node.count);
  }

  [[gnu::noinline]] Value wide_call(const Node& node) {
    Value* arguments = arena_.array<Value>(node.count);
    if (arguments == nullptr) return Value::memory_limit();
    for (std::uint32_t i = 0; i < node.count; ++i) {
      arguments[i] = operand(plan_.children[node.a + i]);
      if (arguments[i].is_error()) return arguments[i];
    }
    return plan_.functions[node.b](evaluation_, arguments, node.count);
  }

  bool is_marked(const Node& node, std::uint32_t child) const {
    return node.c != 0 && plan_.optional_marks[node.c - 1][child];
  }

  // Unwraps the value of an element written `?x`. False: leave the element out.
  static bool unwrap(Value& value) {
    if (!value.is(Kind::kOptional)) {
      value = type_error("\"?\" needs an optional value");
      return true;
    }
    if (value.as_optional() == nullptr) return false;
    value = *value.as_optional();
    return true;
  }

  [[gnu::noinline]] Value list(const Node& node) {
    Value* values = arena_.array<Value>(node.count);
    if (values == nullptr) return Value::memory_limit();
    std::size_t size = 0;
    for (std::uint32_t i = 0; i < node.count; ++i) {
      Value value = operand(plan_.children[node.a + i]);
      if (!value.is_error() && is_marked(node, i) && !unwrap(value)) continue;
      if (value.is_error()) return value;
      values[size++] = value;
    }
    return Value::list(std::span<const Value>(values, size));
  }

  static bool is_key(const Value& value) {
    switch (value.kind()) {
      case Kind::kBool:
      case Kind::kInt:
      case Kind::kUint:
      case Kind::kString:
        return true;
      default:
        return false;
    }
  }

  // Adds an entry to those before it, unless its key is there already.
  Value insert(MapEntry* entries, std::size_t size, const Value& key, const Value& value) {
    if (!is_key(key)) return type_error("a map's key is a bool, int, uint or string");
    const Value before = Value::map(std::span<const MapEntry>(entries, size));
    const Value found = find_key(evaluation_, before, key);
    if (!found.is_error())
      return Value::error(ErrorCode::kInvalidArgument, "the map has the same key twice");
    if (!found.is_miss()) return found;
    entries[size] = {key, value};
    return Value::null();
  }

  [[gnu::noinline]] Value map(const Node& node) {
    MapEntry* entries = arena_.array<MapEntry>(node.count / 2);
    if (entries == nullptr) return Value::memory_limit();
    std::size_t size = 0;
    for (std::uint32_t i = 0; i < node.count; i += 2) {
      const Value key = operand(plan_.children[node.a + i]);
      if (key.is_error()) return key;
      Value value = operand(plan_.children[node.a + i + 1]);
      if (!value.is_error() && is_marked(node, i) && !unwrap(value)) continue;
      if (value.is_error()) return value;
      if (const Value added = insert(entries, size, key, value); added.is_error()) return added;
      ++size;
    }
    return Value::map(std::span<const MapEntry>(entries, size));
  }

  Value block(const Node& node) {
    // An error stays with its index: only what uses it fails.
    for (std::uint32_t i = 0; i + 1 < node.count; ++i)
      locals_[node.c + i] = eval(plan_.children[node.a + i]);
    return eval(plan_.children[node.a + node.count - 1]);
  }

  [[gnu::noinline]] Value optional_map(const Node& node) {
    const Value value = operand(node.a);
    if (!value.is(Kind::kOptional)) return value.is_error() ? value : Value::no_such_overload();
    if (value.as_optional() == nullptr) return value;
    locals_[node.c] = *value.as_optional();
    const Value mapped = eval(node.b);
    if (node.flags == 0) return some(mapped);
    return mapped.is_error() || mapped.is(Kind::kOptional) ? mapped : Value::no_such_overload();
  }

  // Gives each element of a loop's range to `body` until it returns false.
  template <typename Body>
  Value each(const Node& node, const Value& range, Body body) {
    const bool two = (node.flags & Node::kTwoVariables) != 0;
    Value* first = &locals_[node.c];
    if (range.is(Kind::kList)) {
      ListIterator elements(range, arena_);
      Value value;
      for (std::int64_t i = 0; elements.next(value); ++i) {
        if (!evaluation_.charge(1)) return Evaluation::cost_limit();
        if (two) first[0] = Value::integer(i);
        first[two ? 1 : 0] = value;
        if (!body()) break;
      }
    } else if (range.is(Kind::kMap)) {
      MapIterator entries(range, arena_);
      Value key;
      Value value;
      while (entries.next(key, value)) {
        if (!evaluation_.charge(1)) return Evaluation::cost_limit();
        first[0] = key;
        if (two) first[1] = value;
        if (!body()) break;
      }
    } else {
      return range.is_error() ? range : Value::no_such_overload();
    }
    return evaluation_.exhausted() ? Evaluation::cost_limit() : Value::null();
  }

  [[gnu::noinline]] Value loop(const Node& node) {
    const Value range = operand(node.a);
    const NodeId condition = plan_.children[node.b];
    const NodeId body = plan_.children[node.b + 1];
    switch (static_cast<Loop>(node.flags & ~Node::kTwoVariables)) {
      case Loop::kAll:
        return quantifier(node, range, body, false);
      case Loop::kExists:
        return quantifier(node, range, body, true);
      case Loop::kExistsOne:
        return exists_one(node, range, body);
      case Loop::kList:
        return collect_list(node, range, condition, body);
      case Loop::kMap:
      case Loop::kMapEntry:
        return collect_map(node, range, condition, body);
    }
    return Value::no_such_overload();
  }

  // As `&&` and `||` over the elements.
  Value quantifier(const Node& node, const Value& range, NodeId body, bool deciding) {
    Value outcome = Value::boolean(!deciding);
    const Value end = each(node, range, [&] {
      const Value value = eval(body);
      if ((value.is(Kind::kBool) && value.as_bool() == deciding) || value.is_limit()) {
        outcome = value;
        return false;
      }
      if (!value.is(Kind::kBool) && !outcome.is_error())
        outcome = at(node, value.is_error() ? value : Value::no_such_overload());
      return true;
    });
    return end.is_error() ? end : outcome;
  }

  Value exists_one(const Node& node, const Value& range, NodeId body) {
    Value error;
    std::size_t matching = 0;
    const Value end = each(node, range, [&] {
      const Value value = eval(body);
      if (!value.is(Kind::kBool)) {
        error = value.is_error() ? value : Value::no_such_overload();
        return false;
      }
      matching += value.as_bool() ? 1 : 0;
      return true;
    });
    if (end.is_error()) return end;
    return error.is_error() ? error : Value::boolean(matching == 1);
  }

  // Whether the condition of a loop holds; otherwise `error` may be set.
  bool admits(NodeId condition, Value& error) {
    if (condition == kNoNode) return true;
    const Value value = eval(condition);
    if (!value.is(Kind::kBool)) error = value.is_error() ? value : Value::no_such_overload();
    return value.is_true();
  }

  Value collect_list(const Node& node, const Value& range, NodeId condition, NodeId body) {
    ListBuilder out(evaluation_);
    Value error;
    const Value end = each(node, range, [&] {
      if (!admits(condition, error)) return !error.is_error();
      const Value value = eval(body);
      if (value.is_error()) error = value;
      return !error.is_error() && out.add(value);
    });
    if (end.is_error()) return end;
    return error.is_error() ? error : out.finish();
  }

  Value collect_map(const Node& node, const Value& range, NodeId condition, NodeId body) {
    const bool single = static_cast<Loop>(node.flags & ~Node::kTwoVariables) == Loop::kMapEntry;
    MapEntry* entries = nullptr;
    std::size_t size = 0;
    std::size_t capacity = 0;
    Value error;
    const auto put = [&](const Value& key, const Value& value) {
      if (size == capacity) {
        capacity = capacity == 0 ? 8 : capacity * 2;
        MapEntry* larger = arena_.array<MapEntry>(capacity);
        if (larger == nullptr) {
          error = Value::memory_limit();
          return false;
        }
        std::copy_n(entries, size, larger);
        entries = larger;
      }
      // Keys of one loop over a map or over indices differ by themselves.
      if (single) {
        error = insert(entries, size, key, value);
      } else {
        entries[size] = {key, value};
      }
      ++size;
      return !error.is_error();
    };
    const Value end = each(node, range, [&] {
      if (!admits(condition, error)) return !error.is_error();
      const Value value = eval(body);
      if (value.is_error()) {
        error = value;
        return false;
      }
      if (!single) return put(locals_[node.c], value);
      if (!value.is(Kind::kMap) || value.map_size() != 1) {
        error = type_error("the last argument of transformMapEntry() is a map of one entry");
        return false;
      }
      MapIterator only(value, arena_);
      Value key;
      Value inner;
      only.next(key, inner);
      return put(key, inner);
    });
    if (end.is_error()) return end;
    if (error.is_error()) return error;
    return Value::map(std::span<const MapEntry>(entries, size));
  }

  const Plan& plan_;
  const AttributeSource& source_;
  Arena& arena_;
  Evaluation evaluation_;
  Value* locals_ = nullptr;
  [[no_unique_address]] Recorder recorder_;
};

}  // namespace

Value run(const Plan& plan, const AttributeSource& source, Arena& arena) noexcept {
  return Evaluator(plan, source, arena, Silent()).run();
}

Observed run(const Plan& plan, const AttributeSource& source, Arena& arena,
             Observer& observer) noexcept {
  Evaluator evaluator(plan, source, arena, Reporter(plan, observer));
  const Value value = evaluator.run();
  return {value, evaluator.cost()};
}

}  // namespace cel
