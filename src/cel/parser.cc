#include "cel/parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "cel/lexer.h"
#include "cel/limits.h"
#include "cel/macros.h"
#include "cel/text.h"

namespace cel {
namespace {

// Recursive descent, one function per level of precedence. The first problem ends the parse: every
// function then returns kNoExpr and its callers do the same.
class Parser {
 public:
  Parser(std::string_view source, std::size_t max_depth, bool macros)
      : lexer_(source), max_depth_(max_depth), macros_(macros) {}

  std::expected<Ast, Problem> run() {
    advance();
    ast_.root = expression();
    if (!problem_ && current_.kind != TokenKind::kEnd) unexpected("an operator or the end");
    if (problem_) return std::unexpected(std::move(*problem_));
    return std::move(ast_);
  }

 private:
  // Counts the recursion of expression(), the only way to nest.
  class Nesting {
   public:
    explicit Nesting(std::size_t& depth) : depth_(depth) { ++depth_; }
    ~Nesting() { --depth_; }
    Nesting(const Nesting&) = delete;
    Nesting& operator=(const Nesting&) = delete;

   private:
    std::size_t& depth_;
  };

  void advance() {
    const std::size_t quotes = current_.kind == TokenKind::kQuotedIdentifier ? 2 : 0;
    end_ = current_.offset + static_cast<std::uint32_t>(current_.text.size() + quotes);
    current_ = lexer_.next();
    if (current_.kind == TokenKind::kInvalid) fail(current_.offset, lexer_.problem());
  }

  bool at(TokenKind kind) const { return !problem_ && current_.kind == kind; }

  bool accept(TokenKind kind) {
    if (!at(kind)) return false;
    advance();
    return true;
  }

  bool expect(TokenKind kind, std::string_view what) {
    if (accept(kind)) return true;
    unexpected(what);
    return false;
  }

  ExprId fail(std::uint32_t offset, std::string message) {
    if (!problem_) problem_ = Problem{offset, std::move(message)};
    return kNoExpr;
  }

  ExprId unexpected(std::string_view wanted) {
    if (current_.kind == TokenKind::kEnd)
      return fail(current_.offset, fmt::format("the expression ends where {} is expected", wanted));
    const std::string_view text = current_.text;
    const std::string_view hint = text == "and" || text == "AND" ? "; \"and\" is written &&"
                                  : text == "or" || text == "OR" ? "; \"or\" is written ||"
                                                                 : "";
    return fail(current_.offset,
                fmt::format("unexpected \"{}\"; expected {}{}", head(text, 40), wanted, hint));
  }

  // `expr` is written from `begin` to the end of the token before the current one.
  ExprId add(Expr expr, std::uint32_t begin) {
    expr.begin = begin;
    expr.end = end_;
    std::uint32_t below = 0;
    for (const ExprId child : expr.children)
      if (child != kNoExpr) below = std::max(below, ast_[child].height);
    expr.height = below + 1;
    if (expr.height > max_depth_) return fail(expr.offset, too_deep());
    if (ast_.exprs.size() >= kMaxNodes)
      return fail(expr.offset, fmt::format("the expression has more than {} parts", kMaxNodes));
    ast_.exprs.push_back(std::move(expr));
    return static_cast<ExprId>(ast_.exprs.size() - 1);
  }

  std::string too_deep() const {
    return fmt::format("the expression is nested deeper than {} levels", max_depth_);
  }

  // A call of an operator, whose first operand is written from `begin` on.
  ExprId call(std::string_view name, std::uint32_t begin, std::uint32_t offset,
              std::vector<ExprId> arguments) {
    Expr expr;
    expr.kind = ExprKind::kCall;
    expr.name = name;
    expr.offset = offset;
    expr.children = std::move(arguments);
    return add(std::move(expr), begin);
  }

  ExprId literal(std::uint32_t offset, Value value) {
    Expr expr;
    expr.offset = offset;
    expr.literal = value;
    return add(std::move(expr), offset);
  }

  ExprId expression() {
    const Nesting nesting(depth_);
    if (depth_ > max_depth_) return fail(current_.offset, too_deep());
    const std::uint32_t begin = current_.offset;
    const ExprId condition = chain(TokenKind::kOr, "_||_", &Parser::conjunction);
    if (!at(TokenKind::kQuestion)) return condition;
    const std::uint32_t offset = current_.offset;
    advance();
    const ExprId yes = chain(TokenKind::kOr, "_||_", &Parser::conjunction);
    if (!expect(TokenKind::kColon, "\":\" of a conditional")) return kNoExpr;
    const ExprId no = expression();
    return problem_ ? kNoExpr : call("_?_:_", begin, offset, {condition, yes, no});
  }

