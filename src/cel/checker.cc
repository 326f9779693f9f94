#include "cel/checker.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/suggest.h"
#include "cel/inference.h"
#include "cel/limits.h"
#include "cel/macros.h"
#include "cel/messages.h"
#include "cel/mismatch.h"
#include "cel/text.h"

namespace cel {
namespace {

struct TypeName {
  std::string_view name;
  const Type* type;
};

constexpr Type kTypeOfTypes{TypeKind::kType, 0, &kDynType};
constexpr Type kDynOptional{TypeKind::kOptional, 0, &kDynType};
constexpr Type kIpType{TypeKind::kOpaque, 0, nullptr, nullptr, "net.IP"};
constexpr Type kCidrType{TypeKind::kOpaque, 0, nullptr, nullptr, "net.CIDR"};

constexpr TypeName kTypeNames[] = {
    {"bool", &kBoolType},
    {"int", &kIntType},
    {"uint", &kUintType},
    {"double", &kDoubleType},
    {"string", &kStringType},
    {"bytes", &kBytesType},
    {"list", &kDynListType},
    {"map", &kDynMapType},
    {"null_type", &kNullType},
    {"type", &kTypeOfTypes},
    {"optional_type", &kDynOptional},
    {"google.protobuf.Timestamp", &kTimestampType},
    {"google.protobuf.Duration", &kDurationType},
    {"net.IP", &kIpType},
    {"net.CIDR", &kCidrType},
};

// What else has a name: the constants of enumerations.
constexpr std::string_view kNullValue = "google.protobuf.NullValue.NULL_VALUE";

std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates) {
  const std::string_view near = base::nearest(word, candidates);
  return near.empty() ? std::string() : fmt::format("; did you mean \"{}\"?", near);
}

class Checker {
 public:
  Checker(Ast& ast, const Schema& schema, const CompileOptions& options)
      : ast_(ast), schema_(schema), options_(options), inference_(checked_.types) {
    checked_.meanings.resize(ast.exprs.size());
  }

  std::expected<Checked, Problem> run() {
    visit(ast_.root);
    if (!problem_) check_result();
    if (problem_) return std::unexpected(std::move(*problem_));
    for (Meaning& meaning : checked_.meanings)
      meaning.type = inference_.resolve(meaning.type, true);
    return std::move(checked_);
  }

 private:
  struct Local {
    std::string_view name;
    const Type* type;
    ShapeId shape;
  };

  Meaning& meaning(ExprId id) { return checked_.meanings[id]; }
  const Type* type_of(ExprId id) { return inference_.head(meaning(id).type); }
  bool is_lenient() const { return options_.checks == Checks::kSyntax; }

  void fail(std::uint32_t offset, std::string message) {
    if (!problem_) problem_ = Problem{offset, std::move(message)};
  }

  // A type fault: fatal, or left to the evaluation.
  void mismatch(ExprId id, std::string message) {
    meaning(id).type = &kDynType;
    if (!is_lenient()) fail(ast_[id].offset, std::move(message));
  }

  void visit(ExprId id) {
    if (id == kNoExpr || problem_) return;
    switch (ast_[id].kind) {
      case ExprKind::kLiteral:
        return visit_literal(id);
      case ExprKind::kIdent:
        return visit_ident(id);
      case ExprKind::kSelect:
        return visit_select(id);
      case ExprKind::kCall:
        return visit_call(id);
      case ExprKind::kList:
        return visit_list(id);
      case ExprKind::kMap:
        return visit_map(id);
      case ExprKind::kMessage:
        return visit_message(id);
      case ExprKind::kComprehension:
        return visit_comprehension(id);
      case ExprKind::kBind:
        return visit_bind(id);
      case ExprKind::kBlock:
        return visit_block(id);
      case ExprKind::kBlockIndex:
        return visit_block_index(id);
      case ExprKind::kOptMap:
        return visit_opt_map(id);
    }
  }

