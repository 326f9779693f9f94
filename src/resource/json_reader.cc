#include "resource/json_reader.h"

#include <fmt/format.h>

namespace resource {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

void append_utf8(std::string& out, unsigned code) {
  const auto push = [&out](unsigned byte) { out.push_back(static_cast<char>(byte)); };
  if (code < 0x80) {
    push(code);
  } else if (code < 0x800) {
    push(0xC0u | code >> 6);
    push(0x80u | (code & 0x3Fu));
  } else if (code < 0x10000) {
    push(0xE0u | code >> 12);
    push(0x80u | (code >> 6 & 0x3Fu));
    push(0x80u | (code & 0x3Fu));
  } else {
    push(0xF0u | code >> 18);
    push(0x80u | (code >> 12 & 0x3Fu));
    push(0x80u | (code >> 6 & 0x3Fu));
    push(0x80u | (code & 0x3Fu));
  }
}

// Recursive descent; every method returns false once error_ is set.
class Reader {
 public:
  Reader(std::string_view text, std::uint32_t first_line, const DecodeLimits& limits)
      : text_(text), line_(first_line), limits_(limits) {}

  ReadResult read() {
    skip_space();
    if (at_ < text_.size()) {
      tree_.root = value(1);
      skip_space();
      if (tree_.root != nullptr && at_ < text_.size()) {
        fail("text after the end of the document");
        tree_.root = nullptr;
      }
      if (tree_.root == nullptr) return std::unexpected(std::move(error_));
    }
    return std::move(tree_);
  }

 private:
  Position here() const { return {line_, static_cast<std::uint32_t>(at_ - line_start_ + 1)}; }

  std::nullptr_t fail(std::string_view message) {
    error_ = {here(), fmt::format("malformed JSON: {}", message)};
    return nullptr;
  }

  bool has(char c) const { return at_ < text_.size() && text_[at_] == c; }

