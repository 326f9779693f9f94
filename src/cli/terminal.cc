#include "cli/terminal.h"

#include <fmt/format.h>
#include <termios.h>
#include <unistd.h>

#include <iostream>

namespace cli {
namespace {

constexpr std::string_view kBold = "\x1b[1m";
constexpr std::string_view kBoldRed = "\x1b[1;31m";
constexpr std::string_view kBoldYellow = "\x1b[1;33m";
constexpr std::string_view kBoldCyan = "\x1b[1;36m";
constexpr std::string_view kReset = "\x1b[0m";

// Typed characters are not shown while this lives.
class Hidden {
 public:
  Hidden() {
    if (tcgetattr(STDIN_FILENO, &before_) != 0) return;
    termios quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    is_set_ = tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet) == 0;
  }
  Hidden(const Hidden&) = delete;
  Hidden& operator=(const Hidden&) = delete;
  ~Hidden() {
    if (is_set_) tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
  }

 private:
  termios before_{};
  bool is_set_ = false;
};

}  // namespace

Terminal Terminal::of_process(bool no_color) {
  return {std::cin,
          std::cout,
          std::cerr,
          {.out_is_screen = isatty(STDOUT_FILENO) == 1,
           .err_is_screen = isatty(STDERR_FILENO) == 1,
           .in_is_keyboard = isatty(STDIN_FILENO) == 1,
           .use_colours = !no_color}};
}

void Terminal::write(std::ostream& stream, bool is_screen, std::string_view colour,
                     std::string_view text) {
  progress("");
  const bool coloured = is_screen && traits_.use_colours && !colour.empty();
  stream << (coloured ? colour : "") << printable(text) << (coloured ? kReset : "") << '\n';
  stream.flush();
}

void Terminal::print(std::string_view text) {
  progress("");
  out_ << text;
  out_.flush();
}

void Terminal::line(std::string_view text) { write(out_, traits_.out_is_screen, kBold, text); }
void Terminal::success(std::string_view text) {
  write(out_, traits_.out_is_screen, kBoldCyan, text);
}
void Terminal::notice(std::string_view text) { write(err_, traits_.err_is_screen, kBold, text); }
void Terminal::warn(std::string_view text) {
  write(err_, traits_.err_is_screen, kBoldYellow, text);
}
void Terminal::error(std::string_view text) { write(err_, traits_.err_is_screen, kBoldRed, text); }

void Terminal::progress(std::string_view text) {
  if (!traits_.err_is_screen || (text.empty() && !has_progress_)) return;
  err_ << "\r\x1b[K" << printable(text);
  err_.flush();
  has_progress_ = !text.empty();
}

std::string Terminal::bold(std::string_view text) const {
  if (!traits_.out_is_screen || !traits_.use_colours) return std::string(text);
  return fmt::format("{}{}{}", kBold, text, kReset);
}

base::Result<base::Secret> Terminal::ask_secret(std::string_view question) {
  std::string text;
  if (traits_.in_is_keyboard) {
    err_ << question << ": ";
    err_.flush();
    const Hidden hidden;
    std::getline(in_, text);
    err_ << '\n';
  } else {
    std::getline(in_, text);
  }
  if (text.ends_with('\r')) text.pop_back();
  if (text.empty()) {
    return base::fail_invalid("no_value", "no value: give --value or --file, or type one");
  }
  return base::Secret(std::move(text));
}

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    const bool is_c1 =
        c == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0;
    if (is_c1) ++i;
    const bool hidden = (c < 0x20 && c != '\n' && c != '\t') || c == 0x7F || is_c1;
    out.push_back(hidden ? '?' : text[i]);
  }
  return out;
}

std::string describe(const base::Error& error) {
  if (error.source != base::Source::kUpstream) return error.message;
  std::string name;
  bool is_start = true;
  for (const char c : base::code_name(error.code)) {
    if (c == '_') {
      is_start = true;
      continue;
    }
    name.push_back(is_start || c < 'A' || c > 'Z' ? c : static_cast<char>(c + 32));
    is_start = false;
  }
  return fmt::format("gRPC error {}: {}", name, error.message);
}

}  // namespace cli