  void visit_literal(ExprId id) {
    static constexpr const Type* kTypes[] = {&kNullType,   &kBoolType,   &kIntType,  &kUintType,
                                             &kDoubleType, &kStringType, &kBytesType};
    meaning(id).type = kTypes[static_cast<std::size_t>(ast_[id].literal.kind())];
  }

  const Local* find_local(std::string_view name, std::uint32_t* index = nullptr) const {
    for (std::size_t i = locals_.size(); i-- > 0;) {
      if (locals_[i].name != name) continue;
      if (index != nullptr) *index = static_cast<std::uint32_t>(i);
      return &locals_[i];
    }
    return nullptr;
  }

  // `a.b.c` when the node is a plain chain of names whose first is no local variable.
  std::optional<std::string> dotted_name(ExprId id, bool* absolute) const {
    const Expr& expr = ast_[id];
    if (expr.kind == ExprKind::kIdent) {
      *absolute = expr.has(Expr::kAbsolute);
      if (!*absolute && find_local(expr.name) != nullptr) return std::nullopt;
      return std::string(expr.name);
    }
    if (expr.kind != ExprKind::kSelect || expr.has(Expr::kOptional)) return std::nullopt;
    if (ast_[expr.children[0]].has(Expr::kTest)) return std::nullopt;  // has(a.b).c
    auto name = dotted_name(expr.children[0], absolute);
    if (name) *name += "." + std::string(expr.name);
    return name;
  }

  // Calls `found` with the name as seen from the container and from each that encloses it.
  template <typename Found>
  bool in_containers(std::string_view name, bool absolute, Found found) const {
    std::string_view container = absolute ? std::string_view{} : options_.container;
    while (!container.empty()) {
      if (found(fmt::format("{}.{}", container, name))) return true;
      const auto dot = container.rfind('.');
      container = dot == std::string_view::npos ? std::string_view{} : container.substr(0, dot);
    }
    return found(std::string(name));
  }

  // Gives `id` the meaning of a variable or type of that name, if there is one.
  bool resolve_name(ExprId id, std::string_view name, bool absolute) {
    return in_containers(name, absolute, [&](const std::string& candidate) {
      if (auto attribute = schema_.root(candidate)) {
        set_attribute(id, std::move(*attribute));
        return true;
      }
      for (const TypeName& known : kTypeNames) {
        if (known.name != candidate) continue;
        set_named(id, checked_.types.type_of(known.type), Value::type(known.name));
        return true;
      }
      if (candidate != kNullValue) return false;
      set_named(id, &kIntType, Value::integer(0));
      return true;
    });
  }

  void set_named(ExprId id, const Type* type, Value value) {
    meaning(id).kind = Meaning::Kind::kNamed;
    meaning(id).type = type;
    ast_[id].literal = value;
  }

  void set_attribute(ExprId id, Attribute attribute) {
    Meaning& out = meaning(id);
    out.kind = Meaning::Kind::kAttribute;
    out.type = attribute.type;
    out.shape = attribute.shape;
    out.attribute = std::move(attribute);
  }

  void visit_ident(ExprId id) {
    const Expr& expr = ast_[id];
    const bool absolute = expr.has(Expr::kAbsolute);
    std::uint32_t index = 0;
    if (const Local* local = absolute ? nullptr : find_local(expr.name, &index)) {
      Meaning& out = meaning(id);
      out.kind = Meaning::Kind::kLocal;
      out.local = index;
      out.type = local->type;
      out.shape = local->shape;
      return;
    }
    if (resolve_name(id, expr.name, absolute)) return;
    std::vector<std::string_view> names = schema_.root_names();
    for (const Local& local : locals_) names.push_back(local.name);
    mismatch(id,
             fmt::format("unknown variable \"{}\"{}", expr.name, did_you_mean(expr.name, names)));
  }