  ExprId conjunction() { return chain(TokenKind::kAnd, "_&&_", &Parser::relation); }

  // `a op b op c` as one call of three arguments.
  ExprId chain(TokenKind op, std::string_view name, ExprId (Parser::*operand)()) {
    const std::uint32_t begin = current_.offset;
    std::vector<ExprId> operands = {(this->*operand)()};
    const std::uint32_t offset = current_.offset;
    while (accept(op)) operands.push_back((this->*operand)());
    if (problem_) return kNoExpr;
    return operands.size() == 1 ? operands[0] : call(name, begin, offset, std::move(operands));
  }

  static std::string_view relation_name(TokenKind kind) {
    switch (kind) {
      case TokenKind::kEqual:
        return "_==_";
      case TokenKind::kNotEqual:
        return "_!=_";
      case TokenKind::kLess:
        return "_<_";
      case TokenKind::kLessEqual:
        return "_<=_";
      case TokenKind::kGreater:
        return "_>_";
      case TokenKind::kGreaterEqual:
        return "_>=_";
      case TokenKind::kIn:
        return "@in";
      default:
        return {};
    }
  }

  static std::string_view sum_name(TokenKind kind) {
    if (kind == TokenKind::kPlus) return "_+_";
    return kind == TokenKind::kMinus ? "_-_" : std::string_view{};
  }

  static std::string_view product_name(TokenKind kind) {
    if (kind == TokenKind::kStar) return "_*_";
    if (kind == TokenKind::kSlash) return "_/_";
    return kind == TokenKind::kPercent ? "_%_" : std::string_view{};
  }

  // Left-associative binary operators of one level.
  ExprId binary(std::string_view (*name_of)(TokenKind), ExprId (Parser::*operand)()) {
    const std::uint32_t begin = current_.offset;
    ExprId left = (this->*operand)();
    while (!problem_) {
      const std::string_view name = name_of(current_.kind);
      if (name.empty()) return left;
      const std::uint32_t offset = current_.offset;
      advance();
      const ExprId right = (this->*operand)();
      if (problem_) break;
      left = call(name, begin, offset, {left, right});
    }
    return kNoExpr;
  }

  ExprId relation() { return binary(&Parser::relation_name, &Parser::sum); }
  ExprId sum() { return binary(&Parser::sum_name, &Parser::product); }
  ExprId product() { return binary(&Parser::product_name, &Parser::unary); }

  ExprId unary() {
    std::vector<std::uint32_t> offsets;
    const TokenKind op = current_.kind;
    if (op != TokenKind::kNot && op != TokenKind::kMinus) return member(current_.offset, false);
    while (at(op)) {
      offsets.push_back(current_.offset);
      advance();
    }
    // The sign belongs to the number, or the least integer could not be written.
    const bool negative =
        op == TokenKind::kMinus && (at(TokenKind::kInt) || at(TokenKind::kDouble));
    const std::uint32_t begin = negative ? offsets.back() : current_.offset;
    if (negative) offsets.pop_back();
    ExprId operand = member(begin, negative);
    for (; !problem_ && !offsets.empty(); offsets.pop_back())
      operand =
          call(op == TokenKind::kNot ? "!_" : "-_", offsets.back(), offsets.back(), {operand});
    return problem_ ? kNoExpr : operand;
  }

  ExprId member(std::uint32_t begin, bool negative) {
    ExprId operand = primary(negative);
    while (!problem_) {
      const std::uint32_t offset = current_.offset;
      if (accept(TokenKind::kDot)) {
        operand = selection(operand, begin, offset);
      } else if (accept(TokenKind::kLeftBracket)) {
        const bool optional = accept(TokenKind::kQuestion);
        const ExprId index = expression();
        if (!expect(TokenKind::kRightBracket, "\"]\"")) return kNoExpr;
        operand = call(optional ? "_[?_]" : "_[_]", begin, offset, {operand, index});
      } else if (at(TokenKind::kLeftBrace)) {
        operand = message(operand, begin);
      } else {
        return operand;
      }
    }
    return kNoExpr;
  }

  // What follows `operand.`: a field or a call.
  ExprId selection(ExprId operand, std::uint32_t begin, std::uint32_t dot) {
    const bool optional = accept(TokenKind::kQuestion);
    const Token name = current_;
    const bool quoted = at(TokenKind::kQuotedIdentifier);
    if (!quoted && !at(TokenKind::kIdentifier))
      return unexpected("the name of a field or function");
    advance();
    if (at(TokenKind::kLeftParen) && !optional && !quoted) {
      WrittenCall written{keep(name.text), operand, {}, name.offset};
      return finish_call(std::move(written), begin);
    }
    Expr expr;
    expr.kind = ExprKind::kSelect;
    expr.name = keep(name.text);
    expr.offset = quoted || optional ? dot : name.offset;
    if (optional) expr.flags |= Expr::kOptional;
    expr.children = {operand};
    return problem_ ? kNoExpr : add(std::move(expr), begin);
  }

