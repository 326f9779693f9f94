#include "policy/disclosure.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>

#include "base/encoding.h"
#include "cel/lexer.h"

namespace policy {
namespace {

using cel::Token;
using cel::TokenKind;
using Kind = ExpressionDisclosure::Kind;

// "sess" stands for PHPSESSID too, "sig" for the parameter of signed URLs, "code" for OAuth's.
constexpr std::array<std::string_view, 16> kCredentialWords = {
    "auth", "cookie", "token", "secret", "key",  "pass",      "pwd",  "cred",
    "jwt",  "sig",    "sess",  "otp",    "code", "assertion", "saml", "cert"};

// Members of `ctx.request.http` that are shown whole. What is neither here nor handled by name is
// hidden, so that a new member is not shown by accident.
constexpr std::array<std::string_view, 10> kPlainMembers = {
    "method", "path",    "host",    "protocol",        "size",
    "scheme", "service", "package", "serviceFullName", "ip"};

// Members whose entries are shown or hidden by their names.
constexpr std::array<std::string_view, 4> kMembersByName = {"headers", "headerValues",
                                                            "queryParams", "queryParamValues"};

constexpr std::array<std::string_view, 12> kPlainRegoErrors = {
    "complete rules should not produce multiple outputs",
    "rules must not produce multiple outputs",
    "rules should not produce multiple outputs.",
    "divide by zero",
    "modulo by zero",
    "modulo on floating-point number",
    "operand must be integer",
    "could not parse number",
    "could not parse string as number",
    "invalid regex",
    "invalid semver",
    "a string is needed"};

// One step of a path: a name, or one that is computed.
struct Step {
  bool is_known = false;
  std::string name;
};

bool is_among(std::string_view name, const auto& names) {
  return std::ranges::find(names, name) != names.end();
}

Kind kind_of_named(const std::vector<Step>& path, std::size_t at) {
  if (at >= path.size() || !path[at].is_known) return Kind::kCredential;
  return is_credential_name(path[at].name) ? Kind::kCredential : Kind::kShown;
}

// `path` begins after `ctx`.
Kind kind_of_path(const std::vector<Step>& path) {
  if (path.empty() || !path[0].is_known) return Kind::kCredential;
  if (path[0].name != "request") return Kind::kShown;
  std::size_t at = 1;
  while (at < path.size() && path[at].is_known &&
         (path[at].name == "http" || path[at].name == "grpc"))
    ++at;
  if (at >= path.size() || !path[at].is_known) return Kind::kCredential;
  const std::string& member = path[at].name;
  if (is_among(member, kPlainMembers)) return Kind::kShown;
  if (member == "body" || member == "bodyMap") return Kind::kBody;
  if (is_among(member, kMembersByName)) return kind_of_named(path, at + 1);
  return Kind::kCredential;
}

// `is_meant` is asked what stands behind the word.
bool has_word(std::string_view text, std::string_view word, const auto& is_meant) {
  const auto is_end = [&](std::size_t at) {
    return at >= text.size() ||
           !(std::isalnum(static_cast<unsigned char>(text[at])) != 0 || text[at] == '_');
  };
  for (std::size_t at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1))
    if ((at == 0 || is_end(at - 1)) && is_end(at + word.size()) &&
        is_meant(text.substr(at + word.size())))
      return true;
  return false;
}

// Whether values may stand below another name than their own: by `with`, or by an argument or
// variable that is called `input`.
bool may_rename(std::string_view script) {
  const auto is_alone = [](std::string_view rest) {
    return !rest.starts_with('.') && !rest.starts_with('[');
  };
  return has_word(script, "with", [](std::string_view) { return true; }) ||
         has_word(script, "input", is_alone);
}

// `path` begins after `input`.
Kind kind_of_input(const std::vector<Step>& path) {
  if (path.empty() || !path[0].is_known) return Kind::kCredential;
  if (path[0].name != "ctx") return Kind::kShown;
  return kind_of_path({path.begin() + 1, path.end()});
}

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
}

std::vector<Token> tokens_of(std::string_view source) {
  std::vector<Token> out;
  cel::Lexer lexer(source);
  for (Token token = lexer.next();
       token.kind != TokenKind::kEnd && token.kind != TokenKind::kInvalid; token = lexer.next())
    out.push_back(token);
  return out;
}

// Whether the identifier at `at` is the member of what stands in front of its dot: `.ctx` after
// nothing, or after an operator, is `ctx`.
bool is_member(const std::vector<Token>& tokens, std::size_t at) {
  if (at < 2 || tokens[at - 1].kind != TokenKind::kDot) return false;
  switch (tokens[at - 2].kind) {
    case TokenKind::kIdentifier:
    case TokenKind::kQuotedIdentifier:
    case TokenKind::kString:
    case TokenKind::kRightParen:
    case TokenKind::kRightBracket:
    case TokenKind::kRightBrace:
      return true;
    default:
      return false;
  }
}

// Whether a macro may have a local variable of that name, which then hides the one that is known.
bool may_be_local(const std::vector<Token>& tokens, std::string_view name) {
  for (std::size_t i = 1; i + 1 < tokens.size(); ++i) {
    const TokenKind before = tokens[i - 1].kind;
    if (tokens[i].kind == TokenKind::kIdentifier && tokens[i].text == name &&
        tokens[i + 1].kind == TokenKind::kComma &&
        (before == TokenKind::kLeftParen || before == TokenKind::kComma))
      return true;
  }
  return false;
}