  // The path of an attribute as written, for a message.
  std::string path(ExprId id) const {
    const Expr& expr = ast_[id];
    switch (expr.kind) {
      case ExprKind::kIdent:
        return std::string(expr.name);
      case ExprKind::kSelect:
        return fmt::format("{}.{}", path(expr.children[0]), expr.name);
      case ExprKind::kCall:
        if (expr.name == "_[_]") return path(expr.children[0]) + "[...]";
        [[fallthrough]];
      default:
        return "the value";
    }
  }

  // One step down from `operand` to a member known by name. False: nothing is known below, or
  // there was a problem.
  bool visit_member(ExprId id, ExprId operand, std::string_view name) {
    const Meaning& from = meaning(operand);
    if (from.shape == kOpenShape) return false;
    Attribute parent = from.attribute;
    parent.shape = from.shape;
    auto attribute = schema_.member(parent, name);
    if (!attribute) {
      fail(ast_[id].offset, fmt::format("unknown field \"{}\" of {}{}", name, path(operand),
                                        did_you_mean(name, schema_.member_names(from.shape))));
      return false;
    }
    if (from.kind == Meaning::Kind::kAttribute) {
      set_attribute(id, std::move(*attribute));
    } else {
      meaning(id).type = attribute->type;
      meaning(id).shape = attribute->shape;
    }
    return true;
  }

  void visit_select(ExprId id) {
    const Expr& expr = ast_[id];
    const ExprId operand = expr.children[0];
    bool absolute = false;
    if (!expr.has(Expr::kOptional)) {
      if (auto name = dotted_name(id, &absolute); name && resolve_name(id, *name, absolute)) {
        if (!expr.has(Expr::kTest)) return;
        if (meaning(id).kind == Meaning::Kind::kNamed)
          return fail(expr.offset, fmt::format("has() needs a field; {} is no variable", *name));
        return set_test(id);
      }
    }
    visit(operand);
    if (problem_) return;
    if (!visit_member(id, operand, expr.name)) {
      if (problem_) return;
      if (const Type* type = select_type(type_of(operand), expr.has(Expr::kOptional))) {
        meaning(id).type = type;
      } else {
        const bool is_function = find_function(expr.name) != nullptr;
        return mismatch(
            id, fmt::format("{} has no field \"{}\"{}",
                            to_string(*inference_.resolve(type_of(operand), true)), expr.name,
                            is_function ? fmt::format("; did you mean \"{}()\"?", expr.name) : ""));
      }
    } else if (expr.has(Expr::kOptional)) {
      meaning(id).type = checked_.types.optional_of(meaning(id).type);
      meaning(id).shape = kOpenShape;
    }
    if (expr.has(Expr::kTest)) set_test(id);
  }

  // has(operand.name) is a bool, not the member.
  void set_test(ExprId id) {
    meaning(id).type = &kBoolType;
    meaning(id).shape = kOpenShape;
  }

  // The type of `operand.field` where only types are known; null: there are no fields.
  const Type* select_type(const Type* operand, bool optional) {
    switch (operand->kind) {
      case TypeKind::kDyn:
      case TypeKind::kVariable:
        return optional ? &kDynOptional : &kDynType;
      case TypeKind::kMap: {
        if (!inference_.assignable(&kStringType, operand->first)) return nullptr;
        return optional ? checked_.types.optional_of(operand->second) : operand->second;
      }
      case TypeKind::kOptional: {
        const Type* inner = inference_.head(operand->first);
        if (inner->kind == TypeKind::kOptional) return nullptr;
        const Type* type = select_type(inner, false);
        return type == nullptr ? nullptr : checked_.types.optional_of(type);
      }
      default:
        return nullptr;
    }
  }