  ExprId finish_call(WrittenCall written, std::uint32_t begin) {
    if (!arguments(written.arguments)) return kNoExpr;
    if (macros_ && !written.is_absolute) {
      auto expanded = expand_macro(ast_, written);
      if (!expanded) return fail(expanded.error().offset, std::move(expanded.error().message));
      if (*expanded) return add(std::move(**expanded), begin);
    }
    Expr expr;
    expr.kind = ExprKind::kCall;
    expr.name = written.name;
    expr.offset = written.offset;
    if (written.is_absolute) expr.flags |= Expr::kAbsolute;
    if (written.receiver != kNoExpr) {
      expr.flags |= Expr::kReceiver;
      expr.children.push_back(written.receiver);
    }
    expr.children.insert(expr.children.end(), written.arguments.begin(), written.arguments.end());
    return add(std::move(expr), begin);
  }

  bool arguments(std::vector<ExprId>& out) {
    expect(TokenKind::kLeftParen, "\"(\"");
    if (accept(TokenKind::kRightParen)) return !problem_;
    do {
      if (out.size() == kMaxArguments)
        return fail(current_.offset,
                    fmt::format("a call takes at most {} arguments", kMaxArguments)) != kNoExpr;
      out.push_back(expression());
    } while (accept(TokenKind::kComma));
    return expect(TokenKind::kRightParen, "\",\" or \")\"");
  }

  ExprId primary(bool negative) {
    const Token token = current_;
    switch (token.kind) {
      case TokenKind::kLeftParen: {
        advance();
        const ExprId inner = expression();
        return expect(TokenKind::kRightParen, "\")\"") ? inner : kNoExpr;
      }
      case TokenKind::kLeftBracket:
        return list();
      case TokenKind::kLeftBrace:
        return map();
      case TokenKind::kDot:
      case TokenKind::kIdentifier:
        return name();
      case TokenKind::kInt:
      case TokenKind::kUint:
      case TokenKind::kDouble:
        advance();
        return number(token, negative);
      case TokenKind::kString:
      case TokenKind::kBytes:
        advance();
        return text(token);
      case TokenKind::kTrue:
      case TokenKind::kFalse:
        advance();
        return problem_ ? kNoExpr
                        : literal(token.offset, Value::boolean(token.kind == TokenKind::kTrue));
      case TokenKind::kNull:
        advance();
        return problem_ ? kNoExpr : literal(token.offset, Value::null());
      default:
        return unexpected("a value");
    }
  }

  ExprId name() {
    const std::uint32_t offset = current_.offset;
    const bool absolute = accept(TokenKind::kDot);
    const Token token = current_;
    if (!at(TokenKind::kIdentifier)) return unexpected("a name");
    if (is_reserved(token.text))
      return fail(token.offset,
                  fmt::format("\"{}\" is a reserved word and names no variable", token.text));
    advance();
    if (at(TokenKind::kLeftParen))
      return finish_call({keep(token.text), kNoExpr, {}, token.offset, absolute}, offset);
    Expr expr;
    expr.kind = ExprKind::kIdent;
    expr.name = keep(token.text);
    expr.offset = offset;
    if (absolute) expr.flags |= Expr::kAbsolute;
    return problem_ ? kNoExpr : add(std::move(expr), offset);
  }

  ExprId number(const Token& token, bool negative) {
    std::string_view digits = token.text;
    const auto too_large = [&](std::string_view type) {
      return fail(token.offset, fmt::format("the number does not fit into {}", type));
    };
    if (token.kind == TokenKind::kDouble) {
      double value = 0;
      if (parse_double(digits, value) != std::errc{}) return too_large("a double");
      return literal(token.offset, Value::real(negative ? -value : value));
    }
    if (token.kind == TokenKind::kUint) digits.remove_suffix(1);
    const bool hex = digits.starts_with("0x") || digits.starts_with("0X");
    if (hex) digits.remove_prefix(2);
    std::uint64_t value = 0;
    const auto error =
        std::from_chars(digits.data(), digits.data() + digits.size(), value, hex ? 16 : 10).ec;
    if (token.kind == TokenKind::kUint) {
      if (error != std::errc{}) return too_large("a uint");
      return literal(token.offset, Value::unsigned_integer(value));
    }
    constexpr std::uint64_t kMost = std::uint64_t{1} << 63U;
    if (error != std::errc{} || value > kMost || (value == kMost && !negative))
      return too_large("an int");
    return literal(token.offset,
                   Value::integer(static_cast<std::int64_t>(negative ? ~value + 1 : value)));
  }

