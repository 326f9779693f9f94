#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "resource/kind.h"
#include "resource/position.h"
#include "resource/problem.h"

namespace resource {

// What a file may cost before it is refused. Anchors and aliases count as if written out.
struct DecodeLimits {
  std::size_t file_bytes = 16u << 20;
  std::size_t document_bytes = 1u << 20;
  std::size_t documents = 10'000;
  std::size_t depth = 64;             // mappings and lists inside one another
  std::size_t nodes = 100'000;        // scalars, lists and mappings of one document
  std::size_t text_bytes = 4u << 20;  // of all scalars of one document
  std::size_t problems = 50;          // reported; the rest is counted
};

// One resource as a file describes it. Nothing is filled in or validated beyond its shape.
struct Document {
  Kind kind;
  std::unique_ptr<Message> message;
  std::string file;
  Position position;  // where the document begins
  PositionMap positions;

  // `message` at the place of `path`.
  Diagnostic diagnose(std::string path, std::string text) const;
};

// All that could be decoded, and all that was wrong. Whoever acts on `documents` looks at
// `problems` first: a document with a problem is not among them, so half a file may be missing.
struct Decoded {
  std::vector<Document> documents;
  std::vector<Diagnostic> problems;
};

// Reads YAML documents separated by `---`, or JSON (each document on its own may be either). A list
// of resources, as `get -o yaml` prints it, counts as its items. `file` is only for messages; a
// name that ends in ".json" makes everything but JSON an error.
//
// The mapping is that of proto3 JSON, read strictly: unknown fields and enum names, repeated keys,
// two members of a oneof and values of another type are problems. The aliases are in alias.h.
Decoded decode(std::string_view text, std::string_view file, const DecodeLimits& limits = {});

// The same for callers that want everything or one error with all problems, a line each.
base::Result<std::vector<Document>> decode_all(std::string_view text,
                                               std::string_view file = "input");

// Reads one YAML or JSON document into a message of any type; no `kind` is needed.
base::Result<void> decode_into(std::string_view text, Message& message);

// The same for a JSON object that a program made: what is wrong is told by path, without lines.
std::vector<Problem> decode_json(std::string_view json, const DecodeLimits& limits,
                                 Message& message);

}  // namespace resource