  void visit_call(ExprId id) {
    Expr& expr = ast_[id];
    if (expr.has(Expr::kReceiver) && visit_qualified_call(id)) return;
    const Function* function = nullptr;
    const bool as_written = expr.has(Expr::kReceiver) || expr.has(Expr::kAbsolute);
    in_containers(expr.name, as_written, [&](const std::string& name) {
      function = find_function(name);
      return function != nullptr;
    });
    // Before the arguments: those of a misspelt macro have names that are no variables.
    if (function == nullptr)
      undeclared(id, is_of_cel(expr) ? "cel." + std::string(expr.name) : std::string(expr.name));
    for (const ExprId child : expr.children) visit(child);
    if (problem_ || function == nullptr) return;
    if (expr.name == "_[_]" || expr.name == "_[?_]") {
      if (visit_index(id)) return;
      if (problem_) return;
    }
    resolve_overload(id, *function, expr.children, expr.has(Expr::kReceiver));
    check_format(id);
  }

  const Function* find_function(std::string_view name) const {
    if (const Function* declared = schema_.function(name)) return declared;
    return library().find(name);
  }

  // A call `cel.name(...)`, which only macros have.
  bool is_of_cel(const Expr& call) const {
    if (!call.has(Expr::kReceiver)) return false;
    const Expr& receiver = ast_[call.children[0]];
    return receiver.kind == ExprKind::kIdent && receiver.name == "cel" &&
           find_local("cel") == nullptr;
  }

  void undeclared(ExprId id, std::string_view name) {
    std::vector<std::string_view> names = library().names();
    for (const MacroUsage& macro : macro_usages()) {
      if (options_.macros && macro.name == name)
        return mismatch(id, fmt::format("{}() is written as {}", name, macro.usage));
      names.push_back(macro.name);
    }
    mismatch(id, fmt::format("unknown function \"{}\"{}", name, did_you_mean(name, names)));
  }

  // "...".format([...]): a literal format has as many clauses as its list has values.
  void check_format(ExprId id) {
    const Expr& expr = ast_[id];
    if (expr.name != "format" || expr.children.size() != 2 || problem_) return;
    const Expr& format = ast_[expr.children[0]];
    const Expr& values = ast_[expr.children[1]];
    if (format.kind != ExprKind::kLiteral || !format.literal.is(Kind::kString) ||
        values.kind != ExprKind::kList || !values.optional.empty())
      return;
    const std::size_t clauses = count_clauses(format.literal.as_text());
    if (clauses != values.children.size() && !is_lenient())
      fail(expr.offset, fmt::format("the format has {} clause{}, the list {} value{}", clauses,
                                    clauses == 1 ? "" : "s", values.children.size(),
                                    values.children.size() == 1 ? "" : "s"));
  }

  // `net.isIP(x)`: what looks like a receiver is the first part of the function's name.
  bool visit_qualified_call(ExprId id) {
    Expr& expr = ast_[id];
    bool absolute = false;
    const auto receiver = dotted_name(expr.children[0], &absolute);
    if (!receiver) return false;
    const std::string name = fmt::format("{}.{}", *receiver, expr.name);
    const Function* function = nullptr;
    in_containers(name, absolute, [&](const std::string& candidate) {
      function = find_function(candidate);
      return function != nullptr;
    });
    const std::span<const ExprId> arguments = std::span(expr.children).subspan(1);
    if (function == nullptr) {
      // Neither a function nor a variable: the function is what the writer meant.
      const std::string_view first = std::string_view(*receiver).substr(0, receiver->find('.'));
      const bool is_library = std::ranges::any_of(library().names(), [&](std::string_view known) {
        return known.size() > first.size() && known.starts_with(first) &&
               known[first.size()] == '.';
      });
      if (!is_library || schema_.root(first)) return false;
      undeclared(id, name);
      return true;
    }
    meaning(id).is_qualified = true;
    for (const ExprId argument : arguments) visit(argument);
    if (!problem_) resolve_overload(id, *function, arguments, false);
    return true;
  }