  ExprId text(const Token& token) {
    if (problem_) return kNoExpr;
    const bool bytes = token.kind == TokenKind::kBytes;
    std::string content;
    std::string wrong;
    std::size_t at = 0;
    if (!unquote(token.text, bytes, content, wrong, at))
      return fail(token.offset + static_cast<std::uint32_t>(at), std::move(wrong));
    const std::string_view kept = ast_.keep(std::move(content));
    return literal(token.offset, bytes ? Value::bytes(kept) : Value::string(kept));
  }

  // Adds `item`; notes whether it was marked with "?", once any of its list was.
  static void push_marked(Expr& expr, ExprId item, bool marked) {
    const std::size_t before = expr.children.size();
    expr.children.push_back(item);
    if (marked || !expr.optional.empty()) {
      expr.optional.resize(before, false);
      expr.optional.push_back(marked);
    }
  }

  ExprId list() {
    const std::uint32_t begin = current_.offset;
    Expr expr;
    expr.kind = ExprKind::kList;
    expr.offset = begin;
    advance();
    while (!problem_ && !at(TokenKind::kRightBracket)) {
      const bool marked = accept(TokenKind::kQuestion);
      push_marked(expr, expression(), marked);
      if (!accept(TokenKind::kComma)) break;
    }
    return expect(TokenKind::kRightBracket, "\",\" or \"]\"") ? add(std::move(expr), begin)
                                                              : kNoExpr;
  }

  ExprId map() {
    const std::uint32_t begin = current_.offset;
    Expr expr;
    expr.kind = ExprKind::kMap;
    expr.offset = begin;
    advance();
    while (!problem_ && !at(TokenKind::kRightBrace)) {
      const bool marked = accept(TokenKind::kQuestion);
      push_marked(expr, expression(), marked);
      if (!expect(TokenKind::kColon, "\":\" after a key")) break;
      push_marked(expr, expression(), false);
      if (!accept(TokenKind::kComma)) break;
    }
    return expect(TokenKind::kRightBrace, "\",\" or \"}\"") ? add(std::move(expr), begin) : kNoExpr;
  }

  // `a.b.Type{...}`; the fields are parsed so that what follows is reported rightly.
  ExprId message(ExprId type, std::uint32_t begin) {
    std::string name;
    bool absolute = false;
    for (ExprId id = type;; id = ast_[id].children[0]) {
      const Expr& part = ast_[id];
      if (part.kind == ExprKind::kIdent) {
        name.insert(0, part.name);
        absolute = part.has(Expr::kAbsolute);
        break;
      }
      if (part.kind != ExprKind::kSelect || part.flags != 0)
        return unexpected("an operator or the end");
      name.insert(0, "." + std::string(part.name));
    }
    Expr expr;
    expr.kind = ExprKind::kMessage;
    expr.offset = ast_[type].offset;
    expr.name = ast_.keep(std::move(name));
    if (absolute) expr.flags |= Expr::kAbsolute;
    advance();
    while (!problem_ && !at(TokenKind::kRightBrace)) {
      const bool marked = accept(TokenKind::kQuestion);
      const Token field = current_;
      if (!at(TokenKind::kIdentifier) && !at(TokenKind::kQuotedIdentifier))
        return unexpected("the name of a field");
      advance();
      push_marked(expr, literal(field.offset, Value::string(keep(field.text))), marked);
      if (!expect(TokenKind::kColon, "\":\" after a field")) break;
      push_marked(expr, expression(), false);
      if (!accept(TokenKind::kComma)) break;
    }
    return expect(TokenKind::kRightBrace, "\",\" or \"}\"") ? add(std::move(expr), begin) : kNoExpr;
  }

  std::string_view keep(std::string_view text) { return ast_.keep(std::string(text)); }

  Lexer lexer_;
  std::size_t max_depth_;
  bool macros_;
  std::size_t depth_ = 0;
  Token current_;
  std::uint32_t end_ = 0;  // of the token before
  Ast ast_;
  std::optional<Problem> problem_;
};

}  // namespace

std::expected<Ast, Problem> parse(std::string_view source, std::size_t max_depth, bool macros) {
  return Parser(source, max_depth, macros).run();
}

}  // namespace cel
