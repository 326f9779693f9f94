#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace cel {

// A fault in an expression, before it is put into words for an operator.
struct Problem {
  std::uint32_t offset = 0;  // in bytes
  std::string message;
};

struct LineColumn {
  std::size_t line = 1;
  std::size_t column = 1;  // in characters
  std::string_view text;   // of the line
};

LineColumn locate(std::string_view source, std::size_t offset);

// "1:23: message", the source line, and a caret under the column. Long lines are cut to a window
// around the column.
std::string render(std::string_view source, const Problem& problem);

// `text` as a message can show it: on one line, well-formed.
std::string printable(std::string_view text);

// The first `bytes` of well-formed `text`, or as many less as end with a whole character.
std::string_view head(std::string_view text, std::size_t bytes);

// Whether `text` is well-formed UTF-8 (no surrogates, nothing above U+10FFFF, no overlong forms).
bool is_utf8(std::string_view text);

// Appends a code point; it is a scalar value.
void append_utf8(std::string& out, char32_t code_point);

// Reads the code point at `position` of well-formed text and moves past it; a malformed byte reads
// as U+FFFD and is one byte long.
char32_t next_utf8(std::string_view text, std::size_t& position);

}  // namespace cel
