#include "cel/lexer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "cel/source.h"

namespace cel {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

TokenKind keyword(std::string_view word) {
  if (word == "in") return TokenKind::kIn;
  if (word == "true") return TokenKind::kTrue;
  if (word == "false") return TokenKind::kFalse;
  if (word == "null") return TokenKind::kNull;
  return TokenKind::kIdentifier;
}

}  // namespace

bool is_reserved(std::string_view word) {
  static constexpr std::array<std::string_view, 17> kWords = {
      "as",  "break", "const",   "continue",  "else",   "for", "function", "if",   "import",
      "let", "loop",  "package", "namespace", "return", "var", "void",     "while"};
  return std::ranges::find(kWords, word) != kWords.end();
}

Token Lexer::make(TokenKind kind, std::size_t start) {
  return {kind, static_cast<std::uint32_t>(start), source_.substr(start, position_ - start)};
}

Token Lexer::invalid(std::size_t at, std::string problem) {
  problem_ = std::move(problem);
  return {TokenKind::kInvalid, static_cast<std::uint32_t>(at), {}};
}

void Lexer::skip_space() {
  while (position_ < source_.size()) {
    const char c = source_[position_];
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f') {
      ++position_;
    } else if (c == '/' && peek(1) == '/') {
      position_ = std::min(source_.find('\n', position_), source_.size());
    } else {
      return;
    }
  }
}

Token Lexer::next() {
  skip_space();
  const std::size_t start = position_;
  if (start == source_.size()) return make(TokenKind::kEnd, start);
  const char c = source_[start];
  if (is_letter(c)) return word(start);
  if (is_digit(c) || (c == '.' && is_digit(peek(1)))) return number(start);
  if (c == '"' || c == '\'') return quoted(start, false, TokenKind::kString);
  if (c == '`') return quoted_identifier(start);

  ++position_;
  const auto either = [&](char second, TokenKind both, TokenKind alone) {
    if (peek() != second) return make(alone, start);
    ++position_;
    return make(both, start);
  };
  switch (c) {
    case '.':
      return make(TokenKind::kDot, start);
    case ',':
      return make(TokenKind::kComma, start);
    case ':':
      return make(TokenKind::kColon, start);
    case '?':
      return make(TokenKind::kQuestion, start);
    case '(':
      return make(TokenKind::kLeftParen, start);
    case ')':
      return make(TokenKind::kRightParen, start);
    case '[':
      return make(TokenKind::kLeftBracket, start);
    case ']':
      return make(TokenKind::kRightBracket, start);
    case '{':
      return make(TokenKind::kLeftBrace, start);
    case '}':
      return make(TokenKind::kRightBrace, start);
    case '+':
      return make(TokenKind::kPlus, start);
    case '-':
      return make(TokenKind::kMinus, start);
    case '*':
      return make(TokenKind::kStar, start);
    case '/':
      return make(TokenKind::kSlash, start);
    case '%':
      return make(TokenKind::kPercent, start);
    case '!':
      return either('=', TokenKind::kNotEqual, TokenKind::kNot);
    case '<':
      return either('=', TokenKind::kLessEqual, TokenKind::kLess);
    case '>':
      return either('=', TokenKind::kGreaterEqual, TokenKind::kGreater);
    case '=':
      if (peek() != '=') return invalid(start, "a single \"=\" is no operator; use \"==\"");
      ++position_;
      return make(TokenKind::kEqual, start);
    case '&':
      if (peek() != '&') return invalid(start, "a single \"&\" is no operator; use \"&&\"");
      ++position_;
      return make(TokenKind::kAnd, start);
    case '|':
      if (peek() != '|') return invalid(start, "a single \"|\" is no operator; use \"||\"");
      ++position_;
      return make(TokenKind::kOr, start);
    default:
      break;
  }
  std::size_t at = start;
  const char32_t code_point = next_utf8(source_, at);
  const bool is_shown = code_point > 0x20 && (code_point < 0x7F || code_point > 0xA0);
  return invalid(start,
                 fmt::format("unexpected character {}U+{:04X}",
                             is_shown ? fmt::format("\"{}\" ", source_.substr(start, at - start))
                                      : std::string(),
                             static_cast<std::uint32_t>(code_point)));
}