  // Indexing of an attribute: with a constant it is a step of the path.
  bool visit_index(ExprId id) {
    const ExprId operand = ast_[id].children[0];
    const Expr& index = ast_[ast_[id].children[1]];
    const bool optional = ast_[id].name == "_[?_]";
    const ShapeId shape = meaning(operand).shape;
    if (shape == kOpenShape) return false;
    const bool constant = index.kind == ExprKind::kLiteral && index.literal.is(Kind::kString);
    if (constant && visit_member(id, operand, index.literal.as_text())) {
      if (optional) {
        meaning(id).type = checked_.types.optional_of(meaning(id).type);
        meaning(id).shape = kOpenShape;
      }
      return true;
    }
    if (!problem_ && !optional) meaning(id).shape = schema_.element(shape);
    return false;
  }

  // Fresh variables for an overload's type parameters.
  struct Parameters {
    const Type* types[26] = {};
  };

  const Type* instantiate(const Type* type, Parameters& parameters) {
    if (type->kind == TypeKind::kParam) {
      const Type*& bound = parameters.types[(type->name[0] - 'A') % 26];
      if (bound == nullptr) bound = inference_.fresh();
      return bound;
    }
    if (type->first == nullptr) return type;
    Type out = *type;
    out.first = instantiate(type->first, parameters);
    if (type->second != nullptr) out.second = instantiate(type->second, parameters);
    return checked_.types.intern(out);
  }

  bool matches(const Overload& overload, std::span<const ExprId> arguments,
               Parameters& parameters) {
    const std::size_t wanted = overload.params.size();
    if (overload.is_variadic ? arguments.size() < wanted : arguments.size() != wanted) return false;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
      const Type* param = overload.params[std::min(i, wanted - 1)];
      if (!inference_.assignable(meaning(arguments[i]).type, instantiate(param, parameters)))
        return false;
    }
    return true;
  }

  void resolve_overload(ExprId id, const Function& function, std::span<const ExprId> arguments,
                        bool has_receiver) {
    meaning(id).function = &function;
    const Type* result = nullptr;
    const bool is_certain = std::ranges::all_of(
        arguments, [&](ExprId argument) { return inference_.is_certain(meaning(argument).type); });
    for (const Overload& overload : function.overloads) {
      if (overload.has_receiver != has_receiver) continue;
      const std::size_t mark = inference_.mark();
      Parameters parameters;
      if (!matches(overload, arguments, parameters)) {
        inference_.rewind(mark);
        continue;
      }
      const Type* type = inference_.resolve(instantiate(overload.result, parameters), false);
      // The first overload counts when nothing is left to the evaluation; later ones are wider.
      if (is_certain) {
        result = type;
        break;
      }
      const bool agrees = result == nullptr || same_type(*result, *type);
      result = agrees ? type : &kDynType;
    }
    if (result == nullptr) return no_overload(id, function, arguments, has_receiver);
    meaning(id).type = result;
  }

  void no_overload(ExprId id, const Function& function, std::span<const ExprId> arguments,
                   bool has_receiver) {
    const auto takes_as_many = [&](const Overload& overload) {
      return overload.has_receiver == has_receiver &&
             (overload.is_variadic ? arguments.size() >= overload.params.size()
                                   : arguments.size() == overload.params.size());
    };
    // What no overload could take must not reach the implementation.
    if (std::ranges::none_of(function.overloads, takes_as_many)) meaning(id).function = nullptr;
    std::vector<const Type*> given;
    for (const ExprId argument : arguments)
      given.push_back(inference_.resolve(meaning(argument).type, true));
    mismatch(id, describe_mismatch(function, given, has_receiver));
  }

