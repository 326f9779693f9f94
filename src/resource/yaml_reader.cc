#include "resource/yaml_reader.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <sstream>
#include <unordered_map>

namespace resource {
namespace {

constexpr std::string_view kCoreTag = "tag:yaml.org,2002:";

// Leaves the parser of the library; caught in read_yaml.
struct Refused {
  SyntaxError error;
};

// Whether a quoted scalar, whose tag or anchor or opening quote `text` begins with, has its other
// quote: the library takes the end of the file for one. True for scalars without quotes.
bool is_closed(std::string_view text) {
  while (text.starts_with('!') || text.starts_with('&')) {
    text.remove_prefix(std::min(text.find_first_of(" \t\r\n"), text.size()));
    text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
  }
  if (!text.starts_with('"') && !text.starts_with('\'')) return true;
  const char quote = text[0];
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (quote == '"' && text[i] == '\\') {
      ++i;
    } else if (text[i] == quote) {
      // Two single quotes are one inside the text.
      if (quote == '"' || i + 1 == text.size() || text[i + 1] != quote) return true;
      ++i;
    }
  }
  return false;
}

// Builds the Tree from the library's events, depth first, with the open collections on a stack.
class Builder final : public YAML::EventHandler {
 public:
  Builder(std::string_view text, std::uint32_t first_line, const DecodeLimits& limits)
      : text_(text), first_line_(first_line), limits_(limits) {}

  Tree take() { return std::move(tree_); }

  Position at(const YAML::Mark& mark) const {
    if (mark.is_null()) return {first_line_, 1};
    return {first_line_ + static_cast<std::uint32_t>(mark.line),
            static_cast<std::uint32_t>(mark.column + 1)};
  }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1) {
      refuse(at(mark), R"(text after the end of the document; separate documents with "---")");
    }
  }
  void OnDocumentEnd() override {}
  void OnAnchor(const YAML::Mark&, const std::string&) override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (expects_key()) refuse(at(mark), "a key must be text; this one is empty or null");
    add(make(Node::Type::kNull, mark, anchor));
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) refuse(at(mark), "this alias has no anchor");
    const Node& node = *found->second;
    if (node.height == 0) refuse(at(mark), "this alias stands for a value that contains it");
    if (expects_key()) {
      if (node.is_collection()) refuse(at(mark), "a key must be text, not a mapping or a list");
      set_key(mark, node.text, true);
    } else {
      attach(node);
    }
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    if (tag != "?" && !is_closed(text_.substr(static_cast<std::size_t>(mark.pos)))) {
      refuse(at(mark), "malformed YAML: a quoted text is not closed");
    }
    if (expects_key()) {
      set_key(mark, value, tag == "!");
      if (anchor != 0) {
        Node& node = make(Node::Type::kString, mark, anchor);
        node.text = value;
        finish(node);
      }
      return;
    }
    Node& node = make(scalar_type(mark, tag, value), mark, anchor);
    if (node.type != Node::Type::kNull) node.text = value;
    add(node);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(Node::Type::kSequence, mark, tag, "seq", anchor);
  }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(Node::Type::kMap, mark, tag, "map", anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapEnd() override { close(); }

 private:
  struct Open {
    Node* node;
    bool has_key = false;
  };

  [[noreturn]] static void refuse(Position position, std::string message) {
    throw Refused{{position, std::move(message)}};
  }

  bool expects_key() const {
    return !stack_.empty() && stack_.back().node->type == Node::Type::kMap &&
           !stack_.back().has_key;
  }

  Node& make(Node::Type type, const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (tree_.size() >= limits_.nodes) {
      refuse(at(mark), fmt::format("more than {} values in one document", limits_.nodes));
    }
    Node& node = tree_.make(type, at(mark));
    if (anchor != 0) anchors_[anchor] = &node;
    return node;
  }

  void set_key(const YAML::Mark& mark, const std::string& key, bool quoted) {
    if (key == "<<" && !quoted) {
      refuse(at(mark), R"(merge keys ("<<") are not supported; write the fields out)");
    }
    stack_.back().node->entries.push_back({key, at(mark), nullptr});
    stack_.back().has_key = true;
  }

  void finish(Node& node) {
    if (auto done = complete(node, limits_); !done) throw Refused{std::move(done).error()};
  }

  void add(Node& node) {
    finish(node);
    attach(node);
  }

  void attach(const Node& node) {
    if (stack_.empty()) {
      tree_.root = &node;
    } else if (Open& parent = stack_.back(); parent.node->type == Node::Type::kSequence) {
      parent.node->items.push_back(&node);
    } else {
      parent.node->entries.back().value = &node;
      parent.has_key = false;
    }
  }

  void open(Node::Type type, const YAML::Mark& mark, const std::string& tag,
            std::string_view core_name, YAML::anchor_t anchor) {
    if (expects_key()) refuse(at(mark), "a key must be text, not a mapping or a list");
    const bool plain = tag.empty() || tag == "?" || tag == "!";
    if (!plain && tag != fmt::format("{}{}", kCoreTag, core_name)) {
      refuse(at(mark), "this tag is not supported");
    }
    if (stack_.size() >= limits_.depth) {
      refuse(at(mark), fmt::format("nested deeper than {} levels", limits_.depth));
    }
    stack_.push_back({&make(type, mark, anchor)});
  }

  void close() {
    Node& node = *stack_.back().node;
    stack_.pop_back();
    add(node);
  }

  Node::Type scalar_type(const YAML::Mark& mark, const std::string& tag,
                         const std::string& value) const {
    if (tag == "?" || tag.empty()) return plain_type(value);
    if (tag == "!") return Node::Type::kString;
    std::string_view name = tag;
    if (name.starts_with(kCoreTag)) {
      name.remove_prefix(kCoreTag.size());
      if (name == "str" || name == "binary" || name == "timestamp") return Node::Type::kString;
      if (name == "int" || name == "float" || name == "bool" || name == "null") {
        return plain_type(value);
      }
    }
    refuse(at(mark), "this tag is not supported");
  }

  std::string_view text_;
  std::uint32_t first_line_;
  const DecodeLimits& limits_;
  Tree tree_;
  std::vector<Open> stack_;
  std::unordered_map<YAML::anchor_t, const Node*> anchors_;
  int documents_ = 0;
};

}  // namespace

ReadResult read_yaml(std::string_view text, std::uint32_t first_line, const DecodeLimits& limits) {
  Builder builder(text, first_line, limits);
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
    return builder.take();
  } catch (Refused& refused) {
    return std::unexpected(std::move(refused.error));
  } catch (const YAML::Exception& error) {
    return std::unexpected(
        SyntaxError{builder.at(error.mark), fmt::format("malformed YAML: {}", error.msg)});
  } catch (const std::exception& error) {
    return std::unexpected(
        SyntaxError{{first_line, 1}, fmt::format("malformed YAML: {}", error.what())});
  }
}

}  // namespace resource
