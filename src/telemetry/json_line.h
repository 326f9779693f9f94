#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace telemetry {

// Writes one line of JSON onto the end of a string, without memory of its own: through a small
// buffer on the stack, since many tiny appends to a string would cost more than the line.
//
//   JsonLine line(out);
//   line.open();                                 // {
//   line.text(R"("path":)", path);               // "path":"..."   absent when empty, as in proto3
//   line.open(R"("response":)"); ...; line.close();
//   line.close();
//   line.finish();                               // everything is in `out`
//
// Keys are literals with quotes and colon; commas are put where they are due.
class JsonLine {
 public:
  static constexpr std::size_t kMaxText = 2048;  // bytes of one text; the rest is left out

  explicit JsonLine(std::string& out) : out_(out) {}
  JsonLine(const JsonLine&) = delete;
  JsonLine& operator=(const JsonLine&) = delete;

  void open() { put('{'); }
  template <std::size_t N>
  void open(const char (&key)[N]) {
    begin(key);
    put('{');
  }
  void close() { put('}'); }
  void line_break() { put('\n'); }
  void finish() { flush(); }

  // Anything, escaped (base::append_json_escaped says how).
  template <std::size_t N>
  void text(const char (&key)[N], std::string_view value) {
    if (value.empty()) return;
    begin(key);
    put('"');
    escape(value);
    put('"');
  }
  // One text of three parts.
  template <std::size_t N>
  void text(const char (&key)[N], std::string_view a, std::string_view b, std::string_view c) {
    begin(key);
    put('"');
    escape(a);
    escape(b);
    escape(c);
    put('"');
  }
  // A word of ours, which needs no escapes.
  template <std::size_t N>
  void word(const char (&key)[N], std::string_view value) {
    if (value.empty()) return;
    begin(key);
    put('"');
    raw(value);
    put('"');
  }
  // A value that is JSON already.
  template <std::size_t N>
  void json(const char (&key)[N], std::string_view value) {
    if (value.empty()) return;
    begin(key);
    raw(value);
  }
  template <std::size_t N>
  void flag(const char (&key)[N], bool value) {
    if (value) json(key, "true");
  }
  template <std::size_t N>
  void number(const char (&key)[N], std::int64_t value) {
    if (value == 0) return;
    begin(key);
    digits(value);
  }
  // proto3 JSON writes 64-bit integers as strings.
  template <std::size_t N>
  void number64(const char (&key)[N], std::uint64_t value) {
    if (value == 0) return;
    begin(key);
    put('"');
    digits(value);
    put('"');
  }
  // RFC 3339 in UTC with microseconds.
  template <std::size_t N>
  void time(const char (&key)[N], std::int64_t ns_since_epoch) {
    begin(key);
    put('"');
    timestamp(ns_since_epoch);
    put('"');
  }

 private:
  static constexpr std::size_t kBuffer = 4096;

  template <std::size_t N>
  void begin(const char (&key)[N]) {
    room(N);
    if (at_[-1] != '{') *at_++ = ',';
    std::memcpy(at_, key, N - 1);
    at_ += N - 1;
  }
  void put(char c) {
    room(1);
    *at_++ = c;
  }
  void room(std::size_t size) {
    if (static_cast<std::size_t>(buffer_ + sizeof buffer_ - at_) < size) flush();
  }
  void flush();
  void raw(std::string_view bytes);
  void escape(std::string_view text);
  void digits(std::int64_t value);
  void digits(std::uint64_t value);
  void timestamp(std::int64_t ns);

  std::string& out_;
  char buffer_[kBuffer];  // [0] repeats the byte before, so that commas can be decided
  char* at_ = buffer_ + 1;
};

}  // namespace telemetry