  void visit_list(ExprId id) {
    const Expr& expr = ast_[id];
    const Type* element = nullptr;
    for (std::size_t i = 0; i < expr.children.size(); ++i) {
      visit(expr.children[i]);
      if (problem_) return;
      const Type* type = meaning(expr.children[i]).type;
      if (i < expr.optional.size() && expr.optional[i]) type = unwrap(expr.children[i]);
      element = element == nullptr ? type : inference_.join(element, type);
    }
    meaning(id).type = checked_.types.list_of(element == nullptr ? inference_.fresh() : element);
  }

  // The T of an optional(T), for elements written `?x`.
  const Type* unwrap(ExprId id) {
    const Type* type = type_of(id);
    if (type->kind == TypeKind::kOptional) return type->first;
    if (type->kind != TypeKind::kDyn && type->kind != TypeKind::kVariable)
      mismatch(id, fmt::format("\"?\" needs an optional value; this is {}",
                               to_string(*inference_.resolve(type, true))));
    return &kDynType;
  }

  void visit_map(ExprId id) {
    const Expr& expr = ast_[id];
    const Type* key = nullptr;
    const Type* value = nullptr;
    for (std::size_t i = 0; i + 1 < expr.children.size(); i += 2) {
      visit(expr.children[i]);
      visit(expr.children[i + 1]);
      if (problem_) return;
      check_key(expr.children[i]);
      const Type* key_type = meaning(expr.children[i]).type;
      const Type* value_type = meaning(expr.children[i + 1]).type;
      if (i < expr.optional.size() && expr.optional[i]) value_type = unwrap(expr.children[i + 1]);
      key = key == nullptr ? key_type : inference_.join(key, key_type);
      value = value == nullptr ? value_type : inference_.join(value, value_type);
    }
    if (key == nullptr) key = inference_.fresh();
    if (value == nullptr) value = inference_.fresh();
    meaning(id).type = checked_.types.map_of(key, value);
  }

  void visit_message(ExprId id) {
    const Expr& expr = ast_[id];
    const MessageType* message = nullptr;
    in_containers(expr.name, expr.has(Expr::kAbsolute), [&](const std::string& name) {
      message = find_message(name);
      return message != nullptr;
    });
    if (message == nullptr)
      return fail(expr.offset, fmt::format("there is no message type \"{}\"", expr.name));
    for (std::size_t i = 0; i + 1 < expr.children.size() && !problem_; i += 2)
      visit_message_field(id, *message, i);
    meaning(id).function = library().find(fmt::format("{}{{}}", message->name));
    meaning(id).type = message->type;
  }

  void visit_message_field(ExprId id, const MessageType& message, std::size_t i) {
    const Expr& expr = ast_[id];
    const ExprId value = expr.children[i + 1];
    const auto name_of = [&](std::size_t child) {
      return ast_[expr.children[child]].literal.as_text();
    };
    const MessageField* field = message.find(name_of(i));
    if (field == nullptr) {
      std::vector<std::string_view> names;
      for (const MessageField& known : message.fields) names.push_back(known.name);
      return fail(ast_[expr.children[i]].offset,
                  fmt::format("{} has no field \"{}\"{}", message.name, name_of(i),
                              did_you_mean(name_of(i), names)));
    }
    for (std::size_t before = 0; before < i; before += 2)
      if (name_of(before) == field->name)
        return fail(ast_[expr.children[i]].offset,
                    fmt::format("the field \"{}\" is there twice", field->name));
    visit(expr.children[i]);
    visit(value);
    if (problem_) return;
    const Type* type = meaning(value).type;
    if (i < expr.optional.size() && expr.optional[i]) type = unwrap(value);
    if (!problem_ && !inference_.assignable(type, field->type))
      mismatch(value,
               fmt::format("the field \"{}\" of {} is {}, not {}", field->name, message.name,
                           to_string(*field->type), to_string(*inference_.resolve(type, true))));
  }

