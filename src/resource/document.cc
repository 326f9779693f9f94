#include "resource/document.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/suggest.h"
#include "resource/json_reader.h"
#include "resource/message_decoder.h"
#include "resource/yaml_reader.h"

namespace resource {
namespace {

// A part of a file that holds at most one document.
struct Chunk {
  std::string_view text;
  std::uint32_t first_line;
};

bool is_marker(std::string_view line, std::string_view marker) {
  return line.starts_with(marker) &&
         (line.size() == 3 || line[3] == ' ' || line[3] == '\t' || line[3] == '\r');
}

// Blank, a comment or a directive: may stand before the `---` of its document.
bool is_prologue(std::string_view line) {
  const std::size_t first = line.find_first_not_of(" \t\r");
  return first == std::string_view::npos || line[first] == '#' || line[0] == '%';
}

// Cuts where YAML's markers stand at the start of a line, which is nowhere inside a document. So
// one malformed document does not hide the others, and the limits hold for each.
std::vector<Chunk> split(std::string_view text) {
  std::vector<Chunk> chunks;
  std::size_t start = 0;
  std::uint32_t line_number = 1, start_line = 1;
  bool only_prologue = true;
  const auto cut = [&](std::size_t at, std::uint32_t line) {
    if (at > start) chunks.push_back({text.substr(start, at - start), start_line});
    start = at;
    start_line = line;
    only_prologue = true;
  };
  for (std::size_t at = 0; at < text.size(); ++line_number) {
    const std::size_t newline = text.find('\n', at);
    const std::size_t next = newline == std::string_view::npos ? text.size() : newline + 1;
    const std::string_view line =
        text.substr(at, (newline == std::string_view::npos ? next : newline) - at);
    if (is_marker(line, "...")) {
      cut(next, line_number + 1);
    } else if (is_marker(line, "---")) {
      if (!only_prologue) cut(at, line_number);
      only_prologue = false;
    } else if (!is_prologue(line)) {
      only_prologue = false;
    }
    at = next;
  }
  cut(text.size(), line_number);
  return chunks;
}

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

// The chunk without a `---` line of its own, for the JSON reader.
Chunk without_marker(Chunk chunk) {
  while (!chunk.text.empty()) {
    const std::size_t newline = chunk.text.find('\n');
    const std::string_view line = chunk.text.substr(0, newline);
    if (!is_blank(line) && !(is_marker(line, "---") && is_blank(line.substr(3)))) break;
    chunk.text.remove_prefix(newline == std::string_view::npos ? chunk.text.size() : newline + 1);
    ++chunk.first_line;
  }
  return chunk;
}

ReadResult read(const Chunk& chunk, bool json_only, const DecodeLimits& limits) {
  if (const std::size_t bad = find_illegal_byte(chunk.text); bad != std::string_view::npos) {
    const bool control = static_cast<unsigned char>(chunk.text[bad]) < 0x80;
    return std::unexpected(SyntaxError{
        position_of(chunk.text, bad, chunk.first_line),
        control ? fmt::format("control character 0x{:02x}; write it as an escape in double quotes",
                              static_cast<unsigned>(chunk.text[bad]))
                : std::string("not UTF-8 text")});
  }
  if (chunk.text.size() > limits.document_bytes) {
    return std::unexpected(
        SyntaxError{{chunk.first_line, 1},
                    fmt::format("the document is larger than {} bytes", limits.document_bytes)});
  }
  const Chunk bare = without_marker(chunk);
  const std::size_t first = bare.text.find_first_not_of(" \t\r\n");
  const bool looks_like_json =
      first != std::string_view::npos && (bare.text[first] == '{' || bare.text[first] == '[');
  if (json_only || looks_like_json) {
    ReadResult json = read_json(bare.text, bare.first_line, limits);
    if (json || json_only) return json;
  }
  return read_yaml(chunk.text, chunk.first_line, limits);
}

std::vector<std::string_view> kind_names() {
  std::vector<std::string_view> names;
  for (const Kind kind : kAllKinds) {
    if (kind != Kind::kPolicyTrigger) names.push_back(kind_name(kind));
  }
  return names;
}

std::optional<Kind> read_kind(const Node& node, Problems& problems) {
  const Node::Entry* entry = node.find("kind");
  const std::vector<std::string_view> names = kind_names();
  if (entry == nullptr || entry->value->type == Node::Type::kNull) {
    problems.add(node.position, "kind", fmt::format("missing; one of {}", fmt::join(names, ", ")));
    return std::nullopt;
  }
  const auto text = read_string(*entry->value, Quote::kYes);
  if (!text) {
    problems.add(entry->value->position, "kind", text.error());
    return std::nullopt;
  }
  const std::optional<Kind> kind = parse_kind(*text);
  if (kind && *kind != Kind::kPolicyTrigger) return kind;
  const std::string_view near = base::nearest(*text, names);
  problems.add(entry->value->position, "kind",
               fmt::format("unknown kind {}; {}", describe(*entry->value, Quote::kYes).substr(9),
                           near.empty() ? fmt::format("one of {}", fmt::join(names, ", "))
                                        : fmt::format("did you mean \"{}\"?", near)));
  return std::nullopt;
}

// "ServiceList" with its items, as `get -o yaml` prints it.
const Node* items_of(const Node& node) {
  const Node::Entry* kind = node.find("kind");
  const Node::Entry* items = node.find("items");
  const bool is_list = kind != nullptr && kind->value->text.ends_with("List") && items != nullptr &&
                       items->value->type == Node::Type::kSequence;
  return is_list ? items->value : nullptr;
}

class FileDecoder {
 public:
  FileDecoder(std::string_view file, const DecodeLimits& limits)
      : file_(file), limits_(limits), problems_(file_, limits.problems) {}

