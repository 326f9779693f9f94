#include "cli/table.h"

#include <algorithm>

#include "cli/terminal.h"

namespace cli {
namespace {

// Columns on the screen: characters, not bytes.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0u) != 0x80u; }));
}

std::string one_line(std::string_view text) {
  std::string out = printable(text);
  std::ranges::replace_if(out, [](char c) { return c == '\n' || c == '\t'; }, ' ');
  return out;
}

void append_rule(std::string& out, const std::vector<std::size_t>& widths, std::string_view left,
                 std::string_view middle, std::string_view right) {
  for (std::size_t i = 0; i < widths.size(); ++i) {
    out += i == 0 ? left : middle;
    for (std::size_t j = 0; j < widths[i] + 2; ++j) out += "─";
  }
  out += right;
  out += '\n';
}

}  // namespace

Table::Table(std::vector<std::string> head) : head_(std::move(head)) {
  for (std::string& cell : head_) {
    std::ranges::transform(cell, cell.begin(), [](char c) {
      return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
    });
  }
}

std::string Table::render() const {
  std::vector<std::size_t> widths;
  for (const std::string& cell : head_) widths.push_back(width_of(cell));
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < widths.size(); ++i) {
      widths[i] = std::max(widths[i], width_of(one_line(row[i])));
    }
  }
  std::string out;
  append_rule(out, widths, "┌", "┬", "┐");
  for (std::size_t i = 0; i < widths.size(); ++i) {
    const std::size_t space = widths[i] - width_of(head_[i]);
    out +=
        "│ " + std::string(space / 2, ' ') + head_[i] + std::string(space - space / 2, ' ') + " ";
  }
  out += "│\n";
  append_rule(out, widths, "├", "┼", "┤");
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < widths.size(); ++i) {
      const std::string cell = one_line(row[i]);
      out += "│ " + cell + std::string(widths[i] - width_of(cell), ' ') + " ";
    }
    out += "│\n";
  }
  append_rule(out, widths, "└", "┴", "┘");
  return out;
}

}  // namespace cli
