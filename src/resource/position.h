#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace resource {

// A place in a file a person wrote. Lines and columns count from 1, columns in bytes; line 0 says
// that the place is not known.
struct Position {
  std::uint32_t line = 0;
  std::uint32_t column = 0;

  auto operator<=>(const Position&) const = default;
};

// One thing that is wrong with a file. `path` is the field as the schema spells it
// ("spec.dynamicConfig.rules[1].configName"), empty when no field is meant.
struct Diagnostic {
  std::string file;
  Position position;
  std::string path;
  std::string message;

  bool operator==(const Diagnostic&) const = default;
};

// "file:line:column: path: message", without the parts that are not known.
std::string to_string(const Diagnostic& diagnostic);

// Where each field of a decoded message stands in its file, so that an error found later (by
// validation, or by the server) can be shown at the line that caused it. Keys are paths as in
// Diagnostic; a field reached through an alias is found under its own name.
class PositionMap {
 public:
  void add(std::string path, Position position) { positions_.emplace(std::move(path), position); }

  // The place of `path`, or of its nearest ancestor that the file has: a missing field is shown
  // where it would have been written.
  Position find(std::string_view path) const;

 private:
  std::map<std::string, Position, std::less<>> positions_;
};

// The path without its last step; empty for a path of one step.
std::string_view parent_path(std::string_view path);

// The step that leads to an entry of a map: `["key"]`, with long keys cut.
std::string map_step(std::string_view key);

}  // namespace resource
