#pragma once

#include <cstdint>
#include <deque>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "resource/document.h"
#include "resource/position.h"

namespace resource {

// One value of a YAML or JSON document before it is known what it should be. `text` is the content
// of a string, the spelling of a number, "true" or "false". Children belong to the Tree; with YAML
// aliases one node may have several parents.
struct Node {
  enum class Type : std::uint8_t { kNull, kBool, kNumber, kString, kSequence, kMap };
  struct Entry {
    std::string key;
    Position position;  // of the key
    const Node* value = nullptr;
  };

  Type type = Type::kNull;
  Position position;
  std::string text;
  std::vector<const Node*> items;
  std::vector<Entry> entries;  // in the order of the file, repeated keys included

  // With every alias written out: levels of nesting, number of nodes, bytes of text. Set when the
  // node is complete, height 0 before.
  std::uint32_t height = 0;
  std::uint64_t weight = 0;
  std::uint64_t text_bytes = 0;

  bool is_collection() const { return type == Type::kSequence || type == Type::kMap; }
  const Entry* find(std::string_view key) const;
};

// Owns the nodes of one document. Nodes do not move.
class Tree {
 public:
  Node& make(Node::Type type, Position position) {
    Node& node = nodes_.emplace_back();
    node.type = type;
    node.position = position;
    return node;
  }
  std::size_t size() const { return nodes_.size(); }

  const Node* root = nullptr;  // nullptr for a document without content

 private:
  std::deque<Node> nodes_;
};

struct SyntaxError {
  Position position;
  std::string message;
};

using ReadResult = std::expected<Tree, SyntaxError>;

// Sets height, weight and text_bytes of a node whose children are complete. The error, if any, is
// that a limit is passed.
std::expected<void, SyntaxError> complete(Node& node, const DecodeLimits& limits);

// What a YAML plain scalar means: null, true, false or a number by the core schema of YAML 1.2,
// any other text is a string ("yes" and "on" too).
Node::Type plain_type(std::string_view text);

// The first byte of `text` that cannot stand in a document: bad UTF-8 or a control character.
// npos if there is none.
std::size_t find_illegal_byte(std::string_view text);

// The place of byte `offset` of `text`, whose first line has number `first_line`.
Position position_of(std::string_view text, std::size_t offset, std::uint32_t first_line);

}  // namespace resource
