#include "cel/source.h"

#include <fmt/format.h>

#include <algorithm>

namespace cel {
namespace {

constexpr std::size_t kWindow = 100;  // characters of a line that are shown

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80; }

// The code point at `position`, or nothing when the bytes are malformed.
bool decode(std::string_view text, std::size_t& position, char32_t& out) {
  const auto byte = [&](std::size_t i) -> unsigned {
    return static_cast<unsigned char>(text[position + i]);
  };
  const unsigned first = byte(0);
  if (first < 0x80) {
    out = first;
    ++position;
    return true;
  }
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() - position < length) return false;
  char32_t value = first & (0x7FU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0U) != 0x80) return false;
    value = (value << 6U) | (byte(i) & 0x3FU);
  }
  constexpr char32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  if (value < kSmallest[length] || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF))
    return false;
  out = value;
  position += length;
  return true;
}

}  // namespace

LineColumn locate(std::string_view source, std::size_t offset) {
  offset = std::min(offset, source.size());
  LineColumn at;
  std::size_t start = 0;
  for (std::size_t i = 0; i < offset; ++i) {
    if (source[i] != '\n') continue;
    ++at.line;
    start = i + 1;
  }
  for (std::size_t i = start; i < offset; ++i) at.column += is_continuation(source[i]) ? 0 : 1;
  at.text = source.substr(start, std::min(source.find('\n', start), source.size()) - start);
  return at;
}

std::string printable(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const char32_t c = next_utf8(text, i);
    append_utf8(out, c < 0x20 || c == 0x7F ? U' ' : c);
  }
  return out;
}

std::string_view head(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return text;
  while (bytes > 0 && is_continuation(text[bytes])) --bytes;
  return text.substr(0, bytes);
}

std::string render(std::string_view source, const Problem& problem) {
  const LineColumn at = locate(source, problem.offset);
  std::size_t column = at.column - 1;
  const std::size_t skipped = column > kWindow / 2 ? column - kWindow / 2 : 0;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < skipped && begin < at.text.size(); ++i) next_utf8(at.text, begin);
  std::size_t end = begin;
  for (std::size_t i = 0; i < kWindow && end < at.text.size(); ++i) next_utf8(at.text, end);
  column -= skipped;
  return fmt::format("{}:{}: {}\n {}\n {}^", at.line, at.column, printable(problem.message),
                     printable(at.text.substr(begin, end - begin)), std::string(column, ' '));
}

bool is_utf8(std::string_view text) {
  char32_t ignored = 0;
  for (std::size_t i = 0; i < text.size();)
    if (!decode(text, i, ignored)) return false;
  return true;
}

void append_utf8(std::string& out, char32_t c) {
  const auto put = [&](char32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xC0U | (c >> 6U));
    put(0x80U | (c & 0x3FU));
  } else if (c < 0x10000) {
    put(0xE0U | (c >> 12U));
    put(0x80U | ((c >> 6U) & 0x3FU));
    put(0x80U | (c & 0x3FU));
  } else {
    put(0xF0U | (c >> 18U));
    put(0x80U | ((c >> 12U) & 0x3FU));
    put(0x80U | ((c >> 6U) & 0x3FU));
    put(0x80U | (c & 0x3FU));
  }
}

char32_t next_utf8(std::string_view text, std::size_t& position) {
  char32_t c = 0xFFFD;
  if (!decode(text, position, c)) ++position;
  return c;
}

}  // namespace cel
