#include "resource/syntax.h"

#include <re2/re2.h>

#include <algorithm>

#include <fmt/format.h>

namespace resource {

const Node::Entry* Node::find(std::string_view key) const {
  const auto found = std::ranges::find(entries, key, &Entry::key);
  return found == entries.end() ? nullptr : &*found;
}

std::expected<void, SyntaxError> complete(Node& node, const DecodeLimits& limits) {
  node.height = 1;
  node.weight = 1;
  node.text_bytes = node.text.size();
  const auto add = [&node](const Node& child) {
    node.height = std::max(node.height, child.height + 1);
    node.weight += child.weight;
    node.text_bytes += child.text_bytes;
  };
  for (const Node* child : node.items) add(*child);
  for (const Node::Entry& entry : node.entries) {
    add(*entry.value);
    node.text_bytes += entry.key.size();
  }
  const auto fail = [&node](std::string text) {
    return std::unexpected(SyntaxError{node.position, std::move(text)});
  };
  if (node.height > limits.depth + 1) {
    return fail(fmt::format("nested deeper than {} levels", limits.depth));
  }
  if (node.weight > limits.nodes) {
    return fail(
        fmt::format("more than {} values in one document, aliases written out", limits.nodes));
  }
  if (node.text_bytes > limits.text_bytes) {
    return fail(fmt::format("more than {} bytes of text in one document, aliases written out",
                            limits.text_bytes));
  }
  return {};
}

Node::Type plain_type(std::string_view text) {
  static const RE2 kNumber(R"([-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?)"
                           R"(|0o[0-7]+|0x[0-9a-fA-F]+|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))");
  if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") {
    return Node::Type::kNull;
  }
  for (const std::string_view word : {"true", "True", "TRUE", "false", "False", "FALSE"}) {
    if (text == word) return Node::Type::kBool;
  }
  return RE2::FullMatch(re2::StringPiece(text.data(), text.size()), kNumber) ? Node::Type::kNumber
                                                                             : Node::Type::kString;
}

namespace {

// The length of the UTF-8 sequence at `at`, 0 if there is none (RFC 3629: shortest form, no
// surrogates, at most U+10FFFF).
std::size_t utf8_length(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) {
    return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0u;
  };
  const auto is_tail = [&](std::size_t i) { return (byte(i) & 0xC0u) == 0x80u; };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return is_tail(1) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    if (!is_tail(1) || !is_tail(2)) return 0;
    if (lead == 0xE0 && byte(1) < 0xA0) return 0;
    if (lead == 0xED && byte(1) > 0x9F) return 0;
    return 3;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    if (!is_tail(1) || !is_tail(2) || !is_tail(3)) return 0;
    if (lead == 0xF0 && byte(1) < 0x90) return 0;
    if (lead == 0xF4 && byte(1) > 0x8F) return 0;
    return 4;
  }
  return 0;
}

}  // namespace

std::size_t find_illegal_byte(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c < 0x20 && c != '\t' && c != '\n' && c != '\r') return i;
    if (c == 0x7F) return i;
    const std::size_t length = utf8_length(text, i);
    if (length == 0) return i;
    i += length;
  }
  return std::string_view::npos;
}

Position position_of(std::string_view text, std::size_t offset, std::uint32_t first_line) {
  const std::string_view before = text.substr(0, offset);
  const auto line = static_cast<std::uint32_t>(std::ranges::count(before, '\n'));
  const std::size_t start = before.rfind('\n');
  const std::size_t column = start == std::string_view::npos ? offset : offset - start - 1;
  return {first_line + line, static_cast<std::uint32_t>(column + 1)};
}

}  // namespace resource