Token Lexer::number(std::size_t start) {
  if (peek() == '0' && (peek(1) == 'x' || peek(1) == 'X') && is_hex(peek(2))) {
    position_ += 2;
    while (is_hex(peek())) ++position_;
  } else {
    while (is_digit(peek())) ++position_;
    bool real = false;
    if (peek() == '.' && is_digit(peek(1))) {
      real = true;
      ++position_;
      while (is_digit(peek())) ++position_;
    }
    if (peek() == 'e' || peek() == 'E') {
      const std::size_t sign = peek(1) == '+' || peek(1) == '-' ? 1 : 0;
      if (!is_digit(peek(1 + sign))) return invalid(start, "the exponent has no digits");
      real = true;
      position_ += 1 + sign;
      while (is_digit(peek())) ++position_;
    }
    if (real) {
      if (is_letter(peek())) return invalid(position_, "unexpected letter after a number");
      return make(TokenKind::kDouble, start);
    }
  }
  const bool is_unsigned = peek() == 'u' || peek() == 'U';
  if (is_unsigned) ++position_;
  if (is_letter(peek()) || is_digit(peek()))
    return invalid(position_, "unexpected letter after a number");
  return make(is_unsigned ? TokenKind::kUint : TokenKind::kInt, start);
}

Token Lexer::word(std::size_t start) {
  // r"", b"", rb"" and br"" in any case are literals, not names.
  std::size_t prefix = 0;
  bool raw = false;
  bool bytes = false;
  while (prefix < 2) {
    const char c = static_cast<char>(peek(prefix) | 0x20);
    if (c == 'r' && !raw) {
      raw = true;
    } else if (c == 'b' && !bytes) {
      bytes = true;
    } else {
      break;
    }
    ++prefix;
  }
  if (prefix > 0 && (peek(prefix) == '"' || peek(prefix) == '\'')) {
    position_ += prefix;
    return quoted(start, raw, bytes ? TokenKind::kBytes : TokenKind::kString);
  }
  while (is_letter(peek()) || is_digit(peek())) ++position_;
  Token token = make(TokenKind::kIdentifier, start);
  token.kind = keyword(token.text);
  return token;
}

Token Lexer::quoted_identifier(std::size_t start) {
  const auto is_part = [](char c) {
    return is_letter(c) || is_digit(c) || c == '.' || c == '-' || c == '/' || c == ' ';
  };
  ++position_;
  while (is_part(peek())) ++position_;
  if (peek() != '`')
    return invalid(start,
                   "a name in backquotes holds letters, digits, \"_\", \".\", \"-\", \"/\", "
                   "spaces and ends with a backquote");
  ++position_;
  Token token = make(TokenKind::kQuotedIdentifier, start);
  token.text = token.text.substr(1, token.text.size() - 2);
  if (token.text.empty()) return invalid(start, "a name in backquotes is empty");
  return token;
}

Token Lexer::quoted(std::size_t start, bool raw, TokenKind kind) {
  const char quote = peek();
  const std::size_t width = peek(1) == quote && peek(2) == quote ? 3 : 1;
  position_ += width;
  while (position_ < source_.size()) {
    const char c = peek();
    if (c == quote && (width == 1 || (peek(1) == quote && peek(2) == quote))) {
      position_ += width;
      return make(kind, start);
    }
    if (width == 1 && (c == '\n' || c == '\r'))
      return invalid(start, "the line ends within the text; write \\n, or use three quotes");
    position_ += c == '\\' && !raw && position_ + 1 < source_.size() ? 2 : 1;
  }
  return invalid(start, "the text has no closing quote");
}

