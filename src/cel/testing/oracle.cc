#include "cel/testing/oracle.h"

#include <cmath>
#include <limits>

#include "cel/testing/example_environment.h"

namespace cel::testing {
namespace {

using Plains = std::vector<Plain>;

constexpr std::size_t kMostWork = 20'000;
constexpr std::size_t kMostCallCost = 100'000;  // of one function of the library

struct TooMuch {};

// How much there is to copy.
std::size_t weight(const Plain& v) {
  std::size_t out = 1 + v.text.size() / 16;
  for (const Plain& item : v.items) out += weight(item);
  for (const auto& [key, value] : v.entries) out += weight(key) + weight(value);
  return out + (v.inner == nullptr ? 0 : weight(*v.inner));
}

// -1, 0, 1, or nothing when unordered or not of one ordered type.
struct Order {
  bool comparable = false;
  bool unordered = false;  // NaN
  int sign = 0;
};

template <typename T>
Order order_of(const T& a, const T& b) {
  return {true, false, a < b ? -1 : (b < a ? 1 : 0)};
}

// Integers among themselves are compared exactly, with a double as doubles.
Order order_numbers(const Plain& a, const Plain& b) {
  if (a.is(Kind::kDouble) || b.is(Kind::kDouble)) {
    const auto real = [](const Plain& v) {
      return v.is(Kind::kInt)    ? static_cast<double>(v.integer)
             : v.is(Kind::kUint) ? static_cast<double>(v.natural)
                                 : v.real;
    };
    if (std::isnan(real(a)) || std::isnan(real(b))) return {true, true, 0};
    return order_of(real(a), real(b));
  }
  const auto wide = [](const Plain& v) {
    return v.is(Kind::kInt) ? static_cast<__int128>(v.integer) : static_cast<__int128>(v.natural);
  };
  return order_of(wide(a), wide(b));
}

Order order(const Plain& a, const Plain& b) {
  if (a.is_number() && b.is_number()) return order_numbers(a, b);
  if (a.kind != b.kind) return {};
  switch (a.kind) {
    case Kind::kBool:
      return order_of(a.truth, b.truth);
    case Kind::kString:
    case Kind::kBytes:
      return order_of(a.text, b.text);
    case Kind::kDuration:
    case Kind::kTimestamp:
      return order_of(std::pair(a.time.seconds, a.time.nanos),
                      std::pair(b.time.seconds, b.time.nanos));
    default:
      return {};
  }
}

const Plain* find(const Plain& map, const Plain& key);

bool same(const Plain& a, const Plain& b) {
  if (a.is_number() && b.is_number()) {
    const Order o = order_numbers(a, b);
    return !o.unordered && o.sign == 0;
  }
  if (a.kind != b.kind) return false;
  switch (a.kind) {
    case Kind::kNull:
      return true;
    case Kind::kType:
      return a.text == b.text;
    case Kind::kList: {
      if (a.items.size() != b.items.size()) return false;
      for (std::size_t i = 0; i < a.items.size(); ++i)
        if (!same(a.items[i], b.items[i])) return false;
      return true;
    }
    case Kind::kMap: {
      if (a.entries.size() != b.entries.size()) return false;
      for (const auto& [key, value] : a.entries) {
        const Plain* other = find(b, key);
        if (other == nullptr || !same(value, *other)) return false;
      }
      return true;
    }
    case Kind::kOptional:
      if (a.inner == nullptr || b.inner == nullptr) return a.inner == b.inner;
      return same(*a.inner, *b.inner);
    case Kind::kOpaque:
      return a.opaque->type_name() == b.opaque->type_name() && a.opaque->equals(*b.opaque);
    default:
      return order(a, b).sign == 0;
  }
}

bool is_key(const Plain& v) {
  return v.is(Kind::kBool) || v.is(Kind::kInt) || v.is(Kind::kUint) || v.is(Kind::kString);
}

const Plain* find(const Plain& map, const Plain& key) {
  for (const auto& [candidate, value] : map.entries)
    if ((is_key(key) || key.is(Kind::kDouble)) && same(candidate, key)) return &value;
  return nullptr;
}

Plain some(const Plain& value) { return Plain::optional(std::make_shared<const Plain>(value)); }
Plain none() { return Plain::optional(nullptr); }

Plain no_members() { return Plain::error(ErrorCode::kNoSuchField, "the value has no members"); }

// The index as a position in a list of `size`; nothing when it is none.
std::optional<std::size_t> position(const Plain& index, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i)
    if (same(index, Plain::of(static_cast<std::int64_t>(i)))) return i;
  return std::nullopt;
}

// Whether the number is one that an int can be.
bool is_whole(const Plain& number) {
  if (number.is(Kind::kUint)) return number.natural <= std::numeric_limits<std::int64_t>::max();
  return !number.is(Kind::kDouble) ||
         (std::trunc(number.real) == number.real && number.real >= -0x1p63 && number.real < 0x1p63);
}

Plain index_optional(const Plain& container, const Plain& key);

// container[key]
Plain index(const Plain& container, const Plain& key) {
  if (container.is_error()) return container;
  if (key.is_error()) return key;
  switch (container.kind) {
    case Kind::kMap: {
      const Plain* value = find(container, key);
      return value == nullptr ? Plain::miss("no such key") : *value;
    }
    case Kind::kList: {
      if (!key.is_number() || !is_whole(key)) return Plain::fault("a list needs a position");
      const auto at = position(key, container.items.size());
      if (!at) return Plain::error(ErrorCode::kIndexOutOfBounds, "index out of bounds");
      return container.items[*at];
    }
    case Kind::kOptional:
      return index_optional(container, key);
    default:
      return no_members();
  }
}

// container[?key]
Plain index_optional(const Plain& container, const Plain& key) {
  if (container.is_error()) return container;
  if (key.is_error()) return key;
  if (container.is(Kind::kOptional))
    return container.inner == nullptr ? none() : index_optional(*container.inner, key);
  const Plain found = index(container, key);
  if (!found.is_error()) return some(found);
  const bool absent =
      found.code == ErrorCode::kNoSuchKey || found.code == ErrorCode::kIndexOutOfBounds;
  return absent ? none() : found;
}

// operand.name: as an index, only that a list has no names.
Plain select(const Plain& operand, const std::string& name) {
  if (operand.is(Kind::kList)) return Plain::fault("a list has no fields");
  return index(operand, Plain::of(name));
}

// operand.?name
Plain select_optional(const Plain& operand, const std::string& name) {
  return index_optional(operand, Plain::of(name));
}

// has(operand.name)
Plain has(const Plain& operand, const std::string& name) {
  switch (operand.kind) {
    case Kind::kError:
      return operand;
    case Kind::kMap:
      return Plain::of(find(operand, Plain::of(name)) != nullptr);
    case Kind::kList:
      return Plain::fault("a list has no fields");
    case Kind::kOptional:
      return operand.inner == nullptr ? Plain::of(false) : has(*operand.inner, name);
    default:
      return Plain::of(false);
  }
}

Plain contains(const Plain& container, const Plain& element) {
  if (element.is_error()) return element;
  if (container.is_error()) return container;
  if (container.is(Kind::kMap)) return Plain::of(find(container, element) != nullptr);
  if (!container.is(Kind::kList)) return Plain::fault("in needs a list or map");
  for (const Plain& candidate : container.items)
    if (same(candidate, element)) return Plain::of(true);
  return Plain::of(false);
}

Plain compare_with(const std::string& name, const Plain& a, const Plain& b) {
  const Order o = order(a, b);
  if (!o.comparable) return Plain::fault("not comparable");
  if (o.unordered) return Plain::of(false);
  if (name == "_<_") return Plain::of(o.sign < 0);
  if (name == "_<=_") return Plain::of(o.sign <= 0);
  if (name == "_>_") return Plain::of(o.sign > 0);
  return Plain::of(o.sign >= 0);
}

Plain whole(__int128 value, bool is_signed) {
  Plain out;
  out.kind = is_signed ? Kind::kInt : Kind::kUint;
  const __int128 least = is_signed ? std::numeric_limits<std::int64_t>::min() : 0;
  const __int128 most = is_signed
                            ? static_cast<__int128>(std::numeric_limits<std::int64_t>::max())
                            : static_cast<__int128>(std::numeric_limits<std::uint64_t>::max());
  if (value < least || value > most) return Plain::error(ErrorCode::kOutOfRange, "overflow");
  out.integer = static_cast<std::int64_t>(value);
  out.natural = static_cast<std::uint64_t>(value);
  return out;
}

Plain whole_arithmetic(char op, __int128 a, __int128 b, bool is_signed) {
  switch (op) {
    case '+':
      return whole(a + b, is_signed);
    case '-':
      return whole(a - b, is_signed);
    case '*':  // 64 by 64 unsigned bits may not fit; then the product is out of range anyway
      if (a != 0 && !is_signed && b > std::numeric_limits<std::uint64_t>::max() / a)
        return whole(-1, false);
      return whole(a * b, is_signed);
    default:
      break;
  }
  if (b == 0) return Plain::error(ErrorCode::kDivideByZero, "division by zero");
  // The remainder of the least integer by -1 would be 0, but is not computed by any machine.
  if (a / b > std::numeric_limits<std::int64_t>::max() && is_signed) return whole(a / b, true);
  return whole(op == '/' ? a / b : a % b, is_signed);
}

Plain real_arithmetic(char op, double a, double b) {
  switch (op) {
    case '+':
      return Plain::of(a + b);
    case '-':
      return Plain::of(a - b);
    case '*':
      return Plain::of(a * b);
    case '/': {
      volatile double divisor = b;  // IEEE 754, whatever the compiler thinks of zero
      if (b != 0) return Plain::of(a / divisor);
      const double nan = std::numeric_limits<double>::quiet_NaN();
      if (a == 0 || std::isnan(a)) return Plain::of(nan);
      return Plain::of(std::copysign(std::numeric_limits<double>::infinity(),
                                     std::copysign(1.0, a) * std::copysign(1.0, b)));
    }
    default:
      return Plain::fault("no remainder of doubles");
  }
}

// Nothing: about time.
std::optional<Plain> arithmetic(char op, const Plain& a, const Plain& b) {
  if (a.is(Kind::kTimestamp) || a.is(Kind::kDuration)) return std::nullopt;
  if (a.kind != b.kind) return Plain::fault("operands of different types");
  if (a.is(Kind::kInt)) return whole_arithmetic(op, a.integer, b.integer, true);
  if (a.is(Kind::kUint)) return whole_arithmetic(op, a.natural, b.natural, false);
  if (a.is(Kind::kDouble)) return real_arithmetic(op, a.real, b.real);
  if (op != '+') return Plain::fault("no such operation");
  Plain out = a;
  switch (a.kind) {
    case Kind::kString:
    case Kind::kBytes:
      out.text += b.text;
      return out;
    case Kind::kList:
      out.items.insert(out.items.end(), b.items.begin(), b.items.end());
      return out;
    default:
      return Plain::fault("no such operation");
  }
}

Plain negate(const Plain& v) {
  if (v.is(Kind::kDouble)) return Plain::of(-v.real);
  return v.is(Kind::kInt) ? whole(-static_cast<__int128>(v.integer), true)
                          : Plain::fault("not negatable");
}

Plain size(const Plain& v) {
  std::int64_t n = 0;
  switch (v.kind) {
    case Kind::kString:
      for (const char c : v.text) n += (static_cast<unsigned char>(c) >> 6) == 2 ? 0 : 1;
      return Plain::of(n);
    case Kind::kBytes:
      return Plain::of(static_cast<std::int64_t>(v.text.size()));
    case Kind::kList:
      return Plain::of(static_cast<std::int64_t>(v.items.size()));
    case Kind::kMap:
      return Plain::of(static_cast<std::int64_t>(v.entries.size()));
    default:
      return Plain::fault("no size");
  }
}

Plain has_elements(const Plains& arguments, bool all) {
  if (!arguments[0].is(Kind::kList)) return Plain::fault("not a list");
  const bool one_list = arguments.size() == 2 && arguments[1].is(Kind::kList);
  const Plains wanted =
      one_list ? arguments[1].items : Plains(arguments.begin() + 1, arguments.end());
  std::size_t found = 0;
  for (const Plain& element : wanted) found += contains(arguments[0], element).truth ? 1 : 0;
  return Plain::of(all ? found == wanted.size() : found > 0);
}

bool is_zero(const Plain& v) {
  return v.is(Kind::kNull) || (v.is(Kind::kBool) && !v.truth) ||
         (v.is_number() && same(v, Plain::of(std::int64_t{0}))) ||
         ((v.is(Kind::kString) || v.is(Kind::kBytes)) && v.text.empty()) ||
         (v.is(Kind::kList) && v.items.empty()) || (v.is(Kind::kMap) && v.entries.empty()) ||
         ((v.is(Kind::kDuration) || v.is(Kind::kTimestamp)) && v.time.seconds == 0 &&
          v.time.nanos == 0) ||
         (v.is(Kind::kOptional) && v.inner == nullptr);
}

Plain optional_function(const std::string& name, const Plains& arguments) {
  if (name == "optional.none") return none();
  const Plain& a = arguments[0];
  if (name == "optional.of") return some(a);
  if (name == "optional.ofNonZeroValue") return is_zero(a) ? none() : some(a);
  if (!a.is(Kind::kOptional)) return Plain::fault("not an optional");
  if (name == "hasValue") return Plain::of(a.inner != nullptr);
  if (name == "value")
    return a.inner != nullptr ? *a.inner : Plain::error(ErrorCode::kInvalidArgument, "none");
  if (name == "or" && !arguments[1].is(Kind::kOptional)) return Plain::fault("not an optional");
  if (a.inner == nullptr) return arguments[1];
  return name == "or" ? a : *a.inner;
}

// What the oracle computes by itself; nothing for the rest.
std::optional<Plain> own_function(const std::string& name, const Plains& arguments) {
  const auto texts = [&] {
    return arguments[0].is(Kind::kString) && arguments[1].is(Kind::kString);
  };
  if (name == "size") return size(arguments[0]);
  if (name == "contains" || name == "startsWith" || name == "endsWith") {
    if (!texts()) return Plain::fault("not texts");
    const std::string& text = arguments[0].text;
    const std::string& part = arguments[1].text;
    if (name == "contains") return Plain::of(text.find(part) != std::string::npos);
    if (part.size() > text.size()) return Plain::of(false);
    return Plain::of(
        text.compare(name == "startsWith" ? 0 : text.size() - part.size(), part.size(), part) == 0);
  }
  if (name == "hasAll" || name == "hasAny") return has_elements(arguments, name == "hasAll");
  if (name == "dyn") return arguments[0];
  for (const char* known : {"optional.none", "optional.of", "optional.ofNonZeroValue", "hasValue",
                            "value", "or", "orValue"})
    if (name == known) return optional_function(name, arguments);
  if (name == "_<_" || name == "_<=_" || name == "_>_" || name == "_>=_")
    return compare_with(name, arguments[0], arguments[1]);
  for (const char op : {'+', '-', '*', '/', '%'})
    if (name == std::string("_") + op + "_") return arithmetic(op, arguments[0], arguments[1]);
  if (name == "-_") return negate(arguments[0]);
  return std::nullopt;
}

// Unwraps what was written `?x`. False: leave it out.
bool take_optional(Plain& value) {
  if (value.is_error()) return true;
  if (!value.is(Kind::kOptional)) {
    value = Plain::fault("not an optional");
  } else if (value.inner == nullptr) {
    return false;
  } else {
    value = Plain(*value.inner);
  }
  return true;
}

Plain add_entry(Plain& map, const Plain& key, const Plain& value) {
  if (!is_key(key)) return Plain::fault("not a key");
  if (find(map, key) != nullptr) return Plain::error(ErrorCode::kInvalidArgument, "a key twice");
  map.entries.emplace_back(key, value);
  return Plain();
}

bool is_marked(const Expr& expr, std::size_t i) {
  return i < expr.optional.size() && expr.optional[i];
}

}  // namespace

