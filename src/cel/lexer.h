#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace cel {

enum class TokenKind : std::uint8_t {
  kEnd,
  kInvalid,  // Lexer::problem() says why
  kIdentifier,
  kQuotedIdentifier,  // `a-b`
  kInt,
  kUint,
  kDouble,
  kString,
  kBytes,
  kIn,
  kTrue,
  kFalse,
  kNull,
  kDot,
  kComma,
  kColon,
  kQuestion,
  kLeftParen,
  kRightParen,
  kLeftBracket,
  kRightBracket,
  kLeftBrace,
  kRightBrace,
  kPlus,
  kMinus,
  kStar,
  kSlash,
  kPercent,
  kNot,
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kAnd,
  kOr,
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  std::uint32_t offset = 0;
  std::string_view text;  // as written; of a quoted identifier, without the quotes
};

// Splits an expression into tokens, one at a time. The source outlives the lexer and is UTF-8.
class Lexer {
 public:
  explicit Lexer(std::string_view source) : source_(source) {}

  Token next();
  // What is wrong with the last kInvalid token.
  const std::string& problem() const { return problem_; }

 private:
  Token make(TokenKind kind, std::size_t start);
  Token invalid(std::size_t at, std::string problem);
  void skip_space();
  Token number(std::size_t start);
  Token word(std::size_t start);
  Token quoted_identifier(std::size_t start);
  Token quoted(std::size_t start, bool raw, TokenKind kind);
  char peek(std::size_t ahead = 0) const {
    return position_ + ahead < source_.size() ? source_[position_ + ahead] : '\0';
  }

  std::string_view source_;
  std::size_t position_ = 0;
  std::string problem_;
};

// Undoes the quotes, prefixes and escapes of a string or bytes token. On failure `problem` is set
// and `problem_at` is the offset within the token.
bool unquote(std::string_view token, bool bytes, std::string& out, std::string& problem,
             std::size_t& problem_at);

// Whether the word may not name a variable (it may name a field).
bool is_reserved(std::string_view word);

}  // namespace cel
