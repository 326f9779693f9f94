#include "resource/quoted.h"

#include "base/encoding.h"

namespace resource {

std::string quoted(std::string_view text) {
  constexpr std::size_t kShown = 64;
  std::string_view shown = text.substr(0, kShown);
  if (shown.size() < text.size()) {
    // Not in the middle of a UTF-8 sequence.
    while (!shown.empty() && (static_cast<unsigned char>(text[shown.size()]) & 0xC0u) == 0x80u)
      shown.remove_suffix(1);
  }
  std::string out = "\"";
  base::append_json_escaped(out, shown);
  out += shown.size() < text.size() ? "\"..." : "\"";
  return out;
}

}  // namespace resource