std::size_t end_of(std::string_view source, const Token& token) {
  const std::size_t quotes = token.kind == TokenKind::kQuotedIdentifier ? 2 : 0;
  return std::min(source.size(), token.offset + token.text.size() + quotes);
}

// Reads `.name`, `.?name`, `["name"]` and `[?"name"]` after `at`, and moves it behind them. An
// index that is no literal ends the path with an unknown step; its inside is looked at as any other
// text.
std::vector<Step> read_path(const std::vector<Token>& tokens, std::size_t& at) {
  std::vector<Step> path;
  const auto is = [&](std::size_t i, TokenKind kind) {
    return i < tokens.size() && tokens[i].kind == kind;
  };
  while (true) {
    std::size_t next = at;
    if (is(next, TokenKind::kDot)) {
      if (is(++next, TokenKind::kQuestion)) ++next;
      if (!is(next, TokenKind::kIdentifier) && !is(next, TokenKind::kQuotedIdentifier)) return path;
      if (is(next + 1, TokenKind::kLeftParen)) return path;  // a function
      path.push_back({true, std::string(tokens[next].text)});
      at = next + 1;
    } else if (is(next, TokenKind::kLeftBracket)) {
      if (is(++next, TokenKind::kQuestion)) ++next;
      std::string name, problem;
      std::size_t problem_at = 0;
      const bool is_literal = is(next, TokenKind::kString) &&
                              is(next + 1, TokenKind::kRightBracket) &&
                              cel::unquote(tokens[next].text, false, name, problem, problem_at);
      path.push_back({is_literal, std::move(name)});
      if (!is_literal) return path;
      at = next + 2;
    } else {
      return path;
    }
  }
}

}  // namespace

bool is_credential_name(std::string_view name) {
  const std::string lower = base::to_lower(name);
  return std::ranges::any_of(kCredentialWords, [&](std::string_view word) {
    return lower.find(word) != std::string::npos;
  });
}

std::string without_quote(std::string_view error) {
  const std::size_t place = error.find(": ");
  if (place == std::string_view::npos) return std::string(error);
  return std::string(error.substr(0, error.find(": ", place + 2)));
}

// What follows a builtin's name is about its argument until that is quoted. Of other messages only
// those are kept that are known to quote nothing.
std::string without_rego_quote(std::string_view error) {
  const std::size_t place = error.find_first_not_of("0123456789:");
  const bool has_place = place != std::string_view::npos && place > 0 && error[place] == ' ';
  std::string out(has_place ? error.substr(0, place + 1) : std::string_view());
  error.remove_prefix(out.size());
  const std::size_t end = error.starts_with('`') ? error.find('`', 1) : std::string_view::npos;
  if (end != std::string_view::npos &&
      std::ranges::all_of(error.substr(1, end - 1), is_name_character)) {
    const std::size_t sentence = error.find_first_of(".`\"'{[(:\r\n", end + 1);
    out.append(error.substr(0, sentence));
    if (out.ends_with(' ')) out.pop_back();
    return out;
  }
  return out.append(is_among(error, kPlainRegoErrors) ? error : "the script failed");
}

ExpressionDisclosure::ExpressionDisclosure(std::string_view source) {
  const std::vector<Token> tokens = tokens_of(source);
  const bool knows_attrs = !may_be_local(tokens, "attrs");
  const bool knows_ctx = !may_be_local(tokens, "ctx");
  for (std::size_t at = 0; at < tokens.size();) {
    const Token& token = tokens[at++];
    if (token.kind != TokenKind::kIdentifier || is_member(tokens, at - 1)) continue;
    const bool is_function = at < tokens.size() && tokens[at].kind == TokenKind::kLeftParen;
    if (is_function || (token.text == "attrs" && knows_attrs)) continue;
    if (token.text != "ctx") {
      variables_.push_back(token.offset);
      continue;
    }
    const Kind named = kind_of_path(read_path(tokens, at));
    const Kind kind = knows_ctx ? named : Kind::kCredential;
    if (kind != Kind::kShown)
      hidden_.push_back({token.offset, end_of(source, tokens[at - 1]), kind});
  }
}

ExpressionDisclosure::Kind ExpressionDisclosure::of(std::size_t begin, std::size_t end) const {
  const bool names_variable = std::ranges::any_of(
      variables_, [&](std::size_t offset) { return offset >= begin && offset < end; });
  Kind strongest = Kind::kShown;
  for (const Hidden& hidden : hidden_)
    if (names_variable || (hidden.begin < end && begin < hidden.end))
      strongest = std::max(strongest, hidden.kind);
  return strongest;
}

ScriptDisclosure::ScriptDisclosure(std::string_view source, const std::vector<RegoRead>& reads)
    : may_rename_(may_rename(source)) {
  for (const RegoRead& read : reads) {
    if (read.is_named) continue;
    std::vector<Step> path;
    for (const std::string& name : read.path) path.push_back({true, name});
    strongest_ = std::max(strongest_, kind_of_input(path));
  }
}

ScriptDisclosure::Kind ScriptDisclosure::of(std::string_view part) const {
  const std::vector<Token> tokens = tokens_of(part);
  std::size_t at = 1;
  const bool is_input = !may_rename_ && !tokens.empty() && tokens[0].text == "input" &&
                        end_of(part, tokens.back()) == part.size();
  if (!is_input) return strongest_;
  const std::vector<Step> path = read_path(tokens, at);
  const bool is_whole = at == tokens.size() && std::ranges::all_of(path, &Step::is_known);
  return is_whole ? kind_of_input(path) : strongest_;
}

}  // namespace policy