  void check_key(ExprId id) {
    switch (type_of(id)->kind) {
      case TypeKind::kDyn:
      case TypeKind::kVariable:
      case TypeKind::kBool:
      case TypeKind::kInt:
      case TypeKind::kUint:
      case TypeKind::kString:
        return;
      default:
        return mismatch(id, fmt::format("a map's key is a bool, int, uint or string, not {}",
                                        to_string(*inference_.resolve(type_of(id), true))));
    }
  }

  std::uint32_t push_local(std::string_view name, const Type* type, ShapeId shape) {
    locals_.push_back({name, type, shape});
    checked_.locals = std::max(checked_.locals, static_cast<std::uint32_t>(locals_.size()));
    return static_cast<std::uint32_t>(locals_.size() - 1);
  }

  // Declares the variables of a loop over `range`.
  void push_loop_variables(ExprId id, ExprId range) {
    const Expr& expr = ast_[id];
    const Type* type = type_of(range);
    const ShapeId element =
        meaning(range).shape == kOpenShape ? kOpenShape : schema_.element(meaning(range).shape);
    const bool two = !expr.variables[1].empty();
    if (type->kind == TypeKind::kList) {
      if (two) push_local(expr.variables[0], &kIntType, kOpenShape);
      push_local(expr.variables[two ? 1 : 0], type->first, element);
    } else if (type->kind == TypeKind::kMap) {
      push_local(expr.variables[0], type->first, kOpenShape);
      if (two) push_local(expr.variables[1], type->second, element);
    } else {
      if (type->kind != TypeKind::kDyn && type->kind != TypeKind::kVariable)
        mismatch(range, fmt::format("a loop needs a list or map, not {}",
                                    to_string(*inference_.resolve(type, true))));
      push_local(expr.variables[0], &kDynType, two ? kOpenShape : element);
      if (two) push_local(expr.variables[1], &kDynType, element);
    }
  }

  void expect_bool(ExprId id, std::string_view what) {
    if (problem_ || inference_.assignable(meaning(id).type, &kBoolType)) return;
    const std::string type = to_string(*inference_.resolve(meaning(id).type, true));
    if (!is_lenient()) fail(ast_[id].offset, fmt::format("{} is a bool, not {}", what, type));
  }

  void visit_comprehension(ExprId id) {
    const Expr& expr = ast_[id];
    const ExprId condition = expr.children[1];
    const ExprId body = expr.children[2];
    visit(expr.children[0]);
    if (problem_) return;
    meaning(id).local = static_cast<std::uint32_t>(locals_.size());
    if (++loops_ > kMaxNestedLoops)
      fail(expr.offset, fmt::format("loops are nested deeper than {} levels", kMaxNestedLoops));
    push_loop_variables(id, expr.children[0]);
    visit(condition);
    visit(body);
    --loops_;
    if (condition != kNoExpr) expect_bool(condition, "the condition of a loop");
    locals_.resize(meaning(id).local);
    if (problem_) return;
    switch (expr.loop) {
      case Loop::kAll:
      case Loop::kExists:
      case Loop::kExistsOne:
        expect_bool(body, "the condition of a loop");
        meaning(id).type = &kBoolType;
        return;
      case Loop::kList:
        meaning(id).type = checked_.types.list_of(meaning(body).type);
        return;
      case Loop::kMap:
        meaning(id).type = checked_.types.map_of(map_key(expr.children[0]), meaning(body).type);
        return;
      case Loop::kMapEntry:
        if (const Type* type = type_of(body); type->kind == TypeKind::kMap) {
          meaning(id).type = type;
        } else if (type->kind == TypeKind::kDyn) {
          meaning(id).type = &kDynMapType;
        } else {
          mismatch(id, "the last argument of transformMapEntry() is a map of one entry");
        }
        return;
    }
  }

  const Type* map_key(ExprId range) {
    const Type* type = type_of(range);
    if (type->kind == TypeKind::kList) return &kIntType;
    return type->kind == TypeKind::kMap ? type->first : &kDynType;
  }