  void skip_space() {
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == '\n') {
        ++line_;
        line_start_ = at_ + 1;
      } else if (c != ' ' && c != '\t' && c != '\r') {
        return;
      }
    }
  }

  const Node* value(std::size_t depth) {
    if (at_ >= text_.size()) return fail("the text ends where a value should be");
    if (tree_.size() >= limits_.nodes) {
      error_ = {here(), fmt::format("more than {} values in one document", limits_.nodes)};
      return nullptr;
    }
    Node& node = tree_.make(Node::Type::kNull, here());
    const char c = text_[at_];
    bool good = false;
    if (c == '{' || c == '[') {
      if (depth > limits_.depth) {
        error_ = {here(), fmt::format("nested deeper than {} levels", limits_.depth)};
        return nullptr;
      }
      good = c == '{' ? object(node, depth) : array(node, depth);
    } else if (c == '"') {
      node.type = Node::Type::kString;
      good = string(node.text);
    } else if (c == '-' || is_digit(c)) {
      node.type = Node::Type::kNumber;
      good = number(node.text);
    } else {
      good = word(node);
    }
    if (!good) return nullptr;
    if (auto done = complete(node, limits_); !done) {
      error_ = std::move(done).error();
      return nullptr;
    }
    return &node;
  }

  bool word(Node& node) {
    for (const std::string_view name : {"null", "true", "false"}) {
      if (!text_.substr(at_).starts_with(name)) continue;
      at_ += name.size();
      if (name != "null") {
        node.type = Node::Type::kBool;
        node.text = name;
      }
      return true;
    }
    fail("expected a value");
    return false;
  }

  bool object(Node& node, std::size_t depth) {
    node.type = Node::Type::kMap;
    ++at_;
    skip_space();
    if (has('}')) return ++at_, true;
    for (;;) {
      skip_space();
      if (!has('"')) return fail("expected a key in double quotes"), false;
      Node::Entry entry{.key = {}, .position = here()};
      if (!string(entry.key)) return false;
      skip_space();
      if (!has(':')) return fail("expected ':' after the key"), false;
      ++at_;
      skip_space();
      entry.value = value(depth + 1);
      if (entry.value == nullptr) return false;
      node.entries.push_back(std::move(entry));
      skip_space();
      if (has('}')) return ++at_, true;
      if (!has(',')) return fail("expected ',' or '}'"), false;
      ++at_;
    }
  }

  bool array(Node& node, std::size_t depth) {
    node.type = Node::Type::kSequence;
    ++at_;
    skip_space();
    if (has(']')) return ++at_, true;
    for (;;) {
      skip_space();
      const Node* item = value(depth + 1);
      if (item == nullptr) return false;
      node.items.push_back(item);
      skip_space();
      if (has(']')) return ++at_, true;
      if (!has(',')) return fail("expected ',' or ']'"), false;
      ++at_;
    }
  }

  bool number(std::string& out) {
    const std::size_t start = at_;
    const auto digits = [this] {
      const std::size_t first = at_;
      while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
      return at_ > first;
    };
    if (has('-')) ++at_;
    if (has('0')) {
      ++at_;
      if (at_ < text_.size() && is_digit(text_[at_])) {
        return fail("a number must not begin with 0"), false;
      }
    } else if (!digits()) {
      return fail("expected a digit"), false;
    }
    if (has('.')) {
      ++at_;
      if (!digits()) return fail("expected a digit after the point"), false;
    }
    if (has('e') || has('E')) {
      ++at_;
      if (has('+') || has('-')) ++at_;
      if (!digits()) return fail("expected a digit in the exponent"), false;
    }
    out = text_.substr(start, at_ - start);
    return true;
  }

  bool string(std::string& out) {
    for (++at_; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == '"') return ++at_, true;
      if (static_cast<unsigned char>(c) < 0x20) {
        return fail("a line break or tab inside a string must be escaped"), false;
      }
      if (c != '\\') {
        out.push_back(c);
      } else if (!escape(out)) {
        return false;
      }
    }
    return fail("a string is not closed"), false;
  }

  // At the backslash; leaves at_ on the last character of the escape.
  bool escape(std::string& out) {
    constexpr std::string_view kNames = "\"\\/bfnrt";
    constexpr std::string_view kBytes = "\"\\/\b\f\n\r\t";
    if (at_ + 1 >= text_.size()) return fail("a string is not closed"), false;
    const char name = text_[++at_];
    if (const std::size_t i = kNames.find(name); i != std::string_view::npos) {
      out.push_back(kBytes[i]);
      return true;
    }
    unsigned code = 0;
    if (name != 'u') return fail("unknown escape in a string"), false;
    if (!hex4(code)) return false;
    if (code >= 0xD800 && code < 0xDC00) {
      unsigned low = 0;
      if (!text_.substr(at_ + 1).starts_with("\\u")) return fail("half a surrogate pair"), false;
      at_ += 2;
      if (!hex4(low)) return false;
      if (low < 0xDC00 || low > 0xDFFF) return fail("half a surrogate pair"), false;
      code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    } else if (code >= 0xDC00 && code <= 0xDFFF) {
      return fail("half a surrogate pair"), false;
    }
    append_utf8(out, code);
    return true;
  }

  // The four digits after at_; leaves at_ on the last.
  bool hex4(unsigned& code) {
    code = 0;
    for (int i = 0; i < 4; ++i) {
      ++at_;
      const char c = at_ < text_.size() ? text_[at_] : '"';
      unsigned digit = 0;
      if (is_digit(c)) {
        digit = static_cast<unsigned>(c - '0');
      } else if ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')) {
        digit = static_cast<unsigned>((c | 0x20) - 'a') + 10;
      } else {
        return fail("expected four hexadecimal digits"), false;
      }
      code = code << 4 | digit;
    }
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t line_start_ = 0;
  std::uint32_t line_;
  const DecodeLimits& limits_;
  Tree tree_;
  SyntaxError error_;
};

}  // namespace

ReadResult read_json(std::string_view text, std::uint32_t first_line, const DecodeLimits& limits) {
  return Reader(text, first_line, limits).read();
}

}  // namespace resource