std::optional<Plain> Oracle::run() {
  try {
    return eval(ast_.root);
  } catch (const TooMuch&) {
    return std::nullopt;
  }
}

Plain Oracle::eval(ExprId id) {
  Plain out = evaluate(id);
  work_ += weight(out);
  if (work_ > kMostWork) throw TooMuch();
  return out;
}

Plain Oracle::evaluate(ExprId id) {
  const Expr& expr = ast_[id];
  if (checked_.meanings[id].kind == Meaning::Kind::kNamed) return from_value(expr.literal, arena_);
  switch (expr.kind) {
    case ExprKind::kLiteral:
      return from_value(expr.literal, arena_);
    case ExprKind::kIdent:
      return ident(expr);
    case ExprKind::kSelect: {
      const Plain operand = eval(expr.children[0]);
      const std::string name(expr.name);
      if (expr.has(Expr::kTest)) return has(operand, name);
      return expr.has(Expr::kOptional) ? select_optional(operand, name) : select(operand, name);
    }
    case ExprKind::kCall:
      return call(id);
    case ExprKind::kList:
      return list(expr);
    case ExprKind::kMap:
      return map(expr);
    case ExprKind::kMessage: {
      const Plain fields = map(expr);
      if (fields.is_error()) return fields;
      const Function* make = checked_.meanings[id].function;
      return make == nullptr ? Plain::fault("no such message") : library_call(*make, {fields});
    }
    case ExprKind::kComprehension:
      return comprehension(expr);
    case ExprKind::kBind:
      return bind(expr, std::string(expr.variables[0]), eval(expr.children[0]), expr.children[1]);
    case ExprKind::kBlock:
      return block(expr);
    case ExprKind::kBlockIndex:
      return block_[expr.index];
    case ExprKind::kOptMap:
      return optional_map(expr);
  }
  return Plain::fault("unknown node");
}