  void visit_bind(ExprId id) {
    const Expr& expr = ast_[id];
    visit(expr.children[0]);
    if (problem_) return;
    const Meaning& value = meaning(expr.children[0]);
    meaning(id).local = push_local(expr.variables[0], value.type, value.shape);
    visit(expr.children[1]);
    locals_.pop_back();
    if (problem_) return;
    meaning(id).type = meaning(expr.children[1]).type;
    meaning(id).shape = meaning(expr.children[1]).shape;
  }

  void visit_block(ExprId id) {
    const Expr& expr = ast_[id];
    if (block_) return fail(expr.offset, "cel.block() cannot be inside another");
    const auto base = static_cast<std::uint32_t>(locals_.size());
    block_ = base;
    meaning(id).local = base;
    for (std::size_t i = 0; i + 1 < expr.children.size(); ++i) {
      block_size_ = static_cast<std::uint32_t>(i);
      visit(expr.children[i]);
      if (problem_) return;
      push_local(ast_.keep(fmt::format("@index:{}", i)), meaning(expr.children[i]).type,
                 meaning(expr.children[i]).shape);
    }
    block_size_ = static_cast<std::uint32_t>(expr.children.size() - 1);
    visit(expr.children.back());
    locals_.resize(base);
    block_.reset();
    meaning(id).type = meaning(expr.children.back()).type;
  }

  void visit_block_index(ExprId id) {
    const Expr& expr = ast_[id];
    if (!block_ || expr.index >= block_size_)
      return fail(expr.offset, "cel.index() names no value of a cel.block() before it");
    Meaning& out = meaning(id);
    out.kind = Meaning::Kind::kLocal;
    out.local = *block_ + expr.index;
    out.type = locals_[out.local].type;
    out.shape = locals_[out.local].shape;
  }

  void visit_opt_map(ExprId id) {
    const Expr& expr = ast_[id];
    visit(expr.children[0]);
    if (problem_) return;
    const Type* inner = unwrap(expr.children[0]);
    if (problem_) return;
    meaning(id).local = push_local(expr.variables[0], inner, kOpenShape);
    visit(expr.children[1]);
    locals_.pop_back();
    if (problem_) return;
    const Type* type = type_of(expr.children[1]);
    if (!expr.has(Expr::kFlat)) {
      meaning(id).type = checked_.types.optional_of(type);
    } else if (type->kind == TypeKind::kOptional || type->kind == TypeKind::kDyn) {
      meaning(id).type = type;
    } else {
      mismatch(id, "the last argument of optFlatMap() is an optional value");
    }
  }

  void check_result() {
    static constexpr struct {
      Expected expected;
      TypeKind kind;
      std::string_view name;
    } kWanted[] = {{Expected::kBool, TypeKind::kBool, "bool"},
                   {Expected::kString, TypeKind::kString, "string"},
                   {Expected::kMap, TypeKind::kMap, "map"}};
    const Type* type = type_of(ast_.root);
    if (type->kind == TypeKind::kDyn || type->kind == TypeKind::kVariable) return;
    for (const auto& wanted : kWanted)
      if (options_.expected == wanted.expected && type->kind != wanted.kind)
        fail(ast_[ast_.root].offset,
             fmt::format("the expression gives {}; a {} is needed here",
                         to_string(*inference_.resolve(type, true)), wanted.name));
  }

  Ast& ast_;
  const Schema& schema_;
  const CompileOptions& options_;
  Checked checked_;
  Inference inference_;
  std::vector<Local> locals_;
  std::size_t loops_ = 0;               // around what is visited
  std::optional<std::uint32_t> block_;  // the first local of the block around, if any
  std::uint32_t block_size_ = 0;
  std::optional<Problem> problem_;
};

}  // namespace

std::expected<Checked, Problem> check(Ast& ast, const Schema& schema,
                                      const CompileOptions& options) {
  return Checker(ast, schema, options).run();
}

}  // namespace cel
