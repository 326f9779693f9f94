#pragma once

#include <re2/re2.h>

#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>

#include "cel/function.h"

namespace cel {

// An error whose message is made for it: `head`, then `detail` cut to a readable length.
Value error_with(Evaluation& evaluation, ErrorCode code, std::string_view head,
                 std::string_view detail);

// A string value with a copy of `text`.
Value new_string(Evaluation& evaluation, std::string_view text);
Value new_bytes(Evaluation& evaluation, std::string_view text);

// Builds a text in the evaluation's arena. After a failed append (memory or budget) everything else
// is ignored and finish() is the error.
class TextBuilder {
 public:
  explicit TextBuilder(Evaluation& evaluation) : evaluation_(evaluation) {}

  void append(std::string_view text);
  void append(char c) { append(std::string_view(&c, 1)); }
  bool failed() const { return error_.is_error(); }
  std::size_t size() const { return size_; }
  std::string_view view() const { return {data_, size_}; }
  Value finish() const { return failed() ? error_ : Value::string(view()); }
  Value finish_bytes() const { return failed() ? error_ : Value::bytes(view()); }

 private:
  Evaluation& evaluation_;
  char* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
  Value error_;
};

// Grows a list in the evaluation's arena.
class ListBuilder {
 public:
  explicit ListBuilder(Evaluation& evaluation) : evaluation_(evaluation) {}

  // False when there is no memory or budget left: finish() is the error.
  bool add(const Value& value);
  Value finish() const {
    return error_.is_error() ? error_ : Value::list(std::span<const Value>(values_, size_));
  }

 private:
  Evaluation& evaluation_;
  Value* values_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
  Value error_;
};

// A list with the elements of `list` in the other direction.
Value reverse_list(Evaluation& evaluation, const Value& list);

// Linear-time matching without capture groups; `memory` bounds the compiled pattern. The error is
// RE2's own wording.
std::expected<std::unique_ptr<const re2::RE2>, std::string> compile_pattern(
    std::string_view pattern, std::int64_t memory);
// Whether the pattern is found in the text. A malformed byte, as a header may have, reads as
// U+FFFD: RE2 has nothing that matches it, so that ".*" would end before it.
Value find_match(Evaluation& evaluation, const re2::RE2& pattern, std::string_view text);

// Whether all of them are strings.
bool are_texts(const Value* args, std::size_t count);

// "index out of range", and the byte offset of a code point: npos when `index` is beyond the end
// (the end itself is in).
Value index_error();
std::size_t byte_offset(std::string_view text, std::int64_t index);

// The whole text as a double. result_out_of_range when it is too large; what is too small is zero.
std::errc parse_double(std::string_view text, double& out);

// The shortest digits that read back the same, with an exponent below 1e-4 and from 1e21 on.
std::string print_double(double value);

// The clauses of a format text that take a value.
std::size_t count_clauses(std::string_view format);

// Whether `c` is white space to Unicode.
bool is_space(char32_t c);

// The number of code points in well-formed UTF-8.
std::size_t count_code_points(std::string_view text);

}  // namespace cel
