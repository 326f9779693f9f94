#include "resource/json_writer.h"

#include "base/encoding.h"
#include "resource/message_tree.h"

namespace resource {
namespace {

constexpr int kIndent = 4;

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  base::append_json_escaped(out, text);
  out += '"';
}

void append_break(std::string& out, JsonStyle style, int indent) {
  if (style == JsonStyle::kCompact) return;
  out += '\n';
  out.append(static_cast<std::size_t>(indent), ' ');
}

}  // namespace

void append_json(std::string& out, const Node& node, JsonStyle style, int indent) {
  const int inner = indent + kIndent;
  switch (node.type) {
    case Node::Type::kNull:
      out += "null";
      return;
    case Node::Type::kBool:
    case Node::Type::kNumber:
      out += node.text;
      return;
    case Node::Type::kString:
      append_quoted(out, node.text);
      return;
    case Node::Type::kSequence:
      out += '[';
      for (std::size_t i = 0; i < node.items.size(); ++i) {
        if (i > 0) out += ',';
        append_break(out, style, inner);
        append_json(out, *node.items[i], style, inner);
      }
      if (!node.items.empty()) append_break(out, style, indent);
      out += ']';
      return;
    case Node::Type::kMap:
      out += '{';
      for (std::size_t i = 0; i < node.entries.size(); ++i) {
        if (i > 0) out += ',';
        append_break(out, style, inner);
        append_quoted(out, node.entries[i].key);
        out += style == JsonStyle::kCompact ? ":" : ": ";
        append_json(out, *node.entries[i].value, style, inner);
      }
      if (!node.entries.empty()) append_break(out, style, indent);
      out += '}';
      return;
  }
}

std::string to_json(const Message& message, JsonStyle style) {
  Tree tree;
  std::string out;
  append_json(out, to_node(message, tree), style);
  return out;
}

}  // namespace resource