Plain Oracle::ident(const Expr& expr) {
  if (!expr.has(Expr::kAbsolute)) {
    for (std::size_t i = scope_.size(); i-- > 0;)
      if (scope_[i].first == expr.name) return scope_[i].second;
  }
  const auto found = environment_.find(std::string(expr.name));
  if (found != environment_.end()) return found->second;
  return Plain::error(ErrorCode::kNoSuchAttribute, "no such variable");
}

Plain Oracle::logic(const Expr& expr, bool deciding) {
  Plain error;
  for (const ExprId child : expr.children) {
    const Plain value = eval(child);
    if (value.is(Kind::kBool) && value.truth == deciding) return value;
    if (!value.is(Kind::kBool) && !error.is_error())
      error = value.is_error() ? value : Plain::fault("not a bool");
  }
  return error.is_error() ? error : Plain::of(!deciding);
}

Plain Oracle::call(ExprId id) {
  const Expr& expr = ast_[id];
  const Meaning& meaning = checked_.meanings[id];
  std::string name(expr.name);
  const bool is_operator = !expr.has(Expr::kReceiver);
  if (is_operator && (name == "_&&_" || name == "_||_")) return logic(expr, name == "_||_");
  if (is_operator && name == "_?_:_") {
    const Plain condition = eval(expr.children[0]);
    if (condition.is_error()) return condition;
    if (!condition.is(Kind::kBool)) return Plain::fault("not a bool");
    return eval(expr.children[condition.truth ? 1 : 2]);
  }
  const bool known = is_operator && (name == "!_" || name == "_==_" || name == "_!=_" ||
                                     name == "@in" || name == "_[_]" || name == "_[?_]");
  if (!known && meaning.function == nullptr) return Plain::fault("no such function");
  Plains arguments;
  for (std::size_t i = meaning.is_qualified ? 1 : 0; i < expr.children.size(); ++i) {
    arguments.push_back(eval(expr.children[i]));
    if (arguments.back().is_error()) return arguments.back();
  }
  if (known) {
    const Plain& a = arguments[0];
    if (name == "!_") return a.is(Kind::kBool) ? Plain::of(!a.truth) : Plain::fault("not a bool");
    if (name == "_==_") return Plain::of(same(a, arguments[1]));
    if (name == "_!=_") return Plain::of(!same(a, arguments[1]));
    if (name == "@in") return contains(arguments[1], a);
    return name == "_[_]" ? index(a, arguments[1]) : index_optional(a, arguments[1]);
  }
  if (auto own = own_function(std::string(meaning.function->name), arguments)) return *own;
  return library_call(*meaning.function, arguments);
}

