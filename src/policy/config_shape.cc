#include "policy/config_shape.h"

#include <fmt/format.h>

#include "base/suggest.h"
#include "cel/parser.h"
#include "cel/program.h"
#include "resource/alias.h"
#include "resource/kind.h"
#include "resource/refuse.h"

namespace policy {
namespace {

using cel::ExprId;
using cel::ExprKind;
using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

constexpr std::string_view kConditional = "_?_:_";

// Messages of our own; attributes and times are looked into by whoever reads them.
bool is_ours(const Descriptor& type) {
  return type.file() == resource::corev1::Service::descriptor()->file();
}

class Walk {
 public:
  explicit Walk(const cel::Ast& ast) : ast_(ast) {}

  const std::optional<cel::Problem>& fault() const { return fault_; }

  void message(ExprId id, const Descriptor& type, const std::string& path) {
    const cel::Expr& expr = ast_[id];
    if (into_branches(expr, [&](ExprId branch) { message(branch, type, path); })) return;
    if (expr.kind == ExprKind::kMap) {
      map(expr, type, path);
    } else if (expr.kind == ExprKind::kList || expr.kind == ExprKind::kLiteral) {
      fail(expr, fmt::format("{} is a map", path.empty() ? "a config" : path));
    }
  }

 private:
  void fail(const cel::Expr& at, std::string message) {
    if (!fault_) fault_ = {at.begin, std::move(message)};
  }

  // The expressions that this one takes its value from, if that is all it does.
  template <typename Visit>
  bool into_branches(const cel::Expr& expr, Visit visit) {
    if (expr.kind == ExprKind::kCall && expr.name == kConditional) {
      visit(expr.children[1]);
      visit(expr.children[2]);
      return true;
    }
    if (expr.kind != ExprKind::kBind && expr.kind != ExprKind::kBlock) return false;
    visit(expr.children.back());
    return true;
  }

  void map(const cel::Expr& expr, const Descriptor& type, const std::string& path) {
    const FieldDescriptor* of_oneof = nullptr;
    for (std::size_t i = 0; i + 1 < expr.children.size(); i += 2) {
      const cel::Expr& key = ast_[expr.children[i]];
      if (key.kind != ExprKind::kLiteral || !key.literal.is(cel::Kind::kString)) continue;
      const std::string_view name = key.literal.as_text();
      if (resource::find_alias(type, name) != nullptr) continue;
      const FieldDescriptor* known = type.FindFieldByName(std::string(name));
      if (known == nullptr) return fail(key, unknown(name, type, path));
      const std::string at = path.empty() ? known->name() : path + "." + known->name();
      if (const auto sentence = resource::refusal_of(*known); !sentence.empty())
        return fail(key, fmt::format("{}: {}", at, sentence));
      if (known->containing_oneof() != nullptr) {
        if (of_oneof != nullptr && of_oneof->containing_oneof() == known->containing_oneof())
          return fail(key, fmt::format("\"{}\" and \"{}\" exclude each other; give one of them",
                                       name, of_oneof->name()));
        of_oneof = known;
      }
      const bool optional = i / 2 < expr.optional.size() && expr.optional[i / 2];
      if (!optional) value(expr.children[i + 1], *known, at);
    }
  }

  void value(ExprId id, const FieldDescriptor& type, const std::string& path) {
    if (type.is_map()) return;
    if (!type.is_repeated()) return element(id, type, path);
    const cel::Expr& expr = ast_[id];
    if (into_branches(expr, [&](ExprId branch) { value(branch, type, path); })) return;
    if (expr.kind == ExprKind::kMap ||
        (expr.kind == ExprKind::kLiteral && !expr.literal.is(cel::Kind::kNull)))
      return fail(expr, path + " is a list");
    if (expr.kind != ExprKind::kList) return;
    for (std::size_t i = 0; i < expr.children.size(); ++i) {
      if (i < expr.optional.size() && expr.optional[i]) continue;
      element(expr.children[i], type, fmt::format("{}[{}]", path, i));
    }
  }

  void element(ExprId id, const FieldDescriptor& type, const std::string& path) {
    const cel::Expr& expr = ast_[id];
    if (expr.kind == ExprKind::kLiteral && expr.literal.is(cel::Kind::kNull)) return;
    if (type.message_type() != nullptr) {
      if (is_ours(*type.message_type())) message(id, *type.message_type(), path);
    } else if (expr.kind == ExprKind::kMap || expr.kind == ExprKind::kList) {
      fail(expr, fmt::format("{} is no {}", path, expr.kind == ExprKind::kMap ? "map" : "list"));
    }
  }

  static std::string unknown(std::string_view name, const Descriptor& type,
                             const std::string& path) {
    std::vector<std::string_view> names;
    for (int i = 0; i < type.field_count(); ++i) names.emplace_back(type.field(i)->name());
    const auto near = base::nearest(name, names);
    return fmt::format("unknown field \"{}\" of {}{}", name, path.empty() ? "a config" : path,
                       near.empty() ? "" : fmt::format("; did you mean \"{}\"?", near));
  }

  const cel::Ast& ast_;
  std::optional<cel::Problem> fault_;
};

}  // namespace

std::optional<std::string> find_config_fault(std::string_view expression) {
  const auto ast = cel::parse(expression, cel::CompileOptions().max_depth);
  if (!ast) return std::nullopt;
  Walk walk(*ast);
  walk.message(ast->root, *resource::corev1::Service::Spec::Config::descriptor(), "");
  if (!walk.fault()) return std::nullopt;
  return cel::render(expression, *walk.fault());
}

}  // namespace policy
