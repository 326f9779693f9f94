#include <algorithm>

#include "base/encoding.h"
#include "resource/json.h"
#include "resource/message_tree.h"

namespace resource {
namespace {

constexpr std::size_t kIndent = 2;
constexpr std::size_t kMaxPlainKey = 500;  // readers look for the colon within 1024 characters

// Characters that need an escape: controls, and the line and byte order marks of Unicode.
bool has_special(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if ((c < 0x20 && c != '\n') || c == 0x7F) return true;
    if (c == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0) {
      return true;
    }
    const std::string_view rest = text.substr(i, 3);
    if (rest == "\xE2\x80\xA8" || rest == "\xE2\x80\xA9" || rest == "\xEF\xBB\xBF") return true;
  }
  return false;
}

// Words that older readers of YAML take for booleans.
bool is_old_boolean(std::string_view text) {
  constexpr std::string_view kWords[] = {"y", "n", "yes", "no", "on", "off", "true", "false"};
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  return std::ranges::find(kWords, lower) != std::end(kWords);
}

// Deliberately narrow: what looks the least like anything else may stand without quotes.
bool is_plain(std::string_view text) {
  if (plain_type(text) != Node::Type::kString || is_old_boolean(text)) return false;
  if (text.find_first_of("0123456789+-.?:,[]{}#&*!|>'\"%@`~<= \t") == 0) return false;
  if (text.ends_with(' ') || text.ends_with(':') || text.ends_with('\t')) return false;
  if (text.find(": ") != std::string_view::npos || text.find(" #") != std::string_view::npos) {
    return false;
  }
  return text.find_first_of("\n\t") == std::string_view::npos && !has_special(text);
}

// A literal block keeps the lines of a script or schema readable.
bool is_block(std::string_view text) {
  const std::size_t newline = text.find('\n');
  if (newline == std::string_view::npos || has_special(text)) return false;
  if (text[0] == ' ' || text[0] == '\n' || text.ends_with("\n\n") || text.ends_with(' ')) {
    return false;
  }
  return text.find(" \n") == std::string_view::npos;
}

class YamlWriter {
 public:
  std::string take() { return std::move(out_); }

  void document(const Node& node) {
    if (is_empty(node) || !node.is_collection()) {
      inline_value(node, 0);
      out_ += '\n';
    } else {
      collection(node, 0);
    }
  }

 private:
  static bool is_empty(const Node& node) { return node.items.empty() && node.entries.empty(); }

  void indent(std::size_t columns) { out_.append(columns, ' '); }

  void quoted(std::string_view text) {
    std::string escaped;
    base::append_json_escaped(escaped, text);
    out_ += '"';
    // What JSON leaves bare and YAML does not.
    for (std::size_t i = 0; i < escaped.size(); ++i) {
      const auto c = static_cast<unsigned char>(escaped[i]);
      const std::string_view rest = std::string_view(escaped).substr(i, 3);
      if (c == 0x7F) {
        out_ += "\\x7f";
      } else if (c == 0xC2 && static_cast<unsigned char>(escaped[i + 1]) < 0xA0) {
        out_ += "\\x" + base::hex_encode(std::string_view(escaped).substr(i + 1, 1));
        ++i;
      } else if (rest == "\xE2\x80\xA8" || rest == "\xE2\x80\xA9" || rest == "\xEF\xBB\xBF") {
        out_ += rest == "\xE2\x80\xA8" ? "\\u2028" : rest == "\xE2\x80\xA9" ? "\\u2029" : "\\ufeff";
        i += 2;
      } else {
        out_ += escaped[i];
      }
    }
    out_ += '"';
  }

  void text(std::string_view text) {
    if (is_plain(text)) {
      out_ += text;
    } else {
      quoted(text);
    }
  }

  void block(std::string_view text, std::size_t columns) {
    out_ += text.ends_with('\n') ? "|" : "|-";
    while (!text.empty()) {
      const std::size_t newline = text.find('\n');
      const std::string_view line = text.substr(0, newline);
      out_ += '\n';
      if (!line.empty()) indent(columns);
      out_ += line;
      text.remove_prefix(newline == std::string_view::npos ? text.size() : newline + 1);
    }
  }

  // A scalar or an empty collection, after a key or a dash; `columns` is where a block would stand.
  void inline_value(const Node& node, std::size_t columns) {
    switch (node.type) {
      case Node::Type::kNull:
        out_ += "null";
        return;
      case Node::Type::kBool:
      case Node::Type::kNumber:
        out_ += node.text;
        return;
      case Node::Type::kSequence:
        out_ += "[]";
        return;
      case Node::Type::kMap:
        out_ += "{}";
        return;
      case Node::Type::kString:
        break;
    }
    if (columns > 0 && is_block(node.text)) {
      block(node.text, columns);
    } else {
      text(node.text);
    }
  }

  // The value of a key: on the same line, or as an indented collection below it.
  void after_key(const Node& node, std::size_t columns) {
    if (!node.is_collection() || is_empty(node)) {
      out_ += ' ';
      inline_value(node, columns + kIndent);
      out_ += '\n';
    } else {
      out_ += '\n';
      collection(node, columns + kIndent);
    }
  }

  // Starts at the beginning of a line.
  void collection(const Node& node, std::size_t columns) {
    for (const Node* item : node.items) {
      indent(columns);
      out_ += '-';
      item_value(*item, columns);
    }
    for (const Node::Entry& entry : node.entries) {
      indent(columns);
      key(entry, columns);
    }
  }

  void key(const Node::Entry& entry, std::size_t columns) {
    if (entry.key.size() > kMaxPlainKey) {
      out_ += "? ";
      quoted(entry.key);
      out_ += '\n';
      indent(columns);
      out_ += ':';
    } else {
      text(entry.key);
      out_ += ':';
    }
    after_key(*entry.value, columns);
  }

  // A mapping inside a list begins on the line of its dash.
  void item_value(const Node& item, std::size_t columns) {
    if (item.type != Node::Type::kMap || item.entries.empty()) {
      after_key(item, columns);
      return;
    }
    out_ += ' ';
    const std::size_t inner = columns + kIndent;
    for (std::size_t i = 0; i < item.entries.size(); ++i) {
      if (i > 0) indent(inner);
      key(item.entries[i], inner);
    }
  }

  std::string out_;
};

}  // namespace

std::string to_yaml(const Message& message) {
  Tree tree;
  YamlWriter writer;
  writer.document(to_node(message, tree));
  return writer.take();
}

}  // namespace resource