Plain Oracle::library_call(const Function& function, const Plains& arguments) {
  const EnvironmentSource source(environment_);  // for now()
  Evaluation evaluation(source, arena_, kMostCallCost);
  std::vector<Value> values;
  for (const Plain& argument : arguments) values.push_back(to_value(argument, arena_));
  const Value out = function.implementation(evaluation, values.data(), values.size());
  if (out.is_limit()) throw TooMuch();  // or an error beside it would stand for both
  return from_value(out, arena_);
}

Plain Oracle::list(const Expr& expr) {
  Plains items;
  for (std::size_t i = 0; i < expr.children.size(); ++i) {
    Plain item = eval(expr.children[i]);
    if (is_marked(expr, i) && !take_optional(item)) continue;
    if (item.is_error()) return item;
    items.push_back(std::move(item));
  }
  return Plain::list(std::move(items));
}

Plain Oracle::map(const Expr& expr) {
  Plain out;
  out.kind = Kind::kMap;
  for (std::size_t i = 0; i + 1 < expr.children.size(); i += 2) {
    const Plain key = eval(expr.children[i]);
    if (key.is_error()) return key;
    Plain value = eval(expr.children[i + 1]);
    if (is_marked(expr, i) && !take_optional(value)) continue;
    if (value.is_error()) return value;
    if (Plain added = add_entry(out, key, value); added.is_error()) return added;
  }
  return out;
}