namespace {

// Reads `count` hexadecimal digits, or octal ones when `base` is 8.
bool read_digits(std::string_view text, std::size_t& i, std::size_t count, unsigned base,
                 char32_t& out) {
  out = 0;
  for (std::size_t n = 0; n < count; ++n, ++i) {
    if (i >= text.size() || !is_hex(text[i])) return false;
    const char c = text[i];
    const unsigned digit =
        is_digit(c) ? static_cast<unsigned>(c - '0') : static_cast<unsigned>((c | 0x20) - 'a') + 10;
    if (digit >= base) return false;
    out = out * base + digit;
  }
  return true;
}

// Characters beyond U+FFFF may be written as two \u escapes, as JSON does.
void read_low_surrogate(std::string_view text, std::size_t& i, char32_t& code_point) {
  if (code_point < 0xD800 || code_point > 0xDBFF || !text.substr(i).starts_with("\\u")) return;
  std::size_t after = i + 2;
  char32_t low = 0;
  if (!read_digits(text, after, 4, 16, low) || low < 0xDC00 || low > 0xDFFF) return;
  code_point = 0x10000 + ((code_point - 0xD800) << 10U) + (low - 0xDC00);
  i = after;
}

char simple_escape(char c) {
  switch (c) {
    case 'a':
      return '\a';
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 'v':
      return '\v';
    case '\\':
    case '?':
    case '"':
    case '\'':
    case '`':
      return c;
    default:
      return '\0';
  }
}

// One escape; `i` stands behind the backslash. Returns what is wrong, or null.
const char* escape(std::string_view text, std::size_t& i, bool bytes, std::string& out) {
  if (i >= text.size()) return "the escape is cut off";
  const char c = text[i];
  if (const char simple = simple_escape(c); simple != '\0') {
    out.push_back(simple);
    ++i;
    return nullptr;
  }
  char32_t code_point = 0;
  if (c == 'x' || c == 'X') {
    if (!read_digits(text, ++i, 2, 16, code_point)) return "\\x needs two hexadecimal digits";
  } else if (c >= '0' && c <= '3') {
    if (!read_digits(text, i, 3, 8, code_point)) return "an octal escape needs three digits";
  } else if (c == 'u' || c == 'U') {
    if (bytes) return "\\u and \\U are not allowed in bytes; use \\x";
    if (!read_digits(text, ++i, c == 'u' ? 4 : 8, 16, code_point))
      return c == 'u' ? "\\u needs four hexadecimal digits" : "\\U needs eight hexadecimal digits";
    if (c == 'u') read_low_surrogate(text, i, code_point);
    if (code_point > 0x10FFFF || (code_point >= 0xD800 && code_point <= 0xDFFF))
      return "the escape names no Unicode character";
  } else {
    return "unknown escape";
  }
  if (bytes) {
    out.push_back(static_cast<char>(code_point));
  } else {
    append_utf8(out, code_point);
  }
  return nullptr;
}

}  // namespace

bool unquote(std::string_view token, bool bytes, std::string& out, std::string& problem,
             std::size_t& problem_at) {
  std::size_t prefix = token.find_first_of("\"'");
  const bool raw = token.substr(0, prefix).find_first_of("rR") != std::string_view::npos;
  const char quote = token[prefix];
  const bool triple =
      token.size() >= prefix + 6 && token[prefix + 1] == quote && token[prefix + 2] == quote;
  const std::size_t width = triple ? 3 : 1;
  const std::size_t start = prefix + width;
  const std::string_view body = token.substr(start, token.size() - start - width);

  out.reserve(body.size());
  for (std::size_t i = 0; i < body.size();) {
    const char c = body[i];
    if (c == '\r') {  // CEL reads every line ending in a literal as \n
      out.push_back('\n');
      i += i + 1 < body.size() && body[i + 1] == '\n' ? 2 : 1;
    } else if (c != '\\' || raw) {
      out.push_back(c);
      ++i;
    } else {
      const std::size_t backslash = i++;
      if (const char* wrong = escape(body, i, bytes, out); wrong != nullptr) {
        problem = wrong;
        problem_at = start + backslash;
        return false;
      }
    }
  }
  return true;
}

}  // namespace cel
