// Any authority and target, given as `method LF authority LF target`. Whatever is accepted is
// canonical: it goes in again unchanged, and holds nothing that a second reader could take for
// another path or host.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "http/uri.h"

namespace {

void check(bool holds) {
  if (!holds) std::abort();
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

std::string_view take_line(std::string_view& text) {
  const auto end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  return line;
}

void check_escapes(std::string_view path) {
  for (std::size_t i = path.find('%'); i != std::string_view::npos; i = path.find('%', i + 1)) {
    const std::string_view escape = path.substr(i, 3);
    check(escape.size() == 3 &&
          escape.find_first_not_of("%0123456789ABCDEF") == std::string_view::npos);
    const auto byte =
        static_cast<unsigned char>(std::stoi(std::string(escape.substr(1)), nullptr, 16));
    check(byte >= 0x20 && byte != 0x7F && byte != '/' && byte != '\\');
    check(std::isalnum(byte) == 0 && byte != '-' && byte != '.' && byte != '_' && byte != '~');
  }
}

void check_segments(std::string_view path) {
  path.remove_prefix(1);
  while (true) {
    const auto slash = path.find('/');
    const std::string_view segment = path.substr(0, slash);
    check(segment != "." && segment != ".." && !segment.starts_with(';') &&
          !segment.starts_with("%3B"));
    for (const std::string_view dots : {".;", "..;", ".%3B", "..%3B"})
      check(!segment.starts_with(dots));
    if (slash == std::string_view::npos) return;
    check(!segment.empty());
    path.remove_prefix(slash + 1);
  }
}

void check_path(std::string_view path) {
  check(path.starts_with('/'));
  for (const char c : path) check(c > 0x20 && c < 0x7F && c != '\\' && c != '#' && c != '?');
  check_escapes(path);
  check_segments(path);
  std::string storage;
  std::string_view again;
  check(http::canonicalise_path(path, storage, again) == http::Reject::kNone);
  check(again == path && again.data() == path.data());
}

void check_host(std::string_view host) {
  check(!host.empty() && host.size() <= 253 && !host.starts_with('.') && !host.ends_with('.'));
  check(host.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789.-_") ==
        std::string_view::npos);
  check(!contains(host, ".."));
  char storage[256];
  std::string_view again;
  check(http::canonicalise_host(host, storage, again) && again == host);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  http::RequestHead head;
  head.method = take_line(text);
  head.authority = take_line(text);
  head.target = text;
  for (const http::Version version : {http::Version::kHttp11, http::Version::kHttp2}) {
    head.version = version;
    http::CanonicalTarget out;
    const bool good = http::canonicalise(head, out) == http::Reject::kNone;
    if (!out.host.empty()) check_host(out.host);
    if (!out.path.empty() && out.path != "*") check_path(out.path);
    check(out.has_query || out.query.empty());
    for (const char c : out.query)
      check(static_cast<unsigned char>(c) > 0x20 && c != 0x7F && c != '#');
    if (!good) continue;
    check(!out.host.empty() && !out.path.empty());
    check(out.path != "*" || head.method == "OPTIONS");
    check(!out.has_query || contains(head.target, out.query));
  }
  return 0;
}