Plain Oracle::bind(const Expr&, const std::string& name, Plain value, ExprId body) {
  scope_.emplace_back(name, std::move(value));
  Plain out = eval(body);
  scope_.pop_back();
  return out;
}

Plain Oracle::block(const Expr& expr) {
  block_.clear();
  for (std::size_t i = 0; i + 1 < expr.children.size(); ++i)
    block_.push_back(eval(expr.children[i]));
  return eval(expr.children.back());
}

Plain Oracle::optional_map(const Expr& expr) {
  const Plain value = eval(expr.children[0]);
  if (value.is_error()) return value;
  if (!value.is(Kind::kOptional)) return Plain::fault("not an optional");
  if (value.inner == nullptr) return value;
  const Plain mapped = bind(expr, std::string(expr.variables[0]), *value.inner, expr.children[1]);
  if (mapped.is_error()) return mapped;
  if (!expr.has(Expr::kFlat)) return some(mapped);
  return mapped.is(Kind::kOptional) ? mapped : Plain::fault("not an optional");
}

Plain Oracle::comprehension(const Expr& expr) {
  const Plain range = eval(expr.children[0]);
  if (range.is_error()) return range;
  if (!range.is(Kind::kList) && !range.is(Kind::kMap)) return Plain::fault("not a list or map");

  // Every round has a first variable (index or key) and a second (element or value).
  std::vector<PlainEntry> rounds = range.entries;
  if (range.is(Kind::kList)) {
    rounds.clear();
    for (std::size_t i = 0; i < range.items.size(); ++i)
      rounds.emplace_back(Plain::of(static_cast<std::int64_t>(i)), range.items[i]);
  }
  const bool two = !expr.variables[1].empty();
  const auto in_round = [&](const PlainEntry& round, ExprId what) {
    const std::size_t before = scope_.size();
    const bool single_is_element = range.is(Kind::kList);
    scope_.emplace_back(expr.variables[0], two || !single_is_element ? round.first : round.second);
    if (two) scope_.emplace_back(expr.variables[1], round.second);
    Plain out = eval(what);
    scope_.resize(before);
    return out;
  };

  const ExprId body = expr.children[2];
  if (expr.loop == Loop::kAll || expr.loop == Loop::kExists) {
    const bool deciding = expr.loop == Loop::kExists;
    Plain error;
    for (const auto& round : rounds) {
      const Plain value = in_round(round, body);
      if (value.is(Kind::kBool) && value.truth == deciding) return value;
      if (!value.is(Kind::kBool) && !error.is_error())
        error = value.is_error() ? value : Plain::fault("not a bool");
    }
    return error.is_error() ? error : Plain::of(!deciding);
  }

  Plain out;
  out.kind = expr.loop == Loop::kList ? Kind::kList : Kind::kMap;
  int matches = 0;
  for (const auto& round : rounds) {
    if (expr.children[1] != kNoExpr) {
      const Plain admitted = in_round(round, expr.children[1]);
      if (admitted.is_error()) return admitted;
      if (!admitted.is(Kind::kBool)) return Plain::fault("not a bool");
      if (!admitted.truth) continue;
    }
    const Plain value = in_round(round, body);
    if (value.is_error()) return value;
    switch (expr.loop) {
      case Loop::kExistsOne:
        if (!value.is(Kind::kBool)) return Plain::fault("not a bool");
        matches += value.truth ? 1 : 0;
        break;
      case Loop::kList:
        out.items.push_back(value);
        break;
      case Loop::kMap:
        out.entries.emplace_back(round.first, value);
        break;
      default: {
        if (!value.is(Kind::kMap) || value.entries.size() != 1)
          return Plain::fault("not a map of one entry");
        const auto& [key, inner] = value.entries[0];
        if (Plain added = add_entry(out, key, inner); added.is_error()) return added;
      }
    }
  }
  return expr.loop == Loop::kExistsOne ? Plain::of(matches == 1) : out;
}

}  // namespace cel::testing
