#pragma once

#include <iosfwd>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"

namespace cli {

// Where a command writes and asks. Results go to `out`, everything meant for a person's eyes only
// (errors, notices, progress) to `err`, so that output can be piped. Control bytes in text that
// came from elsewhere never reach the screen.
class Terminal {
 public:
  struct Traits {
    bool out_is_screen = false;  // tables get a bold head, successes a colour
    bool err_is_screen = false;  // errors get a colour, progress is shown
    bool in_is_keyboard = false;
    bool use_colours = false;  // false with NO_COLOR
  };

  Terminal(std::istream& in, std::ostream& out, std::ostream& err, Traits traits)
      : in_(in), out_(out), err_(err), traits_(traits) {}

  // The terminal of this process; colours unless `no_color` is set.
  static Terminal of_process(bool no_color);

  void print(std::string_view text);    // as it is, to out
  void line(std::string_view text);     // one line to out
  void success(std::string_view text);  // one line to out, in colour
  void notice(std::string_view text);   // one line to err
  void warn(std::string_view text);
  void error(std::string_view text);

  // Overwrites the last line of err; only on a screen. Empty text removes it.
  void progress(std::string_view text);

  std::string bold(std::string_view text) const;

  // Asks without showing what is typed; without a keyboard, takes the next line of the input.
  base::Result<base::Secret> ask_secret(std::string_view question);

  std::istream& in() { return in_; }

 private:
  void write(std::ostream& stream, bool is_screen, std::string_view colour, std::string_view text);

  std::istream& in_;
  std::ostream& out_;
  std::ostream& err_;
  Traits traits_;
  bool has_progress_ = false;
};

// Without control bytes other than tab and newline.
std::string printable(std::string_view text);

// "gRPC error InvalidArgument: <message>" for an answer of the server, the message alone for
// anything found out here.
std::string describe(const base::Error& error);

}  // namespace cli