  Decoded run(std::string_view text) {
    if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
    if (text.size() > limits_.file_bytes) {
      problems_.add({}, "", fmt::format("larger than {} bytes", limits_.file_bytes));
    } else {
      for (const Chunk& chunk : split(text)) {
        if (!decode_chunk(chunk)) break;
      }
    }
    return {std::move(documents_), problems_.take()};
  }

 private:
  // False when no more documents are taken.
  bool decode_chunk(const Chunk& chunk) {
    const bool json_only = file_.ends_with(".json");
    const ReadResult tree = read(chunk, json_only, limits_);
    if (!tree) {
      problems_.add(tree.error().position, "", tree.error().message);
      return true;
    }
    return tree->root == nullptr || decode_top(*tree->root);
  }

  bool decode_top(const Node& node) {
    if (node.type == Node::Type::kNull) return true;
    const Node* list = node.type == Node::Type::kSequence ? &node : items_of(node);
    if (list == nullptr) return decode_resource(node);
    return std::ranges::all_of(list->items,
                               [this](const Node* item) { return decode_resource(*item); });
  }

  bool decode_resource(const Node& node) {
    if (++count_ > limits_.documents) {
      problems_.add(node.position, "", fmt::format("more than {} documents", limits_.documents));
      return false;
    }
    if (node.type != Node::Type::kMap) {
      problems_.add(
          node.position, "",
          "expected a resource (a mapping with a kind), found " + describe(node, Quote::kYes));
      return true;
    }
    const std::size_t before = problems_.count();
    const std::optional<Kind> kind = read_kind(node, problems_);
    if (!kind) return true;
    Document document{*kind, make_message(*kind), file_, node.position, {}};
    document.positions.add("", node.position);
    MessageDecoder(problems_, document.positions).decode(node, *document.message);
    if (problems_.count() == before) documents_.push_back(std::move(document));
    return true;
  }

  std::string file_;
  const DecodeLimits& limits_;
  Problems problems_;
  std::vector<Document> documents_;
  std::size_t count_ = 0;
};

base::Error as_error(const std::vector<Diagnostic>& problems) {
  std::string text;
  for (const Diagnostic& problem : problems) {
    if (!text.empty()) text += '\n';
    text += to_string(problem);
  }
  return {.code = base::Code::kInvalidArgument,
          .source = base::Source::kDownstream,
          .reason = "document_malformed",
          .message = std::move(text)};
}

}  // namespace

Diagnostic Document::diagnose(std::string path, std::string text) const {
  const Position place = positions.find(path);
  return {file, place, std::move(path), std::move(text)};
}

Decoded decode(std::string_view text, std::string_view file, const DecodeLimits& limits) {
  return FileDecoder(file, limits).run(text);
}

base::Result<std::vector<Document>> decode_all(std::string_view text, std::string_view file) {
  Decoded decoded = decode(text, file);
  if (!decoded.problems.empty()) return std::unexpected(as_error(decoded.problems));
  return std::move(decoded.documents);
}

base::Result<void> decode_into(std::string_view text, Message& message) {
  const DecodeLimits limits;
  Problems problems("", limits.problems);
  const std::vector<Chunk> chunks = split(text);
  if (chunks.size() > 1) {
    return base::fail_invalid("document_malformed", "more than one document");
  }
  if (!chunks.empty()) {
    const ReadResult tree = read(chunks.front(), false, limits);
    PositionMap positions;
    if (!tree) {
      problems.add(tree.error().position, "", tree.error().message);
    } else if (tree->root != nullptr && tree->root->type != Node::Type::kNull) {
      MessageDecoder(problems, positions).decode(*tree->root, message);
    }
  }
  if (problems.count() > 0) return std::unexpected(as_error(problems.take()));
  return {};
}

std::vector<Problem> decode_json(std::string_view json, const DecodeLimits& limits,
                                 Message& message) {
  const ReadResult tree = read({json, 1}, true, limits);
  if (!tree) return {{.path = "", .message = tree.error().message}};
  if (tree->root == nullptr) return {{.path = "", .message = "expected a mapping, found nothing"}};
  Problems problems("", limits.problems);
  PositionMap positions;
  MessageDecoder(problems, positions).decode(*tree->root, message);
  std::vector<Problem> out;
  for (Diagnostic& each : problems.take())
    out.push_back({.path = std::move(each.path), .message = std::move(each.message)});
  return out;
}

}  // namespace resource
