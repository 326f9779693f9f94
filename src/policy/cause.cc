#include "policy/cause.h"

#include <algorithm>

#include "cel/lexer.h"

namespace policy {
namespace {

using cel::Token;
using cel::TokenKind;

enum class Operator : std::uint8_t { kNone, kAnd, kOr, kNot, kConditional };

// The operator that binds least outside of brackets.
Operator operator_of(std::string_view text) {
  cel::Lexer lexer(text);
  int depth = 0;
  bool has_and = false, has_or = false, begins_with_not = false, has_relation = false;
  bool is_first = true;
  for (Token token = lexer.next();; token = lexer.next(), is_first = false) {
    switch (token.kind) {
      case TokenKind::kEnd:
      case TokenKind::kInvalid:
        if (has_or) return Operator::kOr;
        if (has_and) return Operator::kAnd;
        return begins_with_not && !has_relation ? Operator::kNot : Operator::kNone;
      case TokenKind::kLeftParen:
      case TokenKind::kLeftBracket:
      case TokenKind::kLeftBrace:
        ++depth;
        break;
      case TokenKind::kRightParen:
      case TokenKind::kRightBracket:
      case TokenKind::kRightBrace:
        --depth;
        break;
      case TokenKind::kDot: {
        // `.?name` is no conditional.
        const Token next = lexer.next();
        if (next.kind == TokenKind::kEnd || next.kind == TokenKind::kInvalid)
          return Operator::kNone;
        break;
      }
      case TokenKind::kQuestion:
        if (depth == 0) return Operator::kConditional;
        break;
      case TokenKind::kOr:
        has_or |= depth == 0;
        break;
      case TokenKind::kAnd:
        has_and |= depth == 0;
        break;
      case TokenKind::kNot:
        begins_with_not |= is_first;
        break;
      case TokenKind::kEqual:
      case TokenKind::kNotEqual:
      case TokenKind::kLess:
      case TokenKind::kLessEqual:
      case TokenKind::kGreater:
      case TokenKind::kGreaterEqual:
      case TokenKind::kIn:
        has_relation |= depth == 0;
        break;
      default:
        break;
    }
  }
}

class CauseFinder {
 public:
  CauseFinder(std::string_view source, const std::vector<EvaluatedPart>& parts)
      : source_(source), parts_(parts) {}

  std::vector<std::size_t> run() {
    if (!parts_.empty()) visit(parts_.size() - 1);
    std::ranges::sort(found_);
    return std::move(found_);
  }

 private:
  using Truth = EvaluatedPart::Truth;

  // The parts of a part: those one level down, since the last that was not below it.
  std::vector<std::size_t> children_of(std::size_t at) const {
    std::vector<std::size_t> out;
    for (std::size_t i = at; i-- > 0 && parts_[i].depth > parts_[at].depth;)
      if (parts_[i].depth == parts_[at].depth + 1) out.push_back(i);
    std::ranges::reverse(out);
    return out;
  }

  // A loop's body is evaluated again and again: it is never taken apart, since its operator stands
  // inside the loop's own brackets.
  void visit(std::size_t at) {
    const EvaluatedPart& part = parts_[at];
    const std::vector<std::size_t> children = children_of(at);
    const std::size_t before = found_.size();
    switch (operator_of(source_.substr(part.begin, part.end - part.begin))) {
      case Operator::kAnd:
      case Operator::kOr:
        for (const std::size_t child : children)
          if (parts_[child].truth == part.truth) visit(child);
        break;
      case Operator::kNot:
        for (const std::size_t child : children) visit(child);
        break;
      case Operator::kConditional:
        // The branch that was taken, or the condition that failed.
        if (!children.empty()) visit(children.back());
        break;
      case Operator::kNone:
        break;
    }
    if (found_.size() == before) found_.push_back(at);
  }

  std::string_view source_;
  const std::vector<EvaluatedPart>& parts_;
  std::vector<std::size_t> found_;
};

}  // namespace

std::vector<std::size_t> causes(std::string_view source, const std::vector<EvaluatedPart>& parts) {
  return CauseFinder(source, parts).run();
}

}  // namespace policy
